// Package pcsc asks the system's PC/SC which readers there are and whether a card is in them, and waits for that to
// change: pcsc-lite on Linux, WinSCard on Windows, PCSC.framework on macOS. It never talks to a card.
//
// The library is used in a child process of its own ([Main]), which reports to the one that wants to know ([Watch],
// [Look]), for three reasons: its calls have no deadline of their own and cannot be taken back, so that a service
// that hangs would keep a thread of the session for good; it is foreign code, and the session holds PINs; and after
// the service was restarted some systems' libraries only work again in a new process. The child lives while
// somebody watches and sleeps in SCardGetStatusChange; it is killed, not cancelled.
//
// What the child says is only believed to be a hint: package card asks the modules what is really there.
package pcsc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/odnowa/odnowa/agent/subprocess"
)

// Role is the argument with which this program is the child.
const Role = "pcsc-watcher"

// State is what PC/SC says.
type State struct {
	// Running tells whether the service answers.
	Running bool `json:"running"`
	// Problem is why it does not, for logs and support.
	Problem string   `json:"problem,omitempty"`
	Readers []Reader `json:"readers,omitempty"`
	// Connection counts the connections to the service: it is another one after the service was restarted. Then the same
	// readers with a card each may be other cards.
	Connection uint64 `json:"connection,omitempty"`
}

// Reader is one reader.
type Reader struct {
	Name string `json:"name"`
	// Card: there is one. Mute: it does not answer; it is upside down, or broken.
	Card bool `json:"card,omitempty"`
	Mute bool `json:"mute,omitempty"`
	// Moves counts insertions and removals, modulo 65536, where the system tells.
	Moves uint16 `json:"moves,omitempty"`
}

func (s State) equal(o State) bool {
	return s.Running == o.Running && s.Connection == o.Connection && slices.Equal(s.Readers, o.Readers)
}

// Options of Watch and Look. The zero value is right for the agent.
type Options struct {
	// Command starts the child. Default: this very program with the argument [Role].
	Command []string
	// Env is appended to the child's environment, "NAME=value" each. Of the parent's it gets what PC/SC needs.
	Env []string
	// Patience is how long the child may take for its first report, 5 s by default. The service may have to be
	// started first.
	Patience time.Duration
}

// passedOn are the environment variables that PC/SC needs.
var passedOn = []string{"PATH", "HOME", "PCSCLITE_*", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "SESSIONNAME"}

// Timing. A child that has nothing new to say says so within heartbeat.
const (
	heartbeat = 30 * time.Second
	silence   = 2*heartbeat + 15*time.Second
	again     = 5 * time.Second // after a child failed
)

// Look asks once.
func Look(ctx context.Context, o Options) (State, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var first *State
	Watch(ctx, o, func(s State) {
		if first == nil {
			first = &s
			cancel()
		}
	})
	if first == nil {
		return State{}, ctx.Err()
	}
	return *first, nil
}

// Watch calls changed with what there is, and again whenever that changes, until ctx ends.
func Watch(ctx context.Context, o Options, changed func(State)) {
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	var last *State
	tell := func(s State) {
		if ctx.Err() == nil && (last == nil || !last.equal(s)) {
			last = &s
			changed(s)
		}
	}
	for ctx.Err() == nil {
		err := follow(ctx, o, tell)
		if ctx.Err() != nil {
			return
		}
		tell(State{Problem: fmt.Sprint(err)})
		pause(ctx, again)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// follow starts a child and passes on what it says, until it dies or is silent for too long.
func follow(ctx context.Context, o Options, tell func(State)) error {
	args := []string{Role}
	if len(o.Command) > 0 {
		args = nil
	}
	c, err := subprocess.Command(o.Command, args...)
	if err != nil {
		return err
	}
	c.Env = subprocess.Environment(passedOn, o.Env)
	in, err := c.StdinPipe() // never written to: its end is the child's
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("starting the watcher: %w", err)
	}
	defer c.Wait()
	defer c.Process.Kill()
	stop := context.AfterFunc(ctx, func() { c.Process.Kill() })
	defer stop()
	watchdog := time.AfterFunc(o.Patience, func() { c.Process.Kill() })
	defer watchdog.Stop()
	return read(out, func(s State) {
		watchdog.Reset(silence)
		tell(s)
	})
}

// maxReport is the most bytes of one report.
const maxReport = 256 << 10

// read reads reports, a line each, until there are no more.
func read(r io.Reader, tell func(State)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxReport)
	for lines.Scan() {
		var s State
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return fmt.Errorf("reading the watcher's report: %w", err)
		}
		tell(s)
	}
	if err := lines.Err(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return errors.New("the watcher ended or did not answer")
}
