// Package daemon is what the CA's processes (serve, issuer, sam) have in common as processes: a command
// line, a configuration file that is read strictly, a log of JSON lines, listeners, and a stop that lets
// requests end. It knows nothing of what they serve and holds no secret.
package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"
)

// Main is the command line of the role with this name: --config FILE. It loads the file, runs the role
// until ctx is over and gives the exit code.
func Main[C any](ctx context.Context, name string, args []string, stderr io.Writer,
	load func(path string) (C, error), run func(context.Context, C, *zap.Logger) error) int {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	path := flags.String("config", "", "configuration `file` (JSON)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *path == "" || flags.NArg() > 0 {
		fmt.Fprintf(stderr, "usage: odnowa-portal %s --config FILE\n", name)
		return 2
	}
	c, err := load(*path)
	if err == nil {
		err = run(ctx, c, logger(name, stderr))
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

func logger(name string, w io.Writer) *zap.Logger {
	c := zap.NewProductionEncoderConfig()
	c.TimeKey, c.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(c), zapcore.Lock(zapcore.AddSync(w)), zap.InfoLevel)).Named(name)
}

// stopTimeout is how long requests that are under way may take when the process stops.
const stopTimeout = 5 * time.Second

// Serve listens for each server at its Addr, logs "listening" with the addresses by the servers' names, and
// serves, with what runs alongside, until ctx is over or one of them fails. A server with a TLSConfig speaks
// TLS, HTTP/1.1 only.
func Serve(ctx context.Context, log *zap.Logger, servers map[string]*http.Server, alongside ...func(context.Context) error) error {
	listeners, err := listen(log, servers)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for name, s := range servers {
		s.ErrorLog = zap.NewStdLog(log)
		group.Go(func() error {
			if err := s.Serve(listeners[name]); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serving (%s): %w", name, err)
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
			defer cancel()
			return s.Shutdown(stop)
		})
	}
	for _, f := range alongside {
		group.Go(func() error { return f(ctx) })
	}
	return group.Wait()
}

// listen takes all addresses or none.
func listen(log *zap.Logger, servers map[string]*http.Server) (map[string]net.Listener, error) {
	listeners := map[string]net.Listener{}
	var addresses []zap.Field
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		l, err := net.Listen("tcp", servers[name].Addr)
		if err != nil {
			for _, taken := range listeners {
				taken.Close()
			}
			return nil, fmt.Errorf("listening (%s): %w", name, err)
		}
		addresses = append(addresses, zap.Stringer(name, l.Addr()))
		if config := servers[name].TLSConfig; config != nil {
			l = tls.NewListener(l, config)
		}
		listeners[name] = l
	}
	log.Info("listening", addresses...)
	return listeners, nil
}

// Opened are the Close functions of what a role stands on, in the order in which it was opened.
type Opened []func() error

// Close closes the last first.
func (o Opened) Close() error {
	var errs []error
	for i := len(o) - 1; i >= 0; i-- {
		errs = append(errs, o[i]())
	}
	return errors.Join(errs...)
}

// EndPolls has the requests of a server end when it begins to stop, so that long polls and streams of
// events don't hold the stop up. It is for servers whose requests may be given up at any moment.
func EndPolls(s *http.Server) *http.Server {
	ctx, cancel := context.WithCancel(context.Background())
	s.BaseContext = func(net.Listener) context.Context { return ctx }
	s.RegisterOnShutdown(cancel)
	return s
}
