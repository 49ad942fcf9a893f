package main

import (
	"context"
	"strings"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/host"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/log"
	"github.com/odnowa/odnowa/agent/pcsc"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
)

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
	case args[0] == worker.Role && len(args) == 2:
		return runWorker
	case args[0] == pcsc.Role && len(args) == 1:
		return runPCSC
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
	case args[0] == "policy" && (len(args) == 1 || flag):
		return runPolicy
	case args[0] == "audit":
		if _, ok := auditArguments(args); ok {
			return runAudit
		}
	case args[0] == "support" && (len(args) == 1 || len(args) == 3 && args[1] == "--out"):
		return runSupport
	case (args[0] == "version" || args[0] == "--version") && len(args) == 1:
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

// startSession starts none that would end at once, so that the browser learns why.
func startSession() error {
	if _, err := policy.Load(); err != nil {
		return bridge.Errorf(bridge.CodePolicyInvalid, err)
	}
	return host.StartSession()
}

func runPCSC(_ context.Context, _ []string, s stdio) int { return pcsc.Main(s.in, s.out) }

// runHost is what a browser starts. Its standard output belongs to the browser; what it has to say
// goes to standard error, where browsers keep it.
func runHost(ctx context.Context, args []string, s stdio) int {
	preface, _ := host.Recognise(args)
	logger := log.New(s.err, "host")
	socket, err := local.SessionPath()
	if err == nil {
		h := host.Host{Preface: preface, Socket: socket, Start: startSession}
		err = h.Run(ctx, host.Pipe(s.in), s.out)
	}
	if err != nil {
		logger.Error("native host ended", zap.Error(err))
		return 1
	}
	return 0
}
