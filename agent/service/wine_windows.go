//go:build wine

package service

import (
	"context"
	"errors"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// underWine serves Wine's service manager, where kardianos/service believes itself in a terminal: it looks
// for session 0, which Wine has not. For tests alone. False means that there is no service manager.
func underWine(ctx context.Context, serve func(context.Context) error) (bool, error) {
	h := &wineService{ctx: ctx, serve: serve}
	err := svc.Run(Name, h)
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		return false, nil
	}
	return true, errors.Join(err, h.err)
}

type wineService struct {
	ctx   context.Context
	serve func(context.Context) error
	err   error
}

func (h *wineService) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	ctx, stop := context.WithCancel(h.ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- h.serve(ctx) }()
	running := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	status <- running
	for {
		select {
		case h.err = <-ended:
			if h.err != nil {
				return false, 1
			}
			return false, 0
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- running
			case svc.Stop, svc.Shutdown:
				status <- svc.Status{State: svc.StopPending}
				stop()
			}
		}
	}
}
