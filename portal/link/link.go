// Package link connects the CA's own processes: HTTP with JSON over mutually authenticated TLS 1.3.
//
// Each process has a directory with its key and certificate and the certificate of a CA that exists
// for this alone; a certificate's DNS name is the process's name ("portal", "issuer", "sam"). The
// package decides who is calling; what a caller may do is the server's to say, by the names it allows.
// It holds nothing of the qualified hierarchy, and the public never gets here.
package link

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// ErrPeer: the other side has a good certificate, of a process that is not allowed here.
var ErrPeer = errors.New("this process is not allowed here")

// Config names a process's link directory.
type Config struct {
	// Dir holds ca.pem, cert.pem and key.pem (mode 0600).
	Dir string `json:"dir"`
}

// ServerTLS accepts connections from the named processes only.
func (c Config) ServerTLS(allowed ...string) (*tls.Config, error) {
	cert, ca, err := c.load()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    ca,
		VerifyConnection: func(s tls.ConnectionState) error {
			for _, name := range s.PeerCertificates[0].DNSNames {
				if slices.Contains(allowed, name) {
					return nil
				}
			}
			return ErrPeer
		},
	}, nil
}

// Client talks to the named process wherever its address leads, and to no other.
func (c Config) Client(peer string) (*http.Client, error) {
	cert, ca, err := c.load()
	if err != nil {
		return nil, err
	}
	return &http.Client{
		// Above the longest answer: a long poll of 25 s.
		Timeout: 60 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{
				MinVersion:   tls.VersionTLS13,
				Certificates: []tls.Certificate{cert},
				RootCAs:      ca,
				ServerName:   peer,
			},
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: 55 * time.Second,
			IdleConnTimeout:       90 * time.Second,
			MaxIdleConnsPerHost:   16,
			ForceAttemptHTTP2:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// Server wraps a handler with the timeouts of an internal API. config is that of ServerTLS; listen at addr
// with tls.NewListener or ServeTLS.
func Server(addr string, handler http.Handler, config *tls.Config) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           handler,
		TLSConfig:         config,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      55 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

func (c Config) load() (tls.Certificate, *x509.CertPool, error) {
	cert, err := tls.LoadX509KeyPair(filepath.Join(c.Dir, "cert.pem"), filepath.Join(c.Dir, "key.pem"))
	if err != nil {
		return cert, nil, fmt.Errorf("loading link certificate: %w", err)
	}
	b, err := os.ReadFile(filepath.Join(c.Dir, "ca.pem"))
	if err != nil {
		return cert, nil, fmt.Errorf("loading link CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return cert, nil, errors.New("loading link CA: no certificate in ca.pem")
	}
	return cert, pool, nil
}
