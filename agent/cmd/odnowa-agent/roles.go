package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/host"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/log"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/service"
	"github.com/odnowa/odnowa/agent/session"
	"github.com/odnowa/odnowa/agent/worker"
)

var usageText = `Usage: odnowa-agent COMMAND

  certificates [--json]  list the certificates on the cards in reach and in the cloud (rSign)
  sign [--certificate ID] FILE
                         sign a file; the signature goes beside it, into FILE.p7s
  rsign activate [--origin URL]
                         let this computer ask for signatures of your certificate in the cloud
  rsign status           list the certificates in the cloud and whether they can be used from here
  doctor [--json]        check everything that a signature needs; exit code 1 if something is missing
  support [--out FILE]   pack the doctor's findings and the log, without personal data, for whoever helps
  version                print the version

Started by the system and by browsers:
  session                serve this login
  service                serve the whole machine
  run                    service and session in one process, for development only

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
	case args[0] == "service" && len(args) == 1:
		return runService
	case args[0] == "run" && len(args) == 1:
		return runBoth
	case args[0] == "certificates" && (len(args) == 1 || flag):
		return runCertificates
	case args[0] == "sign" && (len(args) == 2 && !strings.HasPrefix(args[1], "--") || len(args) == 4 && args[1] == "--certificate"):
		return runSign
	case args[0] == "rsign" && len(args) >= 2:
		return findRSign(args)
	case args[0] == "doctor" && (len(args) == 1 || flag):
		return runDoctor
	case args[0] == "support" && (len(args) == 1 || len(args) == 3 && args[1] == "--out"):
		return runSupport
	case args[0] == "version" && len(args) == 1:
		return runVersion
	}
	return nil
}

func findRSign(args []string) role {
	switch {
	case args[1] == "status" && len(args) == 2:
		return runRSign
	case args[1] == "activate" && (len(args) == 2 || len(args) == 4 && args[2] == "--origin"):
		return runRSign
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
	kept := keptLog(s.err)
	return finish(log.New(kept, "session"), func(l *zap.Logger) error {
		p, err := policy.Load()
		if err != nil {
			return err
		}
		return serveSession(ctx, p, l)
	})
}

func runService(ctx context.Context, _ []string, s stdio) int {
	return finish(log.New(s.err, "service"), func(l *zap.Logger) error {
		p, err := policy.Load()
		if err != nil {
			return err
		}
		return service.Manage(ctx, func(ctx context.Context) error { return serveMachine(ctx, p, l) })
	})
}

// runBoth plays service and session in one process. They still talk over the service's socket.
func runBoth(ctx context.Context, _ []string, s stdio) int {
	return finish(log.New(s.err, "run"), func(l *zap.Logger) error {
		p, err := policy.Load()
		if err != nil {
			return err
		}
		p.Service = true
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return serveMachine(ctx, p, l) })
		g.Go(func() error { return serveSession(ctx, p, l) })
		return g.Wait()
	})
}

func serveMachine(ctx context.Context, p *policy.Policy, l *zap.Logger) error {
	records, err := audit.Open(filepath.Join(p.StateDir, "audit.jsonl"))
	if err != nil {
		return err
	}
	defer records.Close()
	return service.Run(ctx, service.Options{Policy: p, Audit: records, Log: l, Version: version, Now: time.Now})
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
	parts, err := openParts(p, l, "")
	if err != nil {
		return err
	}
	defer parts.close()
	if err := parts.record(); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	served := session.New(parts.options)
	if parts.link != nil {
		parts.link.Changed = served.Changed
		g.Go(func() error { return parts.link.Run(ctx) })
	}
	g.Go(func() error { return served.Run(ctx, listener) })
	if p.Service {
		g.Go(func() error { return served.ServeService(ctx, p.ServiceSocket) })
	}
	l.Info("listening", zap.Strings("addresses", []string{path}), zap.Int("pid", os.Getpid()), zap.String("policyFile", p.Source()))
	if p.Source() == "" {
		l.Warn(fmt.Sprintf("no policy: every website is refused until there is %s", policy.MachinePath()))
	}
	return g.Wait()
}
