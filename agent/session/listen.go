package session

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// prefaceTimeout bounds the wait for a connection's first frame.
const prefaceTimeout = 5 * time.Second

// Run serves native hosts on l, which it closes, until ctx ends; cancellation is not an error.
func (s *Session) Run(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var hosts sync.WaitGroup
	defer hosts.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		hosts.Go(func() { s.serveHost(ctx, conn) })
	}
}

// serveHost takes a connection of the user's own native host. The host's word for the extension is
// as good as the user's: other programs of the same user are not kept out here, see the design.
func (s *Session) serveHost(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	if err := local.CheckPeer(conn, local.Self()); err != nil {
		s.Log.Warn("connection refused", zap.Error(err))
		return
	}
	ch := frame.NewChannel(conn, bridge.MaxRequest)
	var p frame.Preface
	if err := recvPreface(conn, &p); err != nil || p.Role != frame.RoleHost || p.Code != "" {
		s.Log.Warn("connection without a preface", zap.Error(err))
		return
	}
	s.Serve(ctx, ch, Caller{Browser: p.Browser, Extension: p.Extension})
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
