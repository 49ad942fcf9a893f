package pcsc

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"
)

// retry is how often the child asks for a service that does not run. That is one connection that fails at once.
const retry = time.Second

// settle is how long a change of the list of readers is left to become complete: plugging in is several events, and a
// reader that is listed and not available must not make a loop without rest.
const settle = 100 * time.Millisecond

// Main is the child: it reports on out, a line of JSON each, until in ends. It gives the process's exit code.
func Main(in io.Reader, out io.Writer) int {
	go serve(json.NewEncoder(out))
	_, _ = io.Copy(io.Discard, in)
	return 0 // whatever the library is doing
}

// serve reports until nobody listens any more.
func serve(out *json.Encoder) {
	for connection := uint64(1); ; connection++ {
		began := time.Now()
		c, err := establish()
		if err != nil {
			if out.Encode(State{Problem: err.Error()}) != nil {
				return
			}
			time.Sleep(retry)
			continue
		}
		err = follower{c, out, connection}.run()
		c.release()
		var gone *goneError
		if errors.As(err, &gone) {
			return
		}
		time.Sleep(retry - time.Since(began)) // a connection that breaks is most often a service that ended
	}
}

// goneError is that nobody listens any more.
type goneError struct{ error }

type follower struct {
	conn       *conn
	out        *json.Encoder
	connection uint64
}

// run reports what one connection to the service tells, until that fails.
func (f follower) run() error {
	var known []slot
	for {
		names, err := f.conn.readers()
		if err != nil {
			return err
		}
		known = merge(known, names)
		if err := f.watch(known); err != nil {
			return err
		}
		time.Sleep(settle)
	}
}

// merge keeps what is known of the readers that are still there, and waits for others to come.
func merge(known []slot, names []string) []slot {
	var merged []slot
	for _, name := range names {
		i := slices.IndexFunc(known, func(s slot) bool { return s.name == name })
		if i < 0 {
			merged = append(merged, slot{name: name})
			continue
		}
		merged = append(merged, known[i])
	}
	if hasPlugAndPlay {
		merged = append(merged, slot{name: plugAndPlay, known: uint32(len(names)) << 16})
	}
	return merged
}

// watch reports these readers until the list of readers is another, which is nil.
func (f follower) watch(slots []slot) error {
	timeout := time.Duration(0) // the first look
	for {
		err := f.wait(timeout, slots)
		if errors.Is(err, errUnknown) { // a reader was unplugged
			return nil
		}
		if err != nil && !errors.Is(err, errTimeout) {
			return err
		}
		first := timeout == 0
		another := listChanged(slots, first) || !hasPlugAndPlay && !first && err != nil
		for i := range slots {
			if slots[i].name != plugAndPlay {
				slots[i].known = slots[i].event &^ stateChanged
			}
		}
		if another {
			return nil
		}
		if err := f.out.Encode(f.state(slots)); err != nil {
			return &goneError{err}
		}
		timeout = heartbeat
		if !hasPlugAndPlay {
			timeout = retry
		}
	}
}

// listChanged tells whether readers came or went. At the first look plug and play has nothing to compare with.
func listChanged(slots []slot, first bool) bool {
	return slices.ContainsFunc(slots, func(s slot) bool {
		if s.name == plugAndPlay {
			return !first && s.event&stateChanged != 0
		}
		const gone = stateUnknown | stateUnavailable
		return s.event&gone != 0 && s.known&gone == 0
	})
}

// wait is conn.wait; without a reader and without plug and play there is nothing that it could wait for.
func (f follower) wait(timeout time.Duration, slots []slot) error {
	if len(slots) > 0 {
		return f.conn.wait(timeout, slots)
	}
	time.Sleep(timeout)
	return errTimeout
}

func (f follower) state(slots []slot) State {
	s := State{Running: true, Connection: f.connection}
	for _, one := range slots {
		if one.name != plugAndPlay {
			s.Readers = append(s.Readers, Reader{
				Name: one.name, Card: one.known&statePresent != 0, Mute: one.known&stateMute != 0, Moves: uint16(one.known >> 16),
			})
		}
	}
	return s
}
