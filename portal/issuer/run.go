package issuer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/daemon"
	"github.com/odnowa/odnowa/portal/link"
)

// Main is the command line: --config FILE. It serves until ctx is over and gives the exit code.
func Main(ctx context.Context, args []string, _, stderr io.Writer) int {
	return daemon.Main(ctx, "issuer", args, stderr, LoadConfig, Run)
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
	defer func() { err = errors.Join(err, i.opened.Close()) }()
	internal, err := c.Link.ServerTLS(peerPortal, peerOperator)
	if err != nil {
		return err
	}
	return daemon.Serve(ctx, log, map[string]*http.Server{
		"public":   publicServer(c.Public, i.public),
		"internal": link.Server(c.Internal, newInternal(i.service), internal),
	})
}
