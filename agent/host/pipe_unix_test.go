//go:build unix

package host

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestPipe: no thread waits in a read of a blocking pipe, as those of browsers are. Only then a read can be given an end.
func TestPipe(t *testing.T) {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	blocking := os.NewFile(uintptr(fds[0]), "pipe")
	defer blocking.Close()
	if err := blocking.SetReadDeadline(time.Now()); !errors.Is(err, os.ErrNoDeadline) {
		t.Fatalf("the pipe does not block: %v", err)
	}
	p := Pipe(blocking)
	defer p.Close()
	if err := p.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading: %v", err)
	}
	p.SetReadDeadline(time.Time{})
	unix.Write(fds[1], []byte("x"))
	if n, err := p.Read(make([]byte, 2)); n != 1 || err != nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
