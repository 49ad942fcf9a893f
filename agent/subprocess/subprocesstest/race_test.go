//go:build race

package subprocesstest

import (
	"os"
	"os/exec"
	"testing"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "race" {
		n, done := 0, make(chan struct{})
		go func() { n++; close(done) }()
		n++
		<-done
		os.Exit(n)
	}
	os.Exit(m.Run())
}

// child runs this binary as a process that has a data race, or has none.
type child struct {
	t    *testing.T
	args []string
}

func (c child) Run() int {
	cmd := exec.Command(os.Args[0], c.args...)
	cmd.Env = []string{Env()} // as the agent's children, whose output nobody sees
	if err := cmd.Run(); (err != nil) != (c.args[0] == "race") {
		c.t.Error(err)
	}
	return 0
}

func TestRaceInChild(t *testing.T) {
	t.Setenv(variable, "")
	if code := Main(child{t, []string{"race"}}); code != 1 {
		t.Errorf("a child with a data race: exit code %d, want 1", code)
	}
	if code := Main(child{t, []string{"-test.list=^$"}}); code != 0 {
		t.Errorf("a child without one: exit code %d, want 0", code)
	}
}
