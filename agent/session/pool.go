package session

import (
	"context"
	"net"
	"sync"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// ServeService keeps one idle connection to the service and opens another once the service takes it
// for a browser. It runs until ctx ends.
func (s *Server) ServeService(ctx context.Context, socket string) error {
	var taken sync.WaitGroup
	defer taken.Wait()
	for ctx.Err() == nil {
		conn, p, err := s.idle(ctx, socket)
		if err != nil {
			pause(ctx, redial)
			continue
		}
		taken.Go(func() { s.serveTaken(ctx, conn, p) })
	}
	return nil
}

// idle waits on a connection until the service takes it.
func (s *Server) idle(ctx context.Context, socket string) (net.Conn, frame.Preface, error) {
	var p frame.Preface
	conn, err := local.DialShared(ctx, socket)
	if err != nil {
		return nil, p, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	ch := frame.NewChannel(conn, frame.MaxPreface)
	if err = ch.SendJSON(frame.Preface{Role: frame.RoleIdle}); err == nil {
		err = ch.RecvJSON(&p)
	}
	if err != nil {
		conn.Close()
	}
	return conn, p, err
}

func (s *Server) serveTaken(ctx context.Context, conn net.Conn, p frame.Preface) {
	defer conn.Close()
	asked, known := map[frame.Role]access.Request{frame.RoleWebSocket: access.Relay, frame.RolePair: access.Confirm}[p.Role]
	service := access.Caller{Kind: access.Service, Browser: p.Browser, Extension: p.Extension}
	session, done := s.session()
	defer done()
	if err := session.rules().Decide(service, asked); !known || err != nil {
		s.Log.Warn("the service took a connection for what it may not", zap.String("taken", string(p.Role)), zap.Error(err))
		return
	}
	if asked == access.Confirm {
		session.confirmPairing(ctx, conn, p)
		return
	}
	done()
	s.Serve(ctx, frame.NewChannel(conn, bridge.MaxRequest), access.Caller{
		Kind: access.Paired, User: local.Self(), Owner: local.Self(), Browser: p.Browser, Extension: p.Extension,
	})
}

// confirmPairing asks the person; when the browser gives up, the service closes the connection and
// the window goes with it.
func (s *Session) confirmPairing(ctx context.Context, conn net.Conn, p frame.Preface) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ch := frame.NewChannel(conn, frame.MaxPreface)
	go func() {
		defer cancel()
		_, _ = ch.Recv() // nothing comes: this waits for the end of the connection
	}()
	var answer frame.PairAnswer
	err := s.Window.ConfirmPairing(ctx, s.Language, browserName(p.Browser)+" ("+p.Extension+")", p.Code)
	switch {
	case err == nil:
	case isRefusal(err):
		answer.Code = bridge.CodePairingRefused
	default:
		answer.Code = toBridge(err).Code
	}
	s.Log.Info("pairing asked", zap.String("extension", p.Extension), zap.String("errorCode", string(answer.Code)))
	if err := ch.SendJSON(answer); err != nil {
		s.Log.Info("nobody waits for the pairing's answer", zap.Error(err))
	}
}

// browserName is what people call a family of browsers.
func browserName(b frame.Browser) string {
	if b == frame.Firefox {
		return "Firefox"
	}
	return "Chrome, Edge, Chromium"
}

func isRefusal(err error) bool {
	code := toBridge(err).Code
	return code == bridge.CodeCodesDiffer || code == bridge.CodeUserCancelled
}
