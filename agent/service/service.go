// Package service is the agent's OS service: it serves the loopback WebSocket for browsers that
// cannot start a native host, keeps their pairings, and writes the machine's audit log.
//
// It touches no card and shows no window; sessions dial it and do both. It trusts the policy and
// what the kernel says of the peers of its sockets. A browser is known by its pairing's secret, and
// the Origin and owner of its connection only keep others from trying. After the handshake
// (PAIRING.md) it hands on messages that it does not read.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/pairing"
	"github.com/odnowa/odnowa/agent/policy"
)

// Options are the parts of a service.
type Options struct {
	Policies *policy.Store
	Audit    audit.Log
	Log      *zap.Logger
	// Version of the agent.
	Version string
	// Now is the clock.
	Now func() time.Time
}

// Run serves sessions and browsers until ctx ends; cancellation is not an error.
func Run(ctx context.Context, o Options) error {
	p := o.Policies.Current()
	store, err := pairing.OpenStore(filepath.Join(p.StateDir, "pairings.json"))
	if err != nil {
		return err
	}
	socket, err := local.ListenShared(p.ServiceSocket)
	if err != nil {
		return err
	}
	defer socket.Close()
	listeners, err := listenLoopback(ctx, p.Port)
	if err != nil {
		return err
	}
	sessions, slots, limits := newSessions(o), access.NewSlots(browsersEach, browsersAll), access.NewLimiter(o.Now)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return local.Serve(ctx, socket, sessions.serve) })
	addresses := []string{p.ServiceSocket}
	for _, l := range listeners {
		addresses = append(addresses, l.Addr().String())
		d := &door{Options: o, ctx: ctx, host: l.Addr().String(), store: store, sessions: sessions, limits: limits}
		g.Go(func() error { return serveHTTP(ctx, owned{l, slots, o.Log}, d) })
	}
	o.Log.Info("listening", zap.Strings("addresses", addresses), zap.String("policyFile", p.Source()))
	return g.Wait()
}

// listenLoopback binds 127.0.0.1, and ::1 where the machine has it. A port that somebody else holds
// is an error on either: browsers try both.
func listenLoopback(ctx context.Context, port int) ([]net.Listener, error) {
	var config net.ListenConfig // sets no SO_REUSEPORT, so that the bind is exclusive
	v4, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listening on loopback: %w", err)
	}
	listeners := []net.Listener{v4}
	if !hasIPv6Loopback() {
		return listeners, nil
	}
	v6, err := config.Listen(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(port)))
	if err != nil {
		v4.Close()
		return nil, fmt.Errorf("listening on loopback: %w", err)
	}
	return append(listeners, v6), nil
}

func hasIPv6Loopback() bool {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(net.IPv6loopback) {
			return true
		}
	}
	return false
}

func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ConnContext:       withOwner,
		ErrorLog:          log.New(io.Discard, "", 0), // what strangers send is nobody's news
	}
	server.SetKeepAlivesEnabled(false) // one request opens one WebSocket
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
