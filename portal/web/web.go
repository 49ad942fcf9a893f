// Package web is the certificate authority's portal: the HTTP contract of a renewal
// (protocol/renewal/openapi.yaml, from which api.gen.go is generated) and the page with the element
// that draws it.
//
// The portal decides who may do which step of which renewal (portal/renewal), and checks signatures
// against the bytes that it kept. It holds no PIN of any token and nothing that can authorise a
// signature or a certificate: what counts is decided anew by the issuer and by the SAM, which it
// calls over mutual TLS. It trusts nothing from a browser, and from the network not even the host
// name.
//
// A browser session is a cookie; personal data goes only to the session that has shown the
// certificate, since any other gets a renewal that has forgotten them.
package web

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/daemon"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/pades"
	"github.com/odnowa/odnowa/portal/renewal"
)

// Main is the command line of the role serve: --config FILE. It serves until ctx is over and gives
// the exit code.
func Main(ctx context.Context, args []string, _, stderr io.Writer) int {
	return daemon.Main(ctx, "serve", args, stderr, LoadConfig, Run)
}

// Run opens database, audit log and listener, logs "listening" and serves until ctx is over.
func Run(ctx context.Context, cfg Config, log *zap.Logger) (err error) {
	if err := cfg.check(); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	s, err := cfg.server(log)
	if err != nil {
		return err
	}
	chain, err := audit.Open(cfg.Audit)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, chain.Close()) }()
	store, err := renewal.OpenStore(ctx, cfg.Database, cfg.CodeKey)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	s.audit, s.store = chain, store
	handler, err := s.wire().handler()
	if err != nil {
		return err
	}
	return daemon.Serve(ctx, log, map[string]*http.Server{"public": daemon.EndPolls(publicServer(cfg.Listen, handler))}, s.chores.run)
}

// server reads the files that the configuration names.
func (c *Config) server(log *zap.Logger) (*server, error) {
	client, err := c.Link.Client(contract.Peer)
	if err != nil {
		return nil, err
	}
	samHTTP, err := c.Link.Client("sam")
	if err != nil {
		return nil, err
	}
	roots, err := readCertificates(c.TSA.Root)
	if err != nil {
		return nil, fmt.Errorf("tsa.root: %w", err)
	}
	pool := x509.NewCertPool()
	for _, root := range roots {
		pool.AddCert(root)
	}
	s := &server{
		cfg: *c, log: log, now: time.Now,
		issuer: &contract.Client{HTTP: client, URL: c.IssuerURL},
		sam:    &samClient{http: samHTTP, url: c.SAMURL},
		tsa:    &pades.Client{URL: c.TSA.URL, Trust: pades.Trust{Roots: pool}},
	}
	for _, path := range c.Issuers {
		certs, err := readCertificates(path)
		if err != nil {
			return nil, fmt.Errorf("issuers: %w", err)
		}
		s.issuers = append(s.issuers, certs...)
	}
	for _, p := range c.TrustedProxies {
		s.proxies = append(s.proxies, netip.MustParsePrefix(p))
	}
	return s, nil
}

func publicServer(addr string, h http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second, // above drawUpTimeout; streams set their own
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}
