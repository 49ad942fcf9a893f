// Package jws reads and makes JSON Web Signatures: compact serialisation (RFC 7515 section 7.1), ES256 (RFC
// 7518 section 3.4), and no other form or algorithm, whatever a header says (RFC 8725 section 3.1).
//
// There is one way to write what it takes: canonical base64url without padding, objects in which no member
// is given twice, names letter by letter. Headers with a member that the caller does not know are refused,
// crit among them. What the claims have to say, and who may sign what, is the caller's.
package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/odnowa/odnowa/protocol/strictjson"
)

// algorithm is the only one.
const algorithm = "ES256"

// Header is what every header has. Callers embed it in theirs.
type Header struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
}

// pinned is the header of a JWS by a key that its reader has: the key is only named.
type pinned struct {
	Header
	KeyID string `json:"kid"`
}

// Unverified is a JWS of the right form. Anybody can have written it.
type Unverified struct {
	Payload   []byte
	input     string
	signature []byte
}

// KeyID names a key: the lower-case hexadecimal SHA-256 of its SubjectPublicKeyInfo.
func KeyID(key *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("encoding public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// Sign makes a JWS of this typ over claims. The header has the key's KeyID as kid. The key is one for
// [SignES256].
func Sign(key crypto.Signer, typ string, claims any) (string, error) {
	pub, err := publicP256(key)
	if err != nil {
		return "", err
	}
	kid, err := KeyID(pub)
	if err != nil {
		return "", err
	}
	header, err := json.Marshal(pinned{Header{algorithm, typ}, kid})
	if err != nil {
		return "", fmt.Errorf("encoding header: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encoding claims: %w", err)
	}
	input := Encode(header) + "." + Encode(payload)
	signature, err := SignES256(key, []byte(input))
	if err != nil {
		return "", err
	}
	return input + "." + Encode(signature), nil
}

// Verify reads what Sign made with one of the pinned keys, of this typ and at most limit bytes, and its claims
// strictly ([strictjson.Read]).
func Verify(compact, typ string, limit int, keys []*ecdsa.PublicKey, claims any) error {
	var h pinned
	u, err := Parse(compact, typ, limit, &h)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if kid, err := KeyID(key); err != nil || kid != h.KeyID {
			continue
		}
		if err := u.Verify(key); err != nil {
			return err
		}
		if err := strictjson.Read(u.Payload, claims); err != nil {
			return fmt.Errorf("claims: %w", err)
		}
		return nil
	}
	return errors.New("key is not pinned")
}

// Parse takes a JWS of this typ and at most limit bytes apart and reads its header strictly; header embeds
// Header. It is for those who find the key by the header; others have Verify.
func Parse(compact, typ string, limit int, header any) (*Unverified, error) {
	if len(compact) > limit {
		return nil, errors.New("too long")
	}
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return nil, errors.New("not three parts")
	}
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = Decode(part); err != nil {
			return nil, err
		}
	}
	if err := strictjson.Read(raw[0], header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	var h Header
	if err := strictjson.ReadOpen(raw[0], &h); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if h != (Header{algorithm, typ}) {
		return nil, fmt.Errorf("header is not that of %s with %s", typ, algorithm)
	}
	return &Unverified{raw[1], parts[0] + "." + parts[1], raw[2]}, nil
}

// Verify checks the signature.
func (u *Unverified) Verify(key *ecdsa.PublicKey) error {
	if !VerifyES256(key, []byte(u.input), u.signature) {
		return errors.New("signature does not verify")
	}
	return nil
}

var b64 = base64.RawURLEncoding.Strict()

// Encode gives base64url without padding.
func Encode(b []byte) string { return b64.EncodeToString(b) }

// Decode takes the one base64url form of some bytes: no padding, no line breaks, no loose bits.
func Decode(s string) ([]byte, error) {
	b, err := b64.DecodeString(s)
	// Go's decoder passes over line breaks: then one JWS could be written in many ways.
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("not base64url")
	}
	return b, nil
}
