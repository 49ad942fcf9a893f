// Package windowtest plays the person and the desktop in tests of the trusted window: a pinentry that
// answers by a plan and writes down what it was asked to show.
package windowtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
)

// command is the argument by which the test binary plays pinentry.
const command = "fake-pinentry"

// Answer is what the person does with one question.
type Answer string

// The answers. Any other is typed as a PIN.
const (
	Yes    Answer = "<yes>"
	No     Answer = "<no>"
	Cancel Answer = "<cancel>"
	Expire Answer = "<expire>" // pinentry's own timeout
	Hang   Answer = "<hang>"   // nobody answers
	Die    Answer = "<die>"    // pinentry crashes
	Wait   Answer = "<wait>"   // yes, once the test says Go
)

// WaitThen types a PIN once the test says Go.
func WaitThen(pin string) Answer { return Wait + Answer(pin) }

// Question is one that was shown.
type Question struct {
	Command string            `json:"command"` // CONFIRM or GETPIN
	Texts   map[string]string `json:"texts"`   // by SET command, such as SETDESC
}

// Pinentry is a fake for one test.
type Pinentry struct {
	// Path is the program's.
	Path string
	dir  string
}

// Main must be called first by TestMain: it does not return in a process that plays pinentry.
func Main() {
	if len(os.Args) >= 3 && os.Args[1] == command {
		os.Exit(play(os.Args[2]))
	}
}

// New makes a pinentry that answers its questions in this order, over all processes of it. It
// refuses what goes beyond the plan.
func New(t testing.TB, answers ...Answer) *Pinentry {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &Pinentry{dir: t.TempDir()}
	p.Path = filepath.Join(p.dir, "pinentry")
	p.Plan(t, answers...)
	script := fmt.Sprintf("#!/bin/sh\nexport '%s'\nexec '%s' %s '%s' \"$@\"\n", subprocesstest.Env(), self, command, p.dir)
	if err := os.WriteFile(p.Path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

// Plan sets the answers to the questions that follow.
func (p *Pinentry) Plan(t testing.TB, answers ...Answer) {
	t.Helper()
	data, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "plan"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{"asked", "go"} {
		if err := os.RemoveAll(filepath.Join(p.dir, left)); err != nil {
			t.Fatal(err)
		}
	}
}

// Asked gives the questions since the last Plan.
func (p *Pinentry) Asked(t testing.TB) []Question {
	t.Helper()
	asked, err := readAsked(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	return asked
}

// Go lets one Wait go on.
func (p *Pinentry) Go(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// WaitAsked waits until n questions were asked.
func (p *Pinentry) WaitAsked(t testing.TB, n int) []Question {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if asked := p.Asked(t); len(asked) >= n {
			return asked
		}
	}
	t.Fatalf("the window did not ask %d questions", n)
	return nil
}

// PID is that of the process that was started last, 0 before the first.
func (p *Pinentry) PID(t testing.TB) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, "pid"))
	if os.IsNotExist(err) {
		return 0
	}
	var pid int
	if _, err := fmt.Sscan(string(data), &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func readAsked(dir string) ([]Question, error) {
	data, err := os.ReadFile(filepath.Join(dir, "asked"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var asked []Question
	for line := range strings.Lines(string(data)) {
		var q Question
		if !strings.HasSuffix(line, "\n") {
			break // still being written
		}
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return nil, err
		}
		asked = append(asked, q)
	}
	return asked, nil
}

// play speaks Assuan on the standard streams.
func play(dir string) int {
	var plan []Answer
	data, err := os.ReadFile(filepath.Join(dir, "plan"))
	if err == nil {
		err = json.Unmarshal(data, &plan)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "pid.new"), []byte(fmt.Sprint(os.Getpid())), 0o600)
	}
	if err == nil { // the test may be reading it
		err = os.Rename(filepath.Join(dir, "pid.new"), filepath.Join(dir, "pid"))
	}
	if err != nil {
		fmt.Println("ERR 1", err)
		return 1
	}
	texts := map[string]string{}
	fmt.Println("OK Pleased to meet you")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		name, arg, _ := strings.Cut(in.Text(), " ")
		switch {
		case name == "RESET":
			clear(texts)
			fmt.Println("OK")
		case strings.HasPrefix(name, "SET"):
			texts[name], _ = url.PathUnescape(arg)
			fmt.Println("OK")
		case name == "CONFIRM" || name == "GETPIN":
			if !answer(dir, plan, Question{name, texts}) {
				return 1
			}
		default:
			fmt.Println("OK")
		}
	}
	return 0
}

// answer writes the question down and answers it; false ends the process.
func answer(dir string, plan []Answer, q Question) bool {
	asked, err := readAsked(dir)
	if err != nil {
		return false
	}
	line, _ := json.Marshal(q) // strings only
	f, err := os.OpenFile(filepath.Join(dir, "asked"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return false
	}
	if _, err := f.Write(append(line, '\n')); err != nil || f.Close() != nil {
		return false
	}
	act := Cancel
	if len(asked) < len(plan) {
		act = plan[len(asked)]
	}
	if rest, ok := strings.CutPrefix(string(act), string(Wait)); ok {
		for os.Remove(filepath.Join(dir, "go")) != nil {
			time.Sleep(5 * time.Millisecond)
		}
		if act = Answer(rest); rest == "" {
			act = Yes
		}
	}
	switch act {
	case Yes:
		fmt.Println("OK")
	case No:
		fmt.Println("ERR 83886194 Not confirmed <Pinentry>")
	case Cancel:
		fmt.Println("ERR 83886179 Operation cancelled <Pinentry>")
	case Expire:
		fmt.Println("ERR 83886142 Timeout <Pinentry>")
	case Hang:
		for {
			time.Sleep(time.Hour) // until the agent kills it
		}
	case Die:
		return false
	default:
		fmt.Println("D " + strings.ReplaceAll(string(act), "%", "%25"))
		fmt.Println("OK")
	}
	return true
}
