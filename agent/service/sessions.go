package service

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	// prefaceTimeout bounds the wait for a session's first frame.
	prefaceTimeout = 5 * time.Second
	// takeTimeout bounds the wait for a session's next idle connection.
	takeTimeout = 3 * time.Second
	// maxIdle is how many idle connections of one user are kept; a session opens one at a time.
	maxIdle = 4
)

// sessions are the logins that are connected.
type sessions struct {
	Options

	mu    sync.Mutex // guards the field that follows
	users map[string]*user
}

// user is what one user's sessions hold open.
type user struct {
	links int
	idle  chan net.Conn
}

func newSessions(o Options) *sessions { return &sessions{Options: o, users: map[string]*user{}} }

func (s *sessions) run(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		group.Go(func() { s.serve(ctx, conn) })
	}
}

// serve takes a connection of a session, which is known by its user alone: any program of that user
// could be one, and gets no more than what is that user's.
func (s *sessions) serve(ctx context.Context, conn net.Conn) {
	peer, err := local.PeerOf(conn)
	if err != nil {
		s.Log.Warn("connection refused", zap.Error(err))
		conn.Close()
		return
	}
	ch := frame.NewChannel(conn, frame.MaxPreface)
	var p frame.Preface
	if err = conn.SetReadDeadline(time.Now().Add(prefaceTimeout)); err == nil {
		err = ch.RecvJSON(&p)
	}
	if err == nil {
		err = conn.SetReadDeadline(time.Time{})
	}
	switch {
	case err == nil && p == frame.Preface{Role: frame.RoleLink}:
		s.link(ctx, ch, conn, peer)
	case err == nil && p == frame.Preface{Role: frame.RoleIdle}:
		s.offer(peer.User, conn)
	default:
		conn.Close()
	}
}

// link serves a session's standing connection: its audit records.
func (s *sessions) link(ctx context.Context, ch *frame.Channel, conn net.Conn, peer local.Peer) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	s.count(peer.User, 1)
	defer s.count(peer.User, -1)
	if err := ch.SendJSON(frame.Welcome{Version: s.Version}); err != nil {
		return
	}
	s.Log.Info("session connected", zap.String("user", peer.User), zap.Int("pid", peer.PID))
	defer s.Log.Info("session gone", zap.String("user", peer.User), zap.Int("pid", peer.PID))
	for {
		var r audit.Record
		if err := ch.RecvJSON(&r); err != nil {
			return
		}
		r.User = peer.User
		err := s.Audit.Write(r)
		if err != nil {
			s.Log.Error("audit record not written", zap.Error(err))
		}
		if err := ch.SendJSON(frame.AuditAnswer{Written: err == nil}); err != nil {
			return
		}
	}
}

func (s *sessions) user(name string) *user {
	u := s.users[name]
	if u == nil {
		u = &user{idle: make(chan net.Conn, maxIdle)}
		s.users[name] = u
	}
	return u
}

func (s *sessions) count(name string, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(name)
	u.links += by
	if u.links > 0 {
		return
	}
	delete(s.users, name) // and what was idle is of no use
	for {
		select {
		case conn := <-u.idle:
			conn.Close()
		default:
			return
		}
	}
}

// offer keeps an idle connection.
func (s *sessions) offer(name string, conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[name]
	if u != nil {
		select {
		case u.idle <- conn:
			return
		default:
		}
	}
	conn.Close() // no link, or more than a session has any use for
}

// take gives an idle connection of the user's session, after this preface.
func (s *sessions) take(ctx context.Context, name string, p frame.Preface) (net.Conn, error) {
	s.mu.Lock()
	u := s.users[name]
	s.mu.Unlock()
	if u == nil {
		return nil, bridge.Errorf(bridge.CodeNoSession, nil)
	}
	ctx, cancel := context.WithTimeout(ctx, takeTimeout)
	defer cancel()
	for {
		select {
		case conn := <-u.idle:
			// One that died while it was idle fails here, and the next is taken.
			if frame.NewChannel(conn, frame.MaxPreface).SendJSON(p) == nil {
				return conn, nil
			}
			conn.Close()
		case <-ctx.Done():
			return nil, bridge.Errorf(bridge.CodeNoSession, ctx.Err())
		}
	}
}

// only gives the one user that has a session, for systems where the owner of a connection cannot
// be asked for.
func (s *sessions) only() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.users) != 1 {
		return "", false
	}
	for name := range s.users {
		return name, true
	}
	return "", false
}
