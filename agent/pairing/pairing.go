// Package pairing has what a browser and the agent's service do once to know each other, and on
// each connection to prove it. service/PAIRING.md describes both on the wire; the functions here are
// for either side.
//
// Pairing is a key agreement (X25519) whose result a person authenticates by comparing six digits
// in two windows, as in Bluetooth's numeric comparison: the browser commits to a nonce before it
// sees the service's, so that somebody in between has one guess in a million. Proving is an HMAC
// over both sides' nonces. Nothing here does I/O but the Store.
package pairing

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
)

// NonceSize is the length of nonces, in bytes.
const NonceSize = 32

// Labels keep the hashes of the protocol apart.
const (
	labelCommit = "odnowa-pair-commit-v1"
	labelCode   = "odnowa-pair-code-v1"
	labelSecret = "odnowa-pair-secret-v1"
	labelClient = "odnowa-prove-client-v1"
	labelServer = "odnowa-prove-server-v1"
)

// ErrKey is a public key that is none.
var ErrKey = errors.New("not an X25519 public key")

// Secret is what a paired browser and the service share: 256 bits.
type Secret [32]byte

// Exchange is what both sides of a pairing know when it is done. Keys are X25519 public keys.
type Exchange struct {
	Origin                   string // of the extension
	ClientKey, ServerKey     []byte
	ClientNonce, ServerNonce []byte
}

// NewNonce makes a nonce.
func NewNonce() []byte {
	n := make([]byte, NonceSize)
	rand.Read(n) // never fails (crypto/rand)
	return n
}

// NewKey makes a key for one pairing.
func NewKey() (*ecdh.PrivateKey, error) { return ecdh.X25519().GenerateKey(rand.Reader) }

// Commitment is what the browser sends of its nonce before it sees the service's.
func Commitment(clientKey, clientNonce []byte) []byte {
	return digest(labelCommit, clientKey, clientNonce)
}

// Code is the six digits that both windows show.
func (e Exchange) Code() string {
	d := digest(labelCode, e.fields()...)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(d)%1_000_000)
}

// Secret agrees on the secret with one side's private key and the other side's public one.
func (e Exchange) Secret(own *ecdh.PrivateKey, other []byte) (Secret, error) {
	var s Secret
	pub, err := ecdh.X25519().NewPublicKey(other)
	if err != nil {
		return s, ErrKey
	}
	shared, err := own.ECDH(pub)
	if err != nil { // a point of low order
		return s, ErrKey
	}
	defer clear(shared)
	key, err := hkdf.Key(sha256.New, shared, digest(labelSecret, e.fields()...), labelSecret, len(s))
	if err != nil {
		return s, err
	}
	defer clear(key)
	copy(s[:], key)
	return s, nil
}

func (e Exchange) fields() [][]byte {
	return [][]byte{[]byte(e.Origin), e.ClientKey, e.ServerKey, e.ClientNonce, e.ServerNonce}
}

// Challenge is what a proof is over: one connection, for one pairing.
type Challenge struct {
	Origin                   string // of the extension
	Pairing                  string // its id
	ServerNonce, ClientNonce []byte
}

// ClientProof is what the browser shows.
func (s Secret) ClientProof(c Challenge) []byte { return s.proof(labelClient, c) }

// ServerProof is what the service shows in return.
func (s Secret) ServerProof(c Challenge) []byte { return s.proof(labelServer, c) }

// CheckClient says whether the browser's proof is right.
func (s Secret) CheckClient(c Challenge, proof []byte) bool {
	return subtle.ConstantTimeCompare(proof, s.ClientProof(c)) == 1
}

func (s Secret) proof(label string, c Challenge) []byte {
	m := hmac.New(sha256.New, s[:])
	m.Write(encode(label, []byte(c.Origin), []byte(c.Pairing), c.ServerNonce, c.ClientNonce))
	return m.Sum(nil)
}

func digest(label string, fields ...[]byte) []byte {
	d := sha256.Sum256(encode(label, fields...))
	return d[:]
}

// encode writes label and fields so that no two lists of fields give the same bytes: each after its
// length as four bytes, big-endian.
func encode(label string, fields ...[]byte) []byte {
	var out []byte
	for _, f := range append([][]byte{[]byte(label)}, fields...) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(f)))
		out = append(out, f...)
	}
	return out
}
