package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/log"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/service"
	"github.com/odnowa/odnowa/agent/session"
	"github.com/odnowa/odnowa/agent/wake"
)

func runSession(ctx context.Context, _ []string, s stdio) int {
	return serve(log.New(keptLog(s.err), "session"), func(l *zap.Logger, p *policy.Store) error { return serveSession(ctx, p, l) })
}

func runService(ctx context.Context, _ []string, s stdio) int {
	return serve(log.New(s.err, "service"), func(l *zap.Logger, p *policy.Store) error {
		return service.Manage(ctx, func(ctx context.Context) error { return serveMachine(ctx, p, l) })
	})
}

// runBoth plays service and session in one process. They still talk over the service's socket.
func runBoth(ctx context.Context, _ []string, s stdio) int {
	return serve(log.New(s.err, "run"), func(l *zap.Logger, p *policy.Store) error {
		p.Current().Service = true
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return serveMachine(ctx, p, l) })
		g.Go(func() error { return serveSession(ctx, p, l) })
		return g.Wait()
	})
}

// serve runs a role under the machine's policy.
func serve(l *zap.Logger, run func(*zap.Logger, *policy.Store) error) int {
	p, err := policy.Open(l)
	if err == nil {
		err = run(l, p)
	}
	if errors.Is(err, local.ErrRunning) {
		l.Info("another one runs already")
		return 0
	}
	if err != nil {
		l.Error("ended", zap.Error(err))
		return 1
	}
	return 0
}

func serveMachine(ctx context.Context, policies *policy.Store, l *zap.Logger) error {
	p := policies.Current()
	records, err := openAudit(filepath.Join(p.StateDir, auditFile), p)
	if err != nil {
		return err
	}
	return service.Run(ctx, service.Options{Policies: policies, Audit: records, Log: l, Version: version, Now: time.Now})
}

func serveSession(ctx context.Context, policies *policy.Store, l *zap.Logger) error {
	if err := harden(); err != nil {
		return err
	}
	path, err := local.SessionPath()
	if err != nil {
		return err
	}
	listener, err := local.ListenPrivate(path)
	if err != nil {
		return err
	}
	p := policies.Current()
	parts, err := openParts(p, l)
	if err != nil {
		return err
	}
	if err := parts.record(p); err != nil {
		return err
	}
	served := session.NewServer(session.ServerOptions{Policies: policies, Open: parts.session, Log: l, Now: time.Now})
	defer served.Close()
	g, ctx := errgroup.WithContext(ctx)
	if parts.link != nil {
		parts.link.Changed = served.ServiceChanged
		g.Go(func() error { return parts.link.Run(ctx) })
	}
	g.Go(func() error { return served.Run(ctx, listener) })
	g.Go(func() error { return wake.Watch(ctx, l, served.Restart) })
	if p.Service {
		g.Go(func() error { return served.ServeService(ctx, p.ServiceSocket) })
	}
	l.Info("listening", zap.Strings("addresses", []string{path}), zap.Int("pid", os.Getpid()), zap.String("policyFile", p.Source()))
	if len(p.Origins) == 0 {
		l.Warn(fmt.Sprintf("no policy: every website is refused until there is %s", policy.MachinePath()))
	}
	return g.Wait()
}
