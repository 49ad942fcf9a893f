// Package statement is what the SAM says about a phone: "this key in my HSM is bound to these keys
// of one phone, for this application, and this is the code that the phone shows".
//
// A statement is a JWS ([jws.Sign]) over [Claims]. The issuer pins the SAM's key and issues for no other key than a statement names; the
// portal carries statements and can make none. The package holds no key and knows no phone.
package statement

import (
	"crypto"
	"crypto/ecdsa"
	"errors"
	"fmt"

	"github.com/odnowa/odnowa/protocol/jws"
)

// Type is the JWS header's typ: a statement can't be taken for another JWS of the same key.
const Type = "odnowa-statement+jws"

// MaxLength is the most bytes of a statement that is parsed.
const MaxLength = 16 << 10

// ErrInvalid covers every statement that is malformed, contradicts itself, or was not made by the
// pinned key.
var ErrInvalid = errors.New("statement is not valid")

// Sign makes a statement; claims that [Verify] would refuse are refused here too. The key is P-256
// and may live in an HSM: its Sign must answer with the ASN.1 form of the signature.
func Sign(key crypto.Signer, c Claims) (string, error) {
	if err := c.check(); err != nil {
		return "", fmt.Errorf("signing statement: %w", err)
	}
	s, err := jws.Sign(key, Type, c)
	if err != nil {
		return "", fmt.Errorf("signing statement: %w", err)
	}
	return s, nil
}

// Verify checks a statement against the SAM's pinned key and gives its claims. The claims agree
// with each other: the request is for the key and signed by it, and the code follows from the keys.
// The error wraps ErrInvalid. How old a statement may be, and for which application it must be, is
// the caller's to decide.
func Verify(compact string, key *ecdsa.PublicKey) (*Claims, error) {
	c, err := verify(compact, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return c, nil
}

func verify(compact string, key *ecdsa.PublicKey) (*Claims, error) {
	var c Claims
	if err := jws.Verify(compact, Type, MaxLength, []*ecdsa.PublicKey{key}, &c); err != nil {
		return nil, err
	}
	return &c, c.check()
}
