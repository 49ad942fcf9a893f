// Package statement is what the SAM says about a phone: "this key in my HSM is bound to these keys
// of one phone, for this application, and this is the code that the phone shows".
//
// A statement is a JWS in compact serialisation (RFC 7515) with ES256 (RFC 7518 section 3.4) over
// [Claims]. The issuer pins the SAM's key and issues for no other key than a statement names; the
// portal carries statements and can make none. The package holds no key and knows no phone.
package statement

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Type is the JWS header's typ: a statement can't be taken for another JWS of the same key.
const Type = "odnowa-statement+jws"

// MaxLength is the most bytes of a statement that is parsed.
const MaxLength = 16 << 10

// ErrInvalid covers every statement that is malformed, contradicts itself, or was not made by the
// pinned key.
var ErrInvalid = errors.New("statement is not valid")

type header struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
	KeyID     string `json:"kid"`
}

// KeyID names the SAM's key: the lower-case hexadecimal SHA-256 of its SubjectPublicKeyInfo.
func KeyID(pub *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("encoding statement key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// Sign makes a statement; claims that [Verify] would refuse are refused here too. The key is P-256
// and may live in an HSM: its Sign must answer with the ASN.1 form of the signature.
func Sign(key crypto.Signer, c Claims) (string, error) {
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return "", errors.New("signing statement: key is not P-256")
	}
	if err := c.check(); err != nil {
		return "", fmt.Errorf("signing statement: %w", err)
	}
	kid, err := KeyID(pub)
	if err != nil {
		return "", err
	}
	h, err := json.Marshal(header{Algorithm: "ES256", Type: Type, KeyID: kid})
	if err != nil {
		return "", fmt.Errorf("encoding statement header: %w", err)
	}
	p, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encoding statement: %w", err)
	}
	input := b64.EncodeToString(h) + "." + b64.EncodeToString(p)
	digest := sha256.Sum256([]byte(input))
	der, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("signing statement: %w", err)
	}
	raw, err := fixedSignature(der)
	if err != nil {
		return "", fmt.Errorf("signing statement: %w", err)
	}
	return input + "." + b64.EncodeToString(raw), nil
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
		// The decoder skips line breaks; a JWS has none.
		if raw[i], err = b64.DecodeString(p); err != nil || strings.ContainsAny(p, "\r\n") {
			return nil, errors.New("not base64url")
		}
	}
	kid, err := KeyID(key)
	if err != nil {
		return nil, err
	}
	var h header
	if err := decodeStrict(raw[0], &h); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if h != (header{Algorithm: "ES256", Type: Type, KeyID: kid}) {
		return nil, errors.New("header is not of a statement by the pinned key")
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
	var r, s big.Int
	in, seq := cryptobyte.String(der), cryptobyte.String(nil)
	if !in.ReadASN1(&seq, asn1.SEQUENCE) || !in.Empty() ||
		!seq.ReadASN1Integer(&r) || !seq.ReadASN1Integer(&s) || !seq.Empty() {
		return nil, errors.New("signer did not answer with an ASN.1 signature")
	}
	if r.Sign() <= 0 || s.Sign() <= 0 || r.BitLen() > 256 || s.BitLen() > 256 {
		return nil, errors.New("signature out of range")
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, nil
}
