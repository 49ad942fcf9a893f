package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// prefaceTimeout bounds the wait for a connection's first frame.
const prefaceTimeout = 5 * time.Second

// Run serves native hosts on l, which it closes, until ctx ends; cancellation is not an error.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	return local.Serve(ctx, l, s.serveHost)
}

// serveHost takes a connection of the user's own native host. The host's word for the extension is
// as good as the user's: other programs of the same user are not kept out here, see the design.
func (s *Server) serveHost(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	caller, free, err := s.admitHost(conn)
	if err != nil {
		s.Log.Warn("connection refused", zap.Error(err))
		return
	}
	defer free()
	ch := frame.NewChannel(conn, bridge.MaxRequest)
	var p frame.Preface
	if err := recvPreface(conn, &p); err != nil || p.Role != frame.RoleHost || p.Code != "" {
		s.Log.Warn("connection without a preface", zap.Error(err))
		return
	}
	caller.Kind, caller.Browser, caller.Extension = access.NativeHost, p.Browser, p.Extension
	s.Serve(ctx, ch, caller)
}

// admitHost has it decided whether whoever connected may, and gives a place among the connections.
func (s *Server) admitHost(conn net.Conn) (access.Caller, func(), error) {
	peer, err := local.PeerOf(conn)
	if err != nil {
		return access.Caller{}, nil, err
	}
	caller := access.Caller{Kind: access.Program, User: peer.User, Owner: local.Self()}
	if err := (access.Rules{}).Decide(caller, access.OpenSession); err != nil {
		return caller, nil, fmt.Errorf("user %q: %w", peer.User, err)
	}
	free, ok := s.hosts.Take(peer.User)
	if !ok {
		return caller, nil, errors.New("too many connections")
	}
	return caller, free, nil
}

func recvPreface(conn net.Conn, p *frame.Preface) error {
	if err := conn.SetReadDeadline(time.Now().Add(prefaceTimeout)); err != nil {
		return err
	}
	body, err := frame.Read(conn, frame.MaxPreface)
	if err != nil {
		return err
	}
	if err := bridge.Decode(body, p); err != nil {
		return err
	}
	return conn.SetReadDeadline(time.Time{})
}
