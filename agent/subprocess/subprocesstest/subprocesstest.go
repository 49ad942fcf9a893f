// Package subprocesstest is for tests whose binary plays processes of the agent: data races that the race
// detector sees in those fail the tests, too, and nobody waits for its second of sleep at each one's end.
package subprocesstest

import (
	"fmt"
	"os"
	"path/filepath"
)

// variable holds the race detector's settings (https://go.dev/doc/articles/race_detector). Tests without the
// detector ignore it.
const variable = "GORACE"

// Env is what a process needs in its environment that does not inherit the test's.
func Env() string { return variable + "=" + os.Getenv(variable) }

// Main runs the tests and gives the exit code.
func Main(m interface{ Run() int }) int {
	dir, err := os.MkdirTemp("", "race")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o777); err != nil { // some processes run as other users
		panic(err)
	}
	// This process has read its own settings already.
	os.Setenv(variable, "atexit_sleep_ms=0 log_path="+filepath.Join(dir, "report"))
	code := m.Run()
	reports, _ := filepath.Glob(filepath.Join(dir, "report.*"))
	for _, path := range reports {
		report, _ := os.ReadFile(path)
		fmt.Printf("A process that the tests started has a data race:\n%s", report)
		code = 1
	}
	return code
}
