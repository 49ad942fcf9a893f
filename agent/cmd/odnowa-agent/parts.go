package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/lock"
	"github.com/odnowa/odnowa/agent/log"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/rsign"
	"github.com/odnowa/odnowa/agent/session"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// parts are what sessions are made of, whether they serve browsers or one command.
type parts struct {
	options session.Options // without policy, cards and window
	link    *session.Link   // to the service, which must Run; nil where the policy has none
	// records is where the audit log is; empty where the service keeps it.
	records string
	// terminal is that of the user's command, where a window may open in want of a desktop; empty in a
	// session that serves websites.
	terminal string
	// patience is what slow modules are given.
	patience time.Duration

	mu     sync.Mutex     // guards the fields that follow
	window *window.Window // one at a time, also when the policy has changed
	under  *policy.Policy // by which it was made
}

func openParts(p *policy.Policy, l *zap.Logger) (*parts, error) {
	dir, err := local.StateDir()
	if err != nil {
		return nil, err
	}
	s := &parts{options: session.Options{
		Log: l, Version: version, Now: time.Now, Language: language(),
		RSign: rsign.New(rsign.Options{Dir: filepath.Join(dir, "rsign"), Computer: rsign.ComputerName(), Now: time.Now, Log: l}),
	}}
	if p.Service {
		s.link = session.NewLink(p.ServiceSocket, l)
		s.options.Service, s.options.Audit = s.link.Up, s.link
		return s, nil
	}
	s.records = filepath.Join(dir, auditFile)
	return s, nil
}

// auditFile is the log's name, in the state folder of the service or the user.
const auditFile = "audit.jsonl"

// record opens the audit log, which whoever lists only does not need.
func (s *parts) record(p *policy.Policy) error {
	if s.link != nil {
		return nil
	}
	records, err := openAudit(s.records, p)
	if err != nil {
		return err
	}
	s.options.Audit = audit.As(records, local.Self())
	return nil
}

func openAudit(path string, p *policy.Policy) (*audit.File, error) {
	return audit.Open(path, audit.Options{FileBytes: p.AuditFileBytes, Files: p.AuditFiles, System: audit.OpenSystem()})
}

// session makes a session for a policy.
func (s *parts) session(p *policy.Policy) *session.Session {
	o := s.options
	o.Policy, o.Cards, o.Window = p, openCards(p, s.patience), s.windowFor(p)
	return session.New(o)
}

// windowFor gives the window that is there, unless the policy wants another.
func (s *parts) windowFor(p *policy.Policy) *window.Window {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.under; old == nil || old.Pinentry != p.Pinentry || old.Viewer != p.Viewer || old.WindowTimeoutMs != p.WindowTimeoutMs {
		s.window = newWindow(p, s.options.Log, s.terminal)
		s.under = p
	}
	return s.window
}

// newWindow makes the window of this process, which takes turns with those of the login's others.
func newWindow(p *policy.Policy, l *zap.Logger, terminal string) *window.Window {
	o := window.Options{Pinentry: p.Pinentry, Viewer: p.Viewer, Terminal: terminal, Timeout: p.WindowTimeout(), Log: l}
	o.Exclusive = func() (io.Closer, error) {
		path, err := local.LoginFile("window.lock")
		if err != nil {
			return nil, err
		}
		held, err := lock.Try(path)
		switch {
		case errors.Is(err, lock.ErrTaken):
			return nil, window.ErrBusy
		case err != nil:
			return nil, err
		}
		return held, nil
	}
	return window.New(o)
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
		return nil, bridge.Errorf(bridge.CodePolicyInvalid, err)
	}
	made, err := openParts(p, log.New(s.err, "command").WithOptions(zap.IncreaseLevel(zap.ErrorLevel)))
	if err != nil {
		return nil, err
	}
	made.terminal, made.patience = terminalOf(s), commandPatience
	if records {
		if err := made.record(p); err != nil {
			return nil, bridge.Errorf(bridge.CodeAuditFailed, err)
		}
	}
	c := &command{parts: made, policy: p, session: made.session(p), stdio: s, stop: func() {}}
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
	c.session.Cards.Close()
}

// fail explains an error by its code; what has none is told as it is.
func (c *command) fail(err error) int {
	var be *bridge.Error
	switch {
	case errors.Is(err, errSeveral):
		return fail(c.stdio.err, errors.New(say("można podpisać kilkoma certyfikatami", "several certificates could sign")),
			say("Wybierz jeden z listy odnowa-agent certificates: --certificate ID.", "Choose one of odnowa-agent certificates by its ID: --certificate ID."))
	case errors.Is(err, context.Canceled):
		be = bridge.Errorf(bridge.CodeRequestCancelled, nil)
	case !errors.As(err, &be):
		return fail(c.stdio.err, err, say("Uruchom odnowa-agent doctor.", "Run odnowa-agent doctor."))
	}
	return failCode(c.stdio.err, be.Code, nil)
}
