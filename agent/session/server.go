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

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// maxHosts is how many connections of native hosts there may be; each profile of a browser has one.
const maxHosts = 32

// ServerOptions are the parts of a server.
type ServerOptions struct {
	Policies *policy.Store
	// Open makes the session for a policy. The server closes its cards.
	Open func(*policy.Policy) *Session
	Log  *zap.Logger
	Now  func() time.Time
}

// Server serves the connections of one login, any number of them.
type Server struct {
	ServerOptions
	limits *access.Limiter
	hosts  *access.Slots

	mu      sync.Mutex // guards the fields that follow
	current *generation
	conns   map[*conn]bool
	unwatch context.CancelFunc // ends the watch over the cards; nil while nobody is connected
}

// generation is a session and what still runs under its policy.
type generation struct {
	*Session
	uses int
}

// NewServer makes a server. Close ends it.
func NewServer(o ServerOptions) *Server {
	return &Server{
		ServerOptions: o, limits: access.NewLimiter(o.Now), hosts: access.NewSlots(maxHosts, maxHosts),
		current: &generation{Session: o.Open(o.Policies.Current())}, conns: map[*conn]bool{},
	}
}

// Close ends the cards' processes, once nothing is served any more.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.Cards.Close()
}

// session gives the session of the policy in force, for something that begins now, and what to call at its
// end. What began under another policy goes on under that, and its cards are closed after the last of it.
func (s *Server) session() (*Session, func()) {
	p := s.Policies.Current()
	s.mu.Lock()
	defer s.mu.Unlock()
	if p != s.current.Policy {
		old := s.current
		s.current = &generation{Session: s.Open(p)}
		s.watchLocked()
		s.retireLocked(old)
		go s.Changed()
	}
	g := s.current
	g.uses++
	return g.Session, sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		g.uses--
		s.retireLocked(g)
	})
}

// retireLocked closes the cards of a session that is not the present one and serves nothing any more.
func (s *Server) retireLocked(g *generation) {
	if g == s.current || g.uses > 0 {
		return
	}
	go func() { // a module may take its time to end
		if err := g.Cards.Close(); err != nil {
			s.Log.Warn("closing cards", zap.Error(err))
		}
	}()
}

// Serve speaks the bridge protocol on ch until it closes or ctx ends. A window that a request of
// this connection opened closes with it.
func (s *Server) Serve(ctx context.Context, ch *frame.Channel, caller access.Caller) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &conn{Server: s, caller: caller, running: map[string]running{}}
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
	ch.AllocateBy(takeBuffer)
	c.server.Start(strictChannel{ch, c})
	if status := c.server.WaitStatus(); status.Err != nil && !errors.Is(status.Err, context.Canceled) {
		s.Log.Info("connection ended", zap.Error(status.Err))
	}
}

// add notes a connection. Cards are watched for as long as there is one, since watching means asking
// the modules again and again.
func (s *Server) add(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	if s.unwatch == nil {
		s.watchLocked()
	}
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if len(s.conns) == 0 {
		s.unwatch()
		s.unwatch = nil
	}
}

// watchLocked watches over the present cards, where somebody is connected, and over no others.
func (s *Server) watchLocked() {
	if s.unwatch != nil {
		s.unwatch()
	}
	if len(s.conns) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.unwatch = cancel
	go s.current.Cards.Watch(ctx, s.Changed)
}

func (s *Server) connections() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.conns))
}

// Changed tells all connections that may know to ask for the certificates again: cards came or went, or
// the policy changed.
func (s *Server) Changed() {
	for _, c := range s.connections() {
		if c.ready() {
			c.notify(context.Background(), bridge.NotifyCertificatesChanged, bridge.CertificatesChanged{})
		}
	}
}

// ServiceChanged is to be called when the service has come or gone. When it has gone, so has what asks a
// person: a signature that could not be recorded would not be handed out.
func (s *Server) ServiceChanged(up bool) {
	if !up {
		for _, c := range s.connections() {
			c.stop(bridge.Errorf(bridge.CodeServiceStopped, nil), access.Sign, access.Activate)
		}
	}
	go s.Changed() // it may have to wait for browsers
}

// Restart is to be called when the computer woke up, or the person came back to a locked desktop: what
// modules hold of readers and cards is not to be relied on any more.
func (s *Server) Restart() {
	s.mu.Lock()
	cards := s.current.Cards
	s.mu.Unlock()
	cards.Restart()
	s.Changed()
}
