package local_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/odnowa/odnowa/agent/local"
)

// scripted is a listener that fails as it is told, and then gives connections until it is closed.
type scripted struct {
	errs   []error
	closed chan struct{}
	close  func()
}

func newScripted(errs ...error) *scripted {
	closed := make(chan struct{})
	return &scripted{errs: errs, closed: closed, close: sync.OnceFunc(func() { close(closed) })}
}

func (s *scripted) Accept() (net.Conn, error) {
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		return nil, &net.OpError{Op: "accept", Err: err}
	}
	select {
	case <-s.closed:
		return nil, &net.OpError{Op: "accept", Err: net.ErrClosed}
	default:
		conn, _ := net.Pipe()
		return conn, nil
	}
}

func (s *scripted) Close() error   { s.close(); return nil }
func (s *scripted) Addr() net.Addr { return nil }

// TestServe: without a file descriptor connections wait; the end of the context is no error, and ends when all that were
// served have; a listener that is broken is an error.
func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var begun, ended atomic.Int32
	full := []error{syscall.EMFILE}
	if runtime.GOOS != "windows" { // whose pipes need no file descriptors
		full = append(full, syscall.ENFILE)
	}
	err := local.Serve(ctx, newScripted(full...), func(ctx context.Context, conn net.Conn) {
		begun.Add(1)
		cancel()
		<-ctx.Done()
		conn.Close()
		ended.Add(1)
	})
	if err != nil || begun.Load() == 0 || ended.Load() != begun.Load() {
		t.Errorf("got %v, %d begun, %d ended", err, begun.Load(), ended.Load())
	}
	if err := local.Serve(t.Context(), newScripted(syscall.EINVAL), nil); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a broken listener: got %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := local.Serve(over, newScripted(syscall.EMFILE, syscall.EMFILE), nil); err != nil {
		t.Errorf("ended while there is no file descriptor: got %v", err)
	}
}
