package pcsc_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/pivtest"
	"github.com/odnowa/odnowa/agent/pcsc"
	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
)

// TestMain lets the test binary be the child, or one that misbehaves.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == pcsc.Role:
		os.Exit(pcsc.Main(os.Stdin, os.Stdout))
	case len(os.Args) == 2 && os.Args[1] == "hang":
		select {}
	case len(os.Args) == 2 && os.Args[1] == "nonsense":
		fmt.Println("{\"running\": \"perhaps\"}")
		select {}
	case len(os.Args) == 2 && os.Args[1] == "endless":
		fmt.Print(strings.Repeat("x", 1<<20))
		select {}
	}
	os.Exit(subprocesstest.Main(m))
}

// watch follows a pcscd and gives what is reported.
func watch(t *testing.T, o pcsc.Options) <-chan pcsc.State {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	states, ended := make(chan pcsc.State, 100), make(chan struct{})
	o.Env = append(o.Env, subprocesstest.Env())
	go func() {
		defer close(ended)
		pcsc.Watch(ctx, o, func(s pcsc.State) { states <- s })
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Error("Watch does not end")
		}
	})
	return states
}

func next(t *testing.T, states <-chan pcsc.State, what string) pcsc.State {
	t.Helper()
	select {
	case s := <-states:
		return s
	case <-time.After(10 * time.Second):
		t.Fatalf("no report: %s", what)
		return pcsc.State{}
	}
}

// Insertions and removals are told within a second of pcscd's own knowledge, and nothing else is.
func TestWatch(t *testing.T) {
	c := pivtest.Start(t)
	states := watch(t, pcsc.Options{Env: c.Env()})
	s := next(t, states, "the first look")
	if !s.Running || len(s.Readers) != 1 || s.Readers[0].Name != pivtest.ReaderName || !s.Readers[0].Card || s.Readers[0].Mute {
		t.Fatalf("got %+v", s)
	}
	var took [4]time.Duration
	for i, in := range []bool{false, true, false, true} {
		move := c.Remove
		if in {
			move = c.Insert
		}
		if err := move(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		s := next(t, states, "a move")
		took[i] = time.Since(began)
		if len(s.Readers) != 1 || s.Readers[0].Card != in {
			t.Errorf("card there: got %+v, want %v", s, in)
		}
	}
	// The better of two: something else may have the computer busy for a moment.
	if removed, inserted := min(took[0], took[2]), min(took[1], took[3]); removed > time.Second || inserted > time.Second {
		t.Errorf("told of a removal after %v, of an insertion after %v", removed, inserted)
	}
	select {
	case s := <-states:
		t.Errorf("reported where nothing happened: %+v", s)
	case <-time.After(300 * time.Millisecond):
	}
}

// The service ends and comes back.
func TestWatchServiceRestarted(t *testing.T) {
	dir, err := os.MkdirTemp("", "pcsc") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	o := pivtest.Options{Socket: filepath.Join(dir, "s")}
	states := watch(t, pcsc.Options{Env: []string{"PCSCLITE_CSOCK_NAME=" + o.Socket}})
	for range 2 {
		if s := next(t, states, "no service"); s.Running || !strings.Contains(s.Problem, "does not run") {
			t.Fatalf("got %+v, want that it does not run", s)
		}
		c := pivtest.StartWith(t, o)
		for { // the reader may be told before its card is
			s := next(t, states, "service")
			if s.Running && len(s.Readers) == 1 && s.Readers[0].Card {
				break
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLook(t *testing.T) {
	c := pivtest.Start(t)
	s, err := pcsc.Look(t.Context(), pcsc.Options{Env: c.Env()})
	if err != nil || !s.Running || len(s.Readers) != 1 {
		t.Errorf("got %+v, %v", s, err)
	}
	s, err = pcsc.Look(t.Context(), pcsc.Options{Env: []string{"PCSCLITE_CSOCK_NAME=/nonexistent/socket"}})
	if err != nil || s.Running || s.Problem == "" {
		t.Errorf("no service: got %+v, %v", s, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pcsc.Look(ctx, pcsc.Options{}); err == nil {
		t.Error("asked though the context had ended")
	}
}

// A child that hangs, dies or talks nonsense is a service that does not answer, in time.
func TestChildFails(t *testing.T) {
	for name, command := range map[string][]string{
		"hang": {os.Args[0], "hang"}, "nonsense": {os.Args[0], "nonsense"}, "endless": {os.Args[0], "endless"},
		"dead": {"/bin/false"}, "absent": {"/nonexistent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			s, err := pcsc.Look(t.Context(), pcsc.Options{Command: command, Patience: 500 * time.Millisecond})
			if err != nil || s.Running || s.Problem == "" || time.Since(began) > 5*time.Second {
				t.Errorf("got %+v, %v after %v", s, err, time.Since(began))
			}
		})
	}
}

// Nobody waits in a loop.
func TestIdleCPU(t *testing.T) {
	c := pivtest.Start(t)
	states := watch(t, pcsc.Options{Env: c.Env()})
	next(t, states, "the first look")
	child := onlyChild(t, pcsc.Role)
	before := cpu(t, child)
	time.Sleep(2 * time.Second)
	if used := cpu(t, child) - before; used > 2 { // in 1/100 s
		t.Errorf("the child used %d ticks of 200", used)
	}
}

// onlyChild is the process id of this process's child that runs with this argument.
func onlyChild(t *testing.T, argument string) string {
	t.Helper()
	found := ""
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range all {
		line, err := os.ReadFile(dir + "/cmdline")
		if err != nil || !strings.HasSuffix(string(line), "\x00"+argument+"\x00") {
			continue
		}
		if f := statFields(t, dir); f != nil && f[1] == fmt.Sprint(os.Getpid()) {
			found = dir
		}
	}
	if found == "" {
		t.Fatal("no child")
	}
	return found
}

// statFields are those of proc_pid_stat(5) behind the name: state, parent and so on.
func statFields(t *testing.T, dir string) []string {
	t.Helper()
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return nil
	}
	return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
}

// cpu is the time a process used, in ticks.
func cpu(t *testing.T, dir string) int {
	t.Helper()
	f := statFields(t, dir)
	if f == nil {
		t.Fatal("the child is gone")
	}
	var user, system int
	fmt.Sscan(f[11], &user)
	fmt.Sscan(f[12], &system)
	return user + system
}
