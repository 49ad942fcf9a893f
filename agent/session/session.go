// Package session is the agent of one login: it serves the bridge protocol to browser extensions,
// decides who may ask for what, asks the person in the trusted window, lets the card sign, or the cloud
// (rSign), and records it. The user's own commands go the same way without a browser (file.go).
//
// It trusts the policy, the operating system's word on who is connected, and the person in front of
// the window. It does not trust websites, extensions that the policy does not list, seals that no
// pinned key made, nor the module worker, whose signatures it verifies. Only one caller's word is
// taken: a listed extension says which website asks.
package session

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"
	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/rsign"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// MaxDocument is the most bytes of a document; the envelope around it must fit bridge.MaxRequest.
const MaxDocument = 16 << 20

// Cards is what a session needs of [card.Store].
type Cards interface {
	List(context.Context, bridge.Filter) (bridge.ListResult, error)
	Status(context.Context) (card.Status, error)
	Sign(context.Context, card.SignRequest, card.PINFunc) ([]byte, error)
	Watch(ctx context.Context, changed func())
}

// Options are the parts of a session.
type Options struct {
	Policy *policy.Policy
	Cards  Cards
	RSign  *rsign.Store
	Window *window.Window
	Audit  audit.Log
	// Service says whether the agent's service is there; nil where none is installed.
	Service func() bool
	Log     *zap.Logger
	// Language of windows that no website opened.
	Language window.Language
	// Version of the agent.
	Version string
	// Now is the clock.
	Now func() time.Time
}

// Session serves any number of connections.
type Session struct {
	Options
	limits *limiter

	mu      sync.Mutex // guards the fields that follow
	conns   map[*conn]bool
	unwatch context.CancelFunc // ends the watch over the cards; nil while nobody is connected
}

// New makes a session.
func New(o Options) *Session {
	return &Session{Options: o, limits: newLimiter(o.Now), conns: map[*conn]bool{}}
}

// Caller is who is at the other end of a connection, known before its first request.
type Caller struct {
	Browser   frame.Browser
	Extension string
}

// listed says whether the policy lets the caller's extension in.
func (s *Session) listed(c Caller) bool {
	switch c.Browser {
	case frame.Chromium:
		return slices.Contains(s.Policy.Extensions.Chromium, c.Extension)
	case frame.Firefox:
		return slices.Contains(s.Policy.Extensions.Firefox, c.Extension)
	}
	return false
}

// Serve speaks the bridge protocol on ch until it closes or ctx ends. A window that a request of
// this connection opened closes with it.
func (s *Session) Serve(ctx context.Context, ch *frame.Channel, caller Caller) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &conn{Session: s, caller: caller, allowed: s.listed(caller), running: map[string]context.CancelCauseFunc{}}
	c.server = jrpc2.NewServer(c, &jrpc2.ServerOptions{
		AllowPush:      true,
		DisableBuiltin: true,
		Concurrency:    maxRunning,
		NewContext:     func() context.Context { return ctx },
	})
	s.add(c)
	defer s.remove(c)
	stop := context.AfterFunc(ctx, c.server.Stop)
	defer stop()
	c.server.Start(strictChannel{ch, c})
	if status := c.server.WaitStatus(); status.Err != nil && !errors.Is(status.Err, context.Canceled) {
		s.Log.Info("connection ended", zap.Error(status.Err))
	}
}

// add notes a connection. Cards are watched for as long as there is one, since watching means asking
// the modules again and again.
func (s *Session) add(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	if s.unwatch == nil {
		ctx, cancel := context.WithCancel(context.Background())
		s.unwatch = cancel
		go s.Cards.Watch(ctx, s.Changed)
	}
}

func (s *Session) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if len(s.conns) == 0 {
		s.unwatch()
		s.unwatch = nil
	}
}

// Changed tells all connections that may know to ask for the certificates again: cards came or went, or
// the service did.
func (s *Session) Changed() {
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range conns {
		if c.ready() {
			c.notify(context.Background(), bridge.NotifyCertificatesChanged, bridge.CertificatesChanged{})
		}
	}
}
