package service

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
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
	// maxIdle is how many idle connections of one session are kept; it opens one at a time.
	maxIdle = 4
	// How many connections there may be to the socket: of one user, whose sessions have two each and
	// one for each browser, and of all.
	sessionsEach = 48
	sessionsAll  = 1024
)

// sessions are the logins that are connected.
type sessions struct {
	Options
	slots  *access.Slots
	limits *access.Limiter

	mu    sync.Mutex // guards the field that follows
	users map[string][]*login
}

// login is a session that has a link. A user has one for each login session; the latest is the last.
type login struct {
	pid       int
	startedMs int64
	idle      chan net.Conn
}

func newSessions(o Options) *sessions {
	return &sessions{Options: o, slots: access.NewSlots(sessionsEach, sessionsAll), limits: access.NewLimiter(o.Now), users: map[string][]*login{}}
}

// serve takes a connection of a session, which is known by its user alone: any program of that user
// could be one, and gets no more than what is that user's.
func (s *sessions) serve(ctx context.Context, conn net.Conn) {
	peer, err := local.PeerOf(conn)
	var rules access.Rules // these callers need nobody's policy
	if err == nil {
		if refused := rules.Decide(access.Caller{Kind: access.Program, User: peer.User}, access.OpenService); refused != nil {
			err = refused
		}
	}
	free, ok := func() {}, true
	if err == nil {
		free, ok = s.slots.Take(peer.User)
	}
	if err != nil || !ok {
		s.Log.Warn("connection refused", zap.String("user", peer.User), zap.Bool("tooMany", !ok), zap.Error(err))
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
	c := access.Caller{Kind: access.Session, User: peer.User}
	switch {
	case err == nil && p == frame.Preface{Role: frame.RoleLink, StartedMs: p.StartedMs} && rules.Decide(c, access.Link) == nil:
		s.link(ctx, ch, conn, peer, p.StartedMs)
		free()
	case err == nil && p == frame.Preface{Role: frame.RoleIdle} && rules.Decide(c, access.Offer) == nil:
		s.offer(peer, &slotted{conn, free})
	default:
		conn.Close()
		free()
	}
}

// slotted gives its slot back when it closes.
type slotted struct {
	net.Conn
	free func()
}

func (c *slotted) Close() error {
	c.free()
	return c.Conn.Close()
}

// link serves a session's standing connection: its audit records.
func (s *sessions) link(ctx context.Context, ch *frame.Channel, conn net.Conn, peer local.Peer, startedMs int64) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	l := s.add(peer, startedMs)
	defer s.remove(peer.User, l)
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
		code := s.write(peer.User, r)
		if err := ch.SendJSON(frame.AuditAnswer{Written: code == "", Code: code}); err != nil {
			return
		}
	}
}

// write writes a record of the user's, at this process's time, and no more of them than anybody could sign. It gives why
// not, or nothing.
func (s *sessions) write(user string, r audit.Record) bridge.Code {
	r.User, r.Time = user, s.Now().UTC()
	err := r.Check()
	if err == nil && !s.limits.Allow(user, access.Record) {
		err = bridge.Errorf(bridge.CodeRateLimited, nil)
	}
	if err == nil {
		err = s.Audit.Write(r)
	}
	if err == nil {
		return ""
	}
	s.Log.Error("audit record not written", zap.String("user", user), zap.Error(err))
	var known *bridge.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return bridge.CodeAuditFailed
}

func (s *sessions) add(peer local.Peer, startedMs int64) *login {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &login{pid: peer.PID, startedMs: startedMs, idle: make(chan net.Conn, maxIdle)}
	all := append(s.users[peer.User], l)
	slices.SortStableFunc(all, func(a, b *login) int { return cmp.Compare(a.startedMs, b.startedMs) })
	s.users[peer.User] = all
	return l
}

// remove forgets a login; what was idle is of no use any more.
func (s *sessions) remove(user string, l *login) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[user] = slices.DeleteFunc(s.users[user], func(other *login) bool { return other == l })
	if len(s.users[user]) == 0 {
		delete(s.users, user)
	}
	for {
		select {
		case conn := <-l.idle:
			conn.Close()
		default:
			return
		}
	}
}

// offer keeps an idle connection with the link of the same process.
func (s *sessions) offer(peer local.Peer, conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.users[peer.User] {
		if l.pid != peer.PID {
			continue
		}
		select {
		case l.idle <- conn:
			return
		default:
		}
	}
	conn.Close() // no link, or more than a session has any use for
}

// take gives an idle connection of the user's latest session that has one, after this preface.
func (s *sessions) take(ctx context.Context, name string, p frame.Preface) (net.Conn, error) {
	s.mu.Lock()
	all := slices.Clone(s.users[name])
	s.mu.Unlock()
	for _, l := range slices.Backward(all) {
		if conn := l.take(ctx, p); conn != nil {
			return conn, nil
		}
	}
	return nil, bridge.Errorf(bridge.CodeNoSession, ctx.Err())
}

func (l *login) take(ctx context.Context, p frame.Preface) net.Conn {
	ctx, cancel := context.WithTimeout(ctx, takeTimeout)
	defer cancel()
	for {
		select {
		case conn := <-l.idle:
			// One that died while it was idle fails here, and the next is taken.
			if frame.NewChannel(conn, frame.MaxPreface).SendJSON(p) == nil {
				return conn
			}
			conn.Close()
		case <-ctx.Done():
			return nil
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
