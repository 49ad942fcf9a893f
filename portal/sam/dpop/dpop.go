// Package dpop reads proofs of possession (RFC 9449): a program signs each of its requests with a key
// that stays with it, so that who reads a request or an access token on the way can't make another.
//
// It checks form, signature, method, address, time, token and body. Whether the key is one that is
// known and whether the proof was used before is the caller's to say, with [Proof.Key] and [Proof.ID].
package dpop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/odnowa/odnowa/protocol/jws"
	"github.com/odnowa/odnowa/protocol/strictjson"
)

// Type is the JWS header's typ (RFC 9449 section 4.2).
const Type = "dpop+jwt"

// Leeway is how far a proof's iat may be from now, in both directions: clocks of computers are wrong.
const Leeway = 120 * time.Second

// maxLength is the most bytes of a proof, maxID those of its jti.
const (
	maxLength = 4 << 10
	maxID     = 128
)

// ErrInvalid covers every proof that is malformed, of another request, out of time, or not signed by
// the key that it names.
var ErrInvalid = errors.New("DPoP proof is not valid")

// Request is what a proof has to be for.
type Request struct {
	Method string
	URL    string // as the program sees it, without query and fragment
	Token  string // access token that came along, or empty
	Body   []byte
	Now    time.Time
}

// Proof is a proof that holds for its request.
type Proof struct {
	Key []byte // SubjectPublicKeyInfo of the P-256 key, in its one encoding
	ID  string // jti: the caller takes each once
}

type header struct {
	jws.Header
	Key jwk `json:"jwk"`
}

// jwk is a public P-256 key (RFC 7518 section 6.2.1). A private member is unknown, and refused.
type jwk struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	Y     string `json:"y"`
}

// claims ignores members that it doesn't know (RFC 7519 section 4).
type claims struct {
	ID       string `json:"jti"`
	Method   string `json:"htm"`
	URL      string `json:"htu"`
	IssuedAt int64  `json:"iat"`
	Token    string `json:"ath"`
	// Body is the base64url SHA-256 of the request's body. RFC 9449 does not have it: a proof by
	// itself says nothing about the body, and the portal, which carries requests, could exchange it.
	// A program that gives it is safe from that; one that does not, is not.
	Body *string `json:"bh"`
}

// Check reads a proof and holds it against its request. The error wraps ErrInvalid.
func Check(proof string, r Request) (*Proof, error) {
	p, err := check(proof, r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return p, nil
}

func check(proof string, r Request) (*Proof, error) {
	var h header
	u, err := jws.Parse(proof, Type, maxLength, &h)
	if err != nil {
		return nil, err
	}
	key, err := h.Key.public()
	if err != nil {
		return nil, err
	}
	if err := u.Verify(key); err != nil {
		return nil, err
	}
	var c claims
	if err := strictjson.ReadOpen(u.Payload, &c); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	if err := c.hold(r); err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	return &Proof{Key: spki, ID: c.ID}, err
}

// hold holds the claims against the request (RFC 9449 section 4.3).
func (c *claims) hold(r Request) error {
	switch {
	case c.ID == "" || len(c.ID) > maxID:
		return errors.New("no jti")
	case c.Method != r.Method || c.URL != r.URL:
		return errors.New("for another request")
	case time.Unix(c.IssuedAt, 0).Sub(r.Now).Abs() > Leeway:
		return errors.New("out of time")
	case r.Token != "" && c.Token != hash([]byte(r.Token)):
		return errors.New("for another token")
	case c.Body != nil && *c.Body != hash(r.Body):
		return errors.New("for another body")
	}
	return nil
}

func (k jwk) public() (*ecdsa.PublicKey, error) {
	x, errX := jws.Decode(k.X)
	y, errY := jws.Decode(k.Y)
	if errors.Join(errX, errY) != nil || k.Type != "EC" || k.Curve != "P-256" || len(x) != 32 || len(y) != 32 {
		return nil, errors.New("not a P-256 key")
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return jws.Encode(sum[:])
}
