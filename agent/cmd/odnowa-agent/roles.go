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

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/host"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/log"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/session"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/agent/worker"
)

var usageText = `Usage: odnowa-agent COMMAND

  certificates [--json]  list the certificates on the cards in reach
  doctor [--json]        check everything that a signature needs; exit code 1 if something is missing
  version                print the version

Started by the system and by browsers:
  session                serve this login

Files: the machine's policy is ` + policy.MachinePath() + `; where there is none,
` + policy.Environment + ` may name one.
`

type role func(ctx context.Context, args []string, s stdio) int

// find gives the role for the arguments, or nil.
func find(args []string) role {
	if _, ok := host.Recognise(args); ok {
		return runHost
	}
	if len(args) == 0 {
		return nil
	}
	flag := len(args) == 2 && args[1] == "--json"
	switch {
	case args[0] == "module-worker" && len(args) == 2:
		return runWorker
	case args[0] == "session" && len(args) == 1:
		return runSession
	case args[0] == "certificates" && (len(args) == 1 || flag):
		return runCertificates
	case args[0] == "doctor" && (len(args) == 1 || flag):
		return runDoctor
	case args[0] == "version" && len(args) == 1:
		return runVersion
	}
	return nil
}

func runWorker(ctx context.Context, args []string, s stdio) int {
	return worker.Main(ctx, args[1], s.in, s.out)
}

// runHost is what a browser starts. Its standard output belongs to the browser; what it has to say
// goes to standard error, where browsers keep it.
func runHost(ctx context.Context, args []string, s stdio) int {
	preface, _ := host.Recognise(args)
	logger := log.New(s.err, "host")
	socket, err := local.SessionPath()
	if err == nil {
		h := host.Host{Preface: preface, Socket: socket, Start: host.StartSession}
		err = h.Run(ctx, s.in, s.out)
	}
	if err != nil {
		logger.Error("native host ended", zap.Error(err))
		return 1
	}
	return 0
}

func runSession(ctx context.Context, _ []string, s stdio) int {
	return finish(log.New(s.err, "session"), func(l *zap.Logger) error {
		p, err := policy.Load()
		if err != nil {
			return err
		}
		return serveSession(ctx, p, l)
	})
}

func finish(l *zap.Logger, serve func(*zap.Logger) error) int {
	err := serve(l)
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

func serveSession(ctx context.Context, p *policy.Policy, l *zap.Logger) error {
	path, err := local.SessionPath()
	if err != nil {
		return err
	}
	listener, err := local.ListenPrivate(path)
	if err != nil {
		return err
	}
	cards := openCards(p)
	defer cards.Close()
	o := session.Options{
		Policy: p, Cards: cards, Log: l, Version: version, Now: time.Now,
		Window: window.New(window.Options{Pinentry: p.Pinentry, Viewer: p.Viewer, Timeout: p.WindowTimeout(), Log: l}),
	}
	g, ctx := errgroup.WithContext(ctx)
	records, err := audit.Open(filepath.Join(filepath.Dir(path), "audit.jsonl"))
	if err != nil {
		return err
	}
	defer records.Close()
	o.Audit = audit.As(records, local.Self())
	g.Go(func() error { return session.New(o).Run(ctx, listener) })
	l.Info("listening", zap.Strings("addresses", []string{path}), zap.Int("pid", os.Getpid()), zap.String("policyFile", p.Source()))
	if p.Source() == "" {
		l.Warn(fmt.Sprintf("no policy: every website is refused until there is %s", policy.MachinePath()))
	}
	return g.Wait()
}
