package host

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/frame"
)

// sockets are the two ends of a connection.
func sockets(t *testing.T) (*net.UnixConn, *net.UnixConn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near.(*net.UnixConn), far.(*net.UnixConn)
}

// blockingPipe is one as browsers give it.
func blockingPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	blocking := os.NewFile(uintptr(fds[0]), "pipe")
	r, w = Pipe(blocking), os.NewFile(uintptr(fds[1]), "pipe")
	blocking.Close()
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// TestRelayPipeToSocket: what goes from a real pipe to a real socket is the same, however slow either side is.
func TestRelayPipeToSocket(t *testing.T) {
	large := strings.Repeat("0123456789", 300_000)
	for name, c := range map[string]struct {
		in, out string
		err     error
	}{
		"large and small": {frames(large, "a", "", large, "b"), frames(large, "a", "", large, "b"), nil},
		"end in a body":   {frames(large)[:2_000_000], frames(large)[:2_000_000], io.ErrUnexpectedEOF},
		"too large":       {frames(large, large+"x"), frames(large), frame.ErrTooLarge},
	} {
		for _, slow := range []string{"", "reader", "writer"} {
			r, w := blockingPipe(t)
			near, far := sockets(t)
			go func() {
				defer w.Close()
				for part := range chunks(c.in) {
					io.WriteString(w, part)
					if slow == "writer" {
						time.Sleep(time.Millisecond)
					}
				}
			}()
			done := make(chan error, 1)
			go func() {
				done <- relay(near, r, len(large))
				near.Close()
			}()
			if slow == "reader" {
				time.Sleep(50 * time.Millisecond) // until nothing more fits
			}
			got, err := io.ReadAll(far)
			if err != nil || !bytes.Equal(got, []byte(c.out)) {
				t.Errorf("%s, slow %q: %d bytes, %v; want %d", name, slow, len(got), err, len(c.out))
			}
			if err := <-done; !errors.Is(err, c.err) {
				t.Errorf("%s, slow %q: %v", name, slow, err)
			}
		}
	}
}

// chunks are parts of odd sizes.
func chunks(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for n := 1; s != ""; n = n*3%70_001 + 1 {
			part := s[:min(n, len(s))]
			if s = s[len(part):]; !yield(part) {
				return
			}
		}
	}
}

// TestRelayToNobody: a session that goes away ends the relay.
func TestRelayToNobody(t *testing.T) {
	r, w := blockingPipe(t)
	defer w.Close()
	near, far := sockets(t)
	done := make(chan error, 1)
	go func() { done <- relay(near, r, 10<<20) }()
	go io.WriteString(w, frames(strings.Repeat("x", 8<<20)))
	io.ReadFull(far, make([]byte, 1<<20))
	far.Close()
	if err := <-done; err == nil {
		t.Error("no error")
	}
}
