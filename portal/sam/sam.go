// Package sam is the signature activation module: the process that owns the HSM token with people's
// signing keys, knows their phones, and alone can make the HSM use a key (EN 419 241-1, sole control
// level 2; a certified module takes its place in production).
//
// It has two listeners. Phones load the rSign app and call the phone API on the public one; the
// portal opens and follows enrolments on the internal one, over mutual TLS, and carries there what
// computers ask by the API of the Cloud Signature Consortium (csc.go). The SAM believes the
// portal when an enrolment begins and ends, and nothing about keys: what the issuer needs to know of
// those it says in a statement that the portal can only carry (package statement). It sees no name,
// no PIN and no document. states.md next to this file has the life of an enrolment, signing.md those
// of a computer and of a request to sign.
package sam

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/link"
)

// Main is the command line: --config FILE. It serves until ctx is over and gives the exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sam", flag.ContinueOnError)
	flags.SetOutput(stderr)
	path := flags.String("config", "", "configuration `file` (JSON)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *path == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "usage: sam --config FILE")
		return 2
	}
	cfg, err := LoadConfig(*path)
	if err == nil {
		err = Run(ctx, cfg, newLogger(stderr))
	}
	if err != nil {
		fmt.Fprintln(stderr, "sam:", err)
		return 1
	}
	return 0
}

func newLogger(w io.Writer) *zap.Logger {
	c := zap.NewProductionEncoderConfig()
	c.TimeKey, c.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(c), zapcore.Lock(zapcore.AddSync(w)), zap.InfoLevel)).Named("sam")
}

// Run opens the token, the database and the listeners, logs "listening" and serves until ctx is over.
func Run(ctx context.Context, c Config, log *zap.Logger) (err error) {
	if err := c.check(); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	app, err := readApp(c.App)
	if err != nil {
		return err
	}
	r, closeAll, err := open(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	if err := r.sweep(ctx); err != nil {
		return err
	}
	internal, err := c.Link.ServerTLS(peerPortal, peerOperator)
	if err != nil {
		return err
	}
	public, err := c.publicTLS()
	if err != nil {
		return err
	}
	publicListener, err := net.Listen("tcp", c.Public)
	if err != nil {
		return fmt.Errorf("listening for phones: %w", err)
	}
	internalListener, err := net.Listen("tcp", c.Internal)
	if err != nil {
		publicListener.Close()
		return fmt.Errorf("listening for the portal: %w", err)
	}
	log.Info("listening", zap.Stringer("public", publicListener.Addr()), zap.String("publicUrl", c.PublicURL),
		zap.Stringer("internal", internalListener.Addr()))
	if public != nil {
		publicListener = tls.NewListener(publicListener, public)
	}
	return serve(ctx, log, map[*http.Server]net.Listener{
		publicServer(newPublic(r, c, app)):                   publicListener,
		link.Server(guardPeers(newInternal(r, c)), internal): tls.NewListener(internalListener, internal),
	})
}

// open opens what the registry stands on; closeAll closes it in the order that is needed.
func open(ctx context.Context, c Config, log *zap.Logger) (r *registry, closeAll func() error, err error) {
	var closers []func() error
	closeAll = func() error {
		var errs []error
		for i := len(closers) - 1; i >= 0; i-- {
			errs = append(errs, closers[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()
	r = &registry{log: log, url: c.PublicURL, api: c.SigningURL, now: time.Now}
	if r.audit, err = audit.Open(c.Audit); err != nil {
		return nil, nil, err
	}
	closers = append(closers, r.audit.Close)
	if r.db, err = openDatabase(ctx, c.Database); err != nil {
		return nil, nil, err
	}
	closers = append(closers, r.db.Close)
	if r.hsm, err = hsm.Open(c.HSM); err != nil {
		return nil, nil, err
	}
	closers = append(closers, r.hsm.Close)
	if r.key, err = r.hsm.Key(c.StatementKey); err != nil {
		return nil, nil, fmt.Errorf("statement key: %w", err)
	}
	return r, closeAll, nil
}

func (c *Config) publicTLS() (*tls.Config, error) {
	if c.TLSCertificate == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCertificate, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("loading TLS certificate: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}, nil
}

func publicServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      40 * time.Second, // above the long poll
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
	}
}

// serve runs the servers until ctx is over or one fails. Long polls end with ctx, since it is the
// base of theirs, so that the stop is quick.
func serve(ctx context.Context, log *zap.Logger, servers map[*http.Server]net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	for s, l := range servers {
		s.ErrorLog = zap.NewStdLog(log)
		s.BaseContext = func(net.Listener) context.Context { return ctx }
		group.Go(func() error {
			if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serving: %w", err)
			}
			return nil
		})
		group.Go(func() error {
			<-ctx.Done()
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return s.Shutdown(stop)
		})
	}
	return group.Wait()
}
