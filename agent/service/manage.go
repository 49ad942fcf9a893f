package service

import (
	"context"
	"os"
	"runtime"

	kardianos "github.com/kardianos/service"
)

// Name of the OS service.
const Name = "odnowa-agent"

// Manage runs serve as the operating system's service manager wants it, or plainly in a terminal,
// until ctx ends, the manager stops it, or serve ends, whose error it gives.
func Manage(ctx context.Context, serve func(context.Context) error) error {
	if managed, err := underWine(ctx, serve); managed {
		return err
	}
	p := &program{serve: serve, done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(ctx)
	defer p.cancel()
	s, err := kardianos.New(p, &kardianos.Config{
		Name:        Name,
		DisplayName: "Odnowa Agent",
		// Where the library waits for a signal, wait for the context and for serve too.
		Option: kardianos.KeyValue{"RunWait": func() {
			select {
			case <-ctx.Done():
			case <-p.done:
			}
		}},
	})
	if err != nil {
		return err
	}
	if err := s.Run(); err != nil {
		return err
	}
	<-p.done
	return p.err
}

// program is what the service manager starts and stops.
type program struct {
	serve  func(context.Context) error
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{} // closed when serve has ended; err is set then
	err    error
}

// Start must not block.
func (p *program) Start(s kardianos.Service) error {
	go func() {
		defer close(p.done)
		p.err = p.serve(p.ctx)
		// Windows' service manager learns of a failure only by the end of the process.
		if p.err != nil && runtime.GOOS == "windows" && !kardianos.Interactive() {
			os.Exit(1)
		}
	}()
	return nil
}

// Stop ends serve and waits for it.
func (p *program) Stop(kardianos.Service) error {
	p.cancel()
	<-p.done
	return nil
}
