package issuer

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"time"
)

// A CRL is made when it is asked for and the last one is older than crlAge, or something was revoked
// since; it may be believed for crlLife. Nobody can make the CA sign more often by asking more.
const (
	crlAge  = time.Hour
	crlLife = 24 * time.Hour
)

// crls serves the CRL of the issuing CA, and the root's as a file.
type crls struct {
	service *Service
	key     crypto.Signer // of the issuing CA
	rootDER []byte

	mu      sync.Mutex // guards the fields that follow
	der     []byte
	made    time.Time
	entries int
}

func (c *crls) root(w http.ResponseWriter, _ *http.Request) {
	deliver(w, "application/pkix-crl", c.rootDER) // RFC 2585 section 3
}

func (c *crls) issuing(w http.ResponseWriter, r *http.Request) {
	der, err := c.current(r.Context())
	if err != nil {
		c.service.fail(w, r, err)
		return
	}
	deliver(w, "application/pkix-crl", der)
}

func (c *crls) current(ctx context.Context) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entries, err := c.service.register.revoked(ctx)
	if err != nil {
		return nil, err
	}
	now := c.service.now().UTC().Truncate(time.Second)
	// Entries are never removed, so that their number tells whether there is a new one.
	if c.der != nil && now.Before(c.made.Add(crlAge)) && len(entries) == c.entries {
		return c.der, nil
	}
	var number int64
	if err := c.service.db.QueryRowContext(ctx, `UPDATE crl SET number = number + 1 RETURNING number`).Scan(&number); err != nil {
		return nil, fmt.Errorf("numbering CRL: %w", err)
	}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(number), ThisUpdate: now, NextUpdate: now.Add(crlLife), RevokedCertificateEntries: entries,
	}, c.service.authority.Certificate, c.key)
	if err != nil {
		return nil, fmt.Errorf("signing CRL: %w", err)
	}
	c.der, c.made, c.entries = der, now, len(entries)
	return der, nil
}
