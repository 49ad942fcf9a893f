package issuer

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
)

// Main is the command line: --config FILE. It serves until ctx is over and gives the exit code.
func Main(ctx context.Context, args []string, _, stderr io.Writer) int {
	flags := flag.NewFlagSet("issuer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	path := flags.String("config", "", "configuration `file` (JSON)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *path == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "usage: issuer --config FILE")
		return 2
	}
	cfg, err := LoadConfig(*path)
	if err == nil {
		err = Run(ctx, cfg, newLogger(stderr))
	}
	if err != nil {
		fmt.Fprintln(stderr, "issuer:", err)
		return 1
	}
	return 0
}

func newLogger(w io.Writer) *zap.Logger {
	c := zap.NewProductionEncoderConfig()
	c.TimeKey, c.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(c), zapcore.Lock(zapcore.AddSync(w)), zap.InfoLevel)).Named("issuer")
}

// Run opens the token, the database and the listeners, logs "listening" and serves until ctx is over.
func Run(ctx context.Context, c Config, log *zap.Logger) (err error) {
	if err := c.check(); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	i, err := open(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.close()) }()
	internal, err := c.Link.ServerTLS(peerPortal, peerOperator)
	if err != nil {
		return err
	}
	publicListener, err := net.Listen("tcp", c.Public)
	if err != nil {
		return fmt.Errorf("listening for the public: %w", err)
	}
	internalListener, err := net.Listen("tcp", c.Internal)
	if err != nil {
		publicListener.Close()
		return fmt.Errorf("listening for the portal: %w", err)
	}
	log.Info("listening", zap.Stringer("public", publicListener.Addr()), zap.String("publicUrl", c.PublicURL),
		zap.Stringer("internal", internalListener.Addr()))
	return serve(ctx, log, map[*http.Server]net.Listener{
		publicServer(i.public):      publicListener,
		internalServer(i, internal): tls.NewListener(internalListener, internal),
	})
}

// serve runs the servers until ctx is over or one fails. Requests that are under way get five seconds.
func serve(ctx context.Context, log *zap.Logger, servers map[*http.Server]net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	for s, l := range servers {
		s.ErrorLog = zap.NewStdLog(log)
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
