// Package seal is how the certificate authority says, to the agent of the person who is to sign,
// "these exact bytes, for this website, with this certificate, and this is what to show".
//
// A seal is a JWS in compact serialisation (RFC 7515) with ES256 (RFC 7518 section 3.4) over
// [Claims]. The agent pins the keys for each origin, checks the seal with [Verify], and compares
// the document with [Claims.Match]. The package parses no document: it looks only at the byte range
// that the seal names. It does not know who may seal for whom; that is the agent's policy.
package seal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"
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

type header struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
	KeyID     string `json:"kid"`
}

var (
	// ErrInvalid covers every seal that is malformed, or not made by a pinned key.
	ErrInvalid = errors.New("seal is not valid")
	// ErrExpired is a good seal outside its time.
	ErrExpired = errors.New("seal has expired")
	// ErrMismatch is a good seal for something else.
	ErrMismatch = errors.New("seal is for something else")
)

// KeyID names a key: the lower-case hexadecimal SHA-256 of its SubjectPublicKeyInfo.
func KeyID(pub *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("encoding seal key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// Sign makes a seal. The key is P-256 and may live in an HSM: its Sign must answer with the ASN.1
// form of the signature.
func Sign(key crypto.Signer, c Claims) (string, error) {
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return "", errors.New("signing seal: key is not P-256")
	}
	kid, err := KeyID(pub)
	if err != nil {
		return "", err
	}
	h, err := json.Marshal(header{Algorithm: "ES256", Type: Type, KeyID: kid})
	if err != nil {
		return "", fmt.Errorf("encoding seal header: %w", err)
	}
	p, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encoding seal: %w", err)
	}
	input := b64.EncodeToString(h) + "." + b64.EncodeToString(p)
	digest := sha256.Sum256([]byte(input))
	der, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("signing seal: %w", err)
	}
	raw, err := fixedSignature(der)
	if err != nil {
		return "", fmt.Errorf("signing seal: %w", err)
	}
	return input + "." + b64.EncodeToString(raw), nil
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
	if len(compact) > MaxLength {
		return nil, errors.New("too long")
	}
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return nil, errors.New("not three parts")
	}
	var raw [3][]byte
	for i, p := range parts {
		var err error
		// Go's decoder passes over line breaks: then one seal could be written in many ways.
		if raw[i], err = b64.DecodeString(p); err != nil || strings.ContainsAny(p, "\r\n") {
			return nil, errors.New("not base64url")
		}
	}
	var h header
	if err := decodeStrict(raw[0], &h); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if h.Algorithm != "ES256" || h.Type != Type {
		return nil, errors.New("header is not of a seal")
	}
	key, err := pick(keys, h.KeyID)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if len(raw[2]) != 64 || !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])) {
		return nil, errors.New("signature does not verify")
	}
	var c Claims
	if err := decodeStrict(raw[1], &c); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
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

func pick(keys []*ecdsa.PublicKey, kid string) (*ecdsa.PublicKey, error) {
	for _, k := range keys {
		if id, err := KeyID(k); err == nil && id == kid {
			return k, nil
		}
	}
	return nil, errors.New("key is not pinned")
}

var b64 = base64.RawURLEncoding.Strict()

func decodeStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("trailing data")
	}
	return nil
}

// fixedSignature turns the ASN.1 form of an ECDSA signature into the 64 bytes that JWS wants.
func fixedSignature(der []byte) ([]byte, error) {
	var s struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &s); err != nil || len(rest) != 0 {
		return nil, errors.New("signer did not answer with an ASN.1 signature")
	}
	if s.R.Sign() <= 0 || s.S.Sign() <= 0 || s.R.BitLen() > 256 || s.S.BitLen() > 256 {
		return nil, errors.New("signature out of range")
	}
	out := make([]byte, 64)
	s.R.FillBytes(out[:32])
	s.S.FillBytes(out[32:])
	return out, nil
}
