// Package seal is how the certificate authority says, to the agent of the person who is to sign,
// "these exact bytes, for this website, with this certificate, and this is what to show".
//
// A seal is a JWS ([jws.Sign]) over [Claims]. The agent pins the keys for each origin, checks the seal with [Verify], and compares
// the document with [Claims.Match]. The package parses no document: it looks only at the byte range
// that the seal names. It does not know who may seal for whom; that is the agent's policy.
package seal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/odnowa/odnowa/protocol/jws"
)

// Type is the JWS header's typ: a seal can't be taken for another JWS of the same key.
const Type = "odnowa-seal+jws"

// MaxLength is the most bytes of a seal that is parsed.
const MaxLength = 16 << 10

// Kind tells what gets signed.
type Kind string

// The kinds: the application is a PDF (PAdES), the confirmation a text (CAdES).
const (
	Application  Kind = "application"
	Confirmation Kind = "confirmation"
)

// Field is a fixed label of the trusted window. The window has the words for each, so that a seal
// cannot put words into the agent's mouth.
type Field string

// The fields.
const (
	FieldNumber    Field = "number"     // application number
	FieldSubject   Field = "subject"    // common name of the certificate that signs
	FieldMonths    Field = "months"     // validity of the new certificate in months
	FieldStart     Field = "start"      // first day of validity, YYYY-MM-DD
	FieldTarget    Field = "target"     // "cloud"
	FieldEmail     Field = "email"      // e-mail address for notices
	FieldPhone     Field = "phone"      // phone number for notices, E.164
	FieldPhoneCode Field = "phone_code" // six digits: the code that the phone shows
	FieldKey       Field = "key"        // SHA-256 of the new public key (SPKI), hexadecimal
)

// Shown is one line of the window.
type Shown struct {
	Field Field  `json:"field"`
	Value string `json:"value"`
}

// Claims is what a seal says.
type Claims struct {
	Kind   Kind   `json:"kind"`
	Origin string `json:"origin"`
	Number string `json:"number"`
	// Digest is the SHA-256 of the bytes that ByteRange names, or of the whole document.
	Digest []byte `json:"digest"`
	// ByteRange is that of ISO 32000-1 12.8.1: offset and length of the part before the
	// placeholder, offset and length of that after it. Absent: the whole document.
	ByteRange []int `json:"byteRange,omitempty"`
	// Certificate is the SHA-256 of the DER of the one that is to sign.
	Certificate []byte  `json:"certificate"`
	Show        []Shown `json:"show"`
	IssuedAt    int64   `json:"iat"` // seconds since the epoch
	ExpiresAt   int64   `json:"exp"`
}

var (
	// ErrInvalid covers every seal that is malformed, or not made by a pinned key.
	ErrInvalid = errors.New("seal is not valid")
	// ErrExpired is a good seal outside its time.
	ErrExpired = errors.New("seal has expired")
	// ErrMismatch is a good seal for something else.
	ErrMismatch = errors.New("seal is for something else")
)

// Sign makes a seal. The key is P-256 and may live in an HSM: its Sign must answer with the ASN.1
// form of the signature.
func Sign(key crypto.Signer, c Claims) (string, error) {
	s, err := jws.Sign(key, Type, c)
	if err != nil {
		return "", fmt.Errorf("signing seal: %w", err)
	}
	return s, nil
}

// Verify checks a seal against the pinned keys at the time now and gives its claims.
// The error is ErrInvalid or ErrExpired.
func Verify(compact string, keys []*ecdsa.PublicKey, now time.Time) (*Claims, error) {
	c, err := verify(compact, keys)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	// A minute of clock difference is allowed at the start: people's clocks are not the CA's.
	if now.Unix() < c.IssuedAt-60 || now.Unix() >= c.ExpiresAt {
		return nil, ErrExpired
	}
	return c, nil
}

func verify(compact string, keys []*ecdsa.PublicKey) (*Claims, error) {
	var c Claims
	if err := jws.Verify(compact, Type, MaxLength, keys, &c); err != nil {
		return nil, err
	}
	return &c, c.check()
}

func (c *Claims) check() error {
	switch {
	case c.Kind != Application && c.Kind != Confirmation:
		return errors.New("unknown kind")
	case c.Origin == "" || c.Number == "":
		return errors.New("no origin or number")
	case len(c.Digest) != sha256.Size || len(c.Certificate) != sha256.Size:
		return errors.New("hash of wrong length")
	case len(c.ByteRange) != 0 && len(c.ByteRange) != 4:
		return errors.New("byte range is not four numbers")
	}
	return nil
}

// Match checks that the seal is for this origin, this certificate (DER) and this document (ISO
// 32000-1 12.8.1): the gap in the byte range is exactly one hexadecimal string of zeros, and the
// bytes around it hash to the seal's digest. It returns the bytes that get signed.
func (c *Claims) Match(origin string, certificate, document []byte) ([]byte, error) {
	if origin != c.Origin {
		return nil, fmt.Errorf("%w: another website", ErrMismatch)
	}
	if sum := sha256.Sum256(certificate); !bytes.Equal(sum[:], c.Certificate) {
		return nil, fmt.Errorf("%w: another certificate", ErrMismatch)
	}
	signed := document
	if c.Kind == Application {
		var err error
		if signed, err = outsidePlaceholder(document, c.ByteRange); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMismatch, err)
		}
	} else if len(c.ByteRange) != 0 {
		return nil, fmt.Errorf("%w: byte range in a confirmation", ErrMismatch)
	}
	if sum := sha256.Sum256(signed); !bytes.Equal(sum[:], c.Digest) {
		return nil, fmt.Errorf("%w: another document", ErrMismatch)
	}
	return signed, nil
}

func outsidePlaceholder(doc []byte, r []int) ([]byte, error) {
	if len(r) != 4 {
		return nil, errors.New("no byte range")
	}
	start, end := r[1], r[2]
	if r[0] != 0 || start < 1 || end < start+2 || end > len(doc) || r[3] != len(doc)-end {
		return nil, errors.New("byte range does not cover the document")
	}
	gap := doc[start:end]
	if gap[0] != '<' || gap[len(gap)-1] != '>' || strings.Trim(string(gap[1:len(gap)-1]), "0") != "" {
		return nil, errors.New("the gap is not an empty signature placeholder")
	}
	return append(doc[:start:start], doc[end:]...), nil
}
