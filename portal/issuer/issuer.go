// Package issuer is the certificate authority's process. It alone reaches the CA's key: it draws up
// and seals what a person signs, verifies what they signed against its own records, issues, and
// answers OCSP, CRL and time-stamp requests.
//
// It trusts its database, its token and the pinned key of the SAM. It believes the portal nothing
// that matters: the portal carries signatures and statements, and each is verified here. The law it
// holds to is eIDAS Art. 24(1a)(b): the register, not the certificate, says whether a certificate may
// identify its holder for the next one, and what is not registered is refused. ISSUE.md next to this
// file follows one certificate from request to register.
package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"database/sql"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/profile"
)

// How long documents live. A seal tells agents until when to sign; a signature that was made in time
// may come in a day later, for the portal retries.
const (
	SealLife     = 24 * time.Hour
	DocumentLife = 48 * time.Hour
)

// Service is the issuer without its listeners.
type Service struct {
	config    Config
	authority *profile.Authority
	root      *x509.Certificate
	policy    string // the CA's own, dotted
	issuer    Issuer
	sealKey   crypto.Signer
	statement *ecdsa.PublicKey
	register  *Register
	db        *sql.DB
	audit     *audit.Log
	log       *zap.Logger
	now       func() time.Time

	// issuing lets one certificate be made at a time, so that a repeated request finds the first
	// one's result instead of making the CA sign twice.
	issuing sync.Mutex
}
