package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/log"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/rsign"
	"github.com/odnowa/odnowa/agent/session"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// parts are what a session is made of, whether it serves browsers or one command.
type parts struct {
	options session.Options
	link    *session.Link // to the service, which must Run; nil where the policy has none
	cards   *card.Store
	// records is the audit log, nil where the service keeps it or nothing is recorded.
	records     *audit.File
	recordsPath string
}

// openParts makes a session; terminal is that of the user's command, empty in a session that serves
// websites, whose windows must not open in a terminal.
func openParts(p *policy.Policy, l *zap.Logger, terminal string) (*parts, error) {
	dir, err := local.StateDir()
	if err != nil {
		return nil, err
	}
	s := &parts{cards: openCards(p)}
	s.options = session.Options{
		Policy: p, Cards: s.cards, Log: l, Version: version, Now: time.Now, Language: language(),
		RSign:  rsign.New(rsign.Options{Dir: filepath.Join(dir, "rsign"), Computer: rsign.ComputerName(), Now: time.Now, Log: l}),
		Window: newWindow(p, l, terminal),
	}
	if p.Service {
		s.link = session.NewLink(p.ServiceSocket, l)
		s.options.Service, s.options.Audit = s.link.Up, s.link
		return s, nil
	}
	s.recordsPath = filepath.Join(dir, "audit.jsonl")
	return s, nil
}

// newWindow makes the window of this process, which takes turns with those of the login's others.
func newWindow(p *policy.Policy, l *zap.Logger, terminal string) *window.Window {
	o := window.Options{Pinentry: p.Pinentry, Viewer: p.Viewer, Terminal: terminal, Timeout: p.WindowTimeout(), Log: l}
	o.Exclusive = func() (io.Closer, error) {
		path, err := local.SessionPath()
		if err == nil {
			dir := filepath.Dir(path)
			if err = os.MkdirAll(dir, 0o700); err == nil {
				return local.Lock(filepath.Join(dir, "window.lock"))
			}
		}
		return nil, err
	}
	return window.New(o)
}

// record opens the audit log, which whoever lists only does not need.
func (s *parts) record() error {
	if s.link != nil {
		return nil
	}
	var err error
	if s.records, err = audit.Open(s.recordsPath); err != nil {
		return err
	}
	s.options.Audit = audit.As(s.records, local.Self())
	return nil
}

func (s *parts) close() {
	s.cards.Close()
	if s.records != nil {
		s.records.Close()
	}
}

// command is a session of its own that serves what its user typed in a terminal.
type command struct {
	*parts
	policy  *policy.Policy
	session *session.Session
	stdio   stdio
	stop    func() // ends the link
}

// openCommand opens what a command needs; records is whether it writes audit records.
func openCommand(ctx context.Context, s stdio, records bool) (*command, error) {
	if err := harden(); err != nil {
		return nil, err
	}
	p, err := policy.Load()
	if err != nil {
		return nil, err
	}
	made, err := openParts(p, log.New(s.err, "command").WithOptions(zap.IncreaseLevel(zap.ErrorLevel)), terminalOf(s))
	if err != nil {
		return nil, err
	}
	if records {
		if err := made.record(); err != nil {
			made.close()
			return nil, err
		}
	}
	c := &command{parts: made, policy: p, session: session.New(made.options), stdio: s, stop: func() {}}
	if c.link != nil {
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = c.link.Run(ctx) // it ends with ctx alone
		}()
		c.stop = func() {
			cancel()
			<-ended
		}
	}
	return c, nil
}

func (c *command) close() {
	c.stop()
	c.parts.close()
}

// fail explains an error by its code; what has none is told as it is.
func (c *command) fail(err error) int {
	var be *bridge.Error
	switch {
	case errors.Is(err, errSeveral):
		return fail(c.stdio.err, err, "Choose one of odnowa-agent certificates by its ID: --certificate ID.")
	case errors.Is(err, context.Canceled):
		be = bridge.Errorf(bridge.CodeRequestCancelled, nil)
	case !errors.As(err, &be):
		return fail(c.stdio.err, err, "Run odnowa-agent doctor.")
	}
	info := bridge.Info(be.Code)
	return fail(c.stdio.err, fmt.Errorf("%s (%s)", info.Cause, info.Code), info.Cure)
}
