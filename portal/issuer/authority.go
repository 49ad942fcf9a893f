package issuer

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"

	"github.com/odnowa/odnowa/portal/profile"
)

// Issuer makes certificates: the CA key in this process's token, or another CA's system.
type Issuer interface {
	// Issue makes the certificate of a transaction. It may be called again with the same values,
	// after a crash or a lost answer, and then gives the certificate of the first time.
	Issue(ctx context.Context, transaction string, r profile.Request) (*x509.Certificate, error)
}

// embedded has the CA key itself. It keeps no state: the serial number is the transaction's id, so
// that the same transaction gives the same bytes to sign, and an RSA key the same certificate.
type embedded struct {
	authority *profile.Authority
	key       crypto.Signer
}

func (e embedded) Issue(_ context.Context, transaction string, r profile.Request) (*x509.Certificate, error) {
	raw, err := hex.DecodeString(transaction)
	if err != nil || len(raw) != transactionBytes {
		return nil, fmt.Errorf("issuing: transaction id is malformed")
	}
	r.Serial = new(big.Int).SetBytes(raw)
	return e.authority.Issue(r, e.key)
}

const transactionBytes = 16

// newTransaction draws 126 random bits. As a serial number it is positive and always 127 bits long
// (RFC 5280 4.1.2.2).
func newTransaction() string {
	raw := make([]byte, transactionBytes)
	rand.Read(raw)
	raw[0] = raw[0]&0x3f | 0x40
	return hex.EncodeToString(raw)
}
