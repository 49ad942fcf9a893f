package main

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/agent/window/windowtest"
)

// What the tests' policies list.
const (
	testExtension = "abcdefghijklmnopabcdefghijklmnop"
	testOrigin    = "https://ca.example"
)

// TestMain lets the test binary play the agent, in all its roles, and pinentry. The tests play the
// browser.
func TestMain(m *testing.M) {
	windowtest.Main()
	if len(os.Args) == 3 && os.Args[1] == knockCommand {
		os.Exit(knock(os.Args[2]))
	}
	// The agent starts itself again, by the path of its file, which is the test binary's.
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		playAgent()
	}
	testscript.Main(tidy{m}, map[string]func(){"odnowa-agent": playAgent})
}

func playAgent() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// tidy removes what tests leave in the folder for temporary files.
type tidy struct{ m *testing.M }

func (t tidy) Run() int {
	dir, err := os.MkdirTemp("/tmp", "oa") // short: sockets lie below it
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("TMPDIR", dir)
	return subprocesstest.Main(t.m)
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, Setup: func(e *testscript.Env) error {
		e.Setenv("HOME", e.WorkDir) // testscript's own is at the machine's root, where root would make it
		e.Setenv("XDG_RUNTIME_DIR", e.WorkDir)
		e.Setenv("LANG", "en_GB.UTF-8")
		return nil
	}})
}
