package service

import (
	"context"
	"errors"
	"net"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
)

// How many connections there may be to the loopback port: of one user, so that no other user is kept
// out, and of all.
const (
	browsersEach = 16
	browsersAll  = 128
)

var errNoOwner = errors.New("no such connection")

// owned asks for a connection's owner as soon as it is there, and closes it at once where its owner has enough.
type owned struct {
	net.Listener
	slots *access.Slots
	log   *zap.Logger
}

// ownedConn is a connection of a user; the name is empty where the system does not tell.
type ownedConn struct {
	net.Conn
	user string
	err  error // why the owner is not known, where the system should have told
	free func()
}

func (l owned) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &ownedConn{Conn: conn}
		client, ok1 := conn.RemoteAddr().(*net.TCPAddr)
		server, ok2 := conn.LocalAddr().(*net.TCPAddr)
		if ok1 && ok2 {
			c.user, c.err = owner(client, server)
		} else {
			c.err = errNoOwner
		}
		if c.free, ok1 = l.slots.Take(c.user); ok1 {
			return c, nil
		}
		l.log.Warn("too many connections", zap.String("user", c.user))
		conn.Close()
	}
}

func (c *ownedConn) Close() error {
	c.free()
	return c.Conn.Close()
}

// ownerKey finds a request's connection in its context.
type ownerKey struct{}

func withOwner(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, ownerKey{}, conn)
}
