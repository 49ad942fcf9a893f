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
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/daemon"
	"github.com/odnowa/odnowa/portal/database"
	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/link"
)

// Main is the command line: --config FILE. It serves until ctx is over and gives the exit code.
func Main(ctx context.Context, args []string, _, stderr io.Writer) int {
	return daemon.Main(ctx, "sam", args, stderr, LoadConfig, Run)
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
	r, opened, err := open(ctx, c, log)
	defer func() { err = errors.Join(err, opened.Close()) }()
	if err != nil {
		return err
	}
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
	return daemon.Serve(ctx, log, map[string]*http.Server{
		"public":   daemon.EndPolls(publicServer(c.Public, newPublic(r, c, app), public)),
		"internal": daemon.EndPolls(link.Server(c.Internal, guardPeers(newInternal(r, c)), internal)),
	})
}

//go:embed migrations/*.sql
var migrations embed.FS

// open opens what the registry stands on. What was opened is the caller's to close, also after an error.
func open(ctx context.Context, c Config, log *zap.Logger) (r *registry, opened daemon.Opened, err error) {
	r = &registry{log: log, appURL: c.PublicURL, signingURL: c.SigningURL, now: time.Now}
	if r.audit, err = audit.Open(c.Audit); err != nil {
		return nil, opened, err
	}
	opened = append(opened, r.audit.Close)
	if r.db, err = database.Open(ctx, c.Database, migrations); err != nil {
		return nil, opened, err
	}
	opened = append(opened, r.db.Close)
	if r.hsm, err = hsm.Open(c.HSM); err != nil {
		return nil, opened, err
	}
	opened = append(opened, r.hsm.Close)
	if r.statementKey, err = r.hsm.Key(c.StatementKey); err != nil {
		return nil, opened, fmt.Errorf("statementKey: %w", err)
	}
	return r, opened, nil
}

func (c *Config) publicTLS() (*tls.Config, error) {
	if c.TLSCertificate == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCertificate, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("tlsCertificate with tlsKey: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}, nil
}

func publicServer(addr string, h http.Handler, config *tls.Config) *http.Server {
	return &http.Server{
		Addr:              addr,
		TLSConfig:         config,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      40 * time.Second, // above the long poll
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
	}
}
