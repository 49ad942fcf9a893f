package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// half is the length of each of the two numbers of a signature, in bytes.
const half = 32

// SignES256 signs with a P-256 key, which may live in an HSM: its Sign has to answer with the ASN.1 form of
// the signature. The result is the 64 bytes of RFC 7518 section 3.4.
func SignES256(key crypto.Signer, input []byte) ([]byte, error) {
	if _, err := publicP256(key); err != nil {
		return nil, err
	}
	digest := sha256.Sum256(input)
	der, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	var r, s big.Int
	in, seq := cryptobyte.String(der), cryptobyte.String(nil)
	if !in.ReadASN1(&seq, asn1.SEQUENCE) || !in.Empty() ||
		!seq.ReadASN1Integer(&r) || !seq.ReadASN1Integer(&s) || !seq.Empty() {
		return nil, errors.New("signer did not answer with an ASN.1 signature")
	}
	if r.Sign() <= 0 || s.Sign() <= 0 || r.BitLen() > 8*half || s.BitLen() > 8*half {
		return nil, errors.New("signature out of range")
	}
	out := make([]byte, 2*half)
	r.FillBytes(out[:half])
	s.FillBytes(out[half:])
	return out, nil
}

// VerifyES256 checks a signature of 64 bytes.
func VerifyES256(key *ecdsa.PublicKey, input, signature []byte) bool {
	if len(signature) != 2*half || key.Curve != elliptic.P256() {
		return false
	}
	digest := sha256.Sum256(input)
	return ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
}

func publicP256(key crypto.Signer) (*ecdsa.PublicKey, error) {
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return nil, errors.New("key is not P-256")
	}
	return pub, nil
}
