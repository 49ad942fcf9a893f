package cades

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // links SHA-256
	_ "crypto/sha512" // links SHA-384 and SHA-512
	"encoding/asn1"
	"errors"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Algorithm is a signature algorithm by its JOSE name (RFC 7518 section 3.1): key type, padding,
// hash, and with ECDSA the curve.
type Algorithm string

// The algorithms. There will be no others without a new version of the format.
const (
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
)

// Bounds of an RSA modulus in bits: shorter is weak, longer only burns the verifier's time.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// scheme is what an Algorithm means. The identifiers are whole DER AlgorithmIdentifiers: the parser
// compares them and never reads parameters.
type scheme struct {
	algorithm Algorithm
	hash      crypto.Hash
	curve     elliptic.Curve // nil with RSA
	pss       bool
	signature []byte // as signatureAlgorithm
	digest    []byte // as digestAlgorithm and in ESSCertIDv2
}

// schemes are in the order in which AlgorithmsFor offers them.
var schemes = []scheme{
	pkcs1(RS256, crypto.SHA256, 11),
	pkcs1(RS384, crypto.SHA384, 12),
	pkcs1(RS512, crypto.SHA512, 13),
	pss(PS256, crypto.SHA256),
	pss(PS384, crypto.SHA384),
	pss(PS512, crypto.SHA512),
	ecdsaWith(ES256, crypto.SHA256, elliptic.P256(), 2),
	ecdsaWith(ES384, crypto.SHA384, elliptic.P384(), 3),
	ecdsaWith(ES512, crypto.SHA512, elliptic.P521(), 4),
}

// AlgorithmsFor gives the algorithms that fit a key, the most widely verified first; none if the
// key is of another type, curve or size (RSA: 2048 to 8192 bits). What a card can do is its own
// matter.
func AlgorithmsFor(pub crypto.PublicKey) []Algorithm {
	var fitting []Algorithm
	for _, s := range schemes {
		if s.fits(pub) {
			fitting = append(fitting, s.algorithm)
		}
	}
	return fitting
}

// Hash gives the algorithm's hash, 0 for an unknown algorithm.
func (a Algorithm) Hash() crypto.Hash {
	s, _ := a.scheme()
	return s.hash
}

// PSS tells whether the padding is RSASSA-PSS.
func (a Algorithm) PSS() bool {
	s, _ := a.scheme()
	return s.pss
}

// SignerOpts is what a crypto.Signer wants beside the hash. With PSS the salt is as long as the hash.
func (a Algorithm) SignerOpts() crypto.SignerOpts {
	s, _ := a.scheme()
	if s.pss {
		return s.pssOptions()
	}
	return s.hash
}

// Sum hashes content as NewRequest and Verify want it: with the algorithm's hash. It gives nil for
// an unknown algorithm, which both refuse.
func (a Algorithm) Sum(content []byte) []byte {
	s, ok := a.scheme()
	if !ok {
		return nil
	}
	return s.sum(content)
}

// ECDSAToASN1 turns the signature of a PKCS#11 token, r and s side by side (PKCS #11 v3.0 section
// 2.3.1), into the ASN.1 form that CMS wants (RFC 5753 section 7.2). raw is as long as that of
// P-256, P-384 or P-521.
func ECDSAToASN1(raw []byte) ([]byte, error) {
	if len(raw) != 64 && len(raw) != 96 && len(raw) != 132 {
		return nil, errors.New("encoding ECDSA signature: length fits no curve")
	}
	r := new(big.Int).SetBytes(raw[:len(raw)/2])
	s := new(big.Int).SetBytes(raw[len(raw)/2:])
	if r.Sign() == 0 || s.Sign() == 0 {
		return nil, errors.New("encoding ECDSA signature: zero")
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r)
		b.AddASN1BigInt(s)
	})
	return b.Bytes()
}

func (a Algorithm) scheme() (scheme, bool) {
	for _, s := range schemes {
		if s.algorithm == a {
			return s, true
		}
	}
	return scheme{}, false
}

func (s scheme) fits(pub crypto.PublicKey) bool {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return s.curve == nil && k.N != nil && k.N.BitLen() >= minRSABits && k.N.BitLen() <= maxRSABits
	case *ecdsa.PublicKey:
		return s.curve != nil && k.Curve == s.curve
	}
	return false
}

func (s scheme) sum(data []byte) []byte {
	h := s.hash.New()
	h.Write(data)
	return h.Sum(nil)
}

func (s scheme) pssOptions() *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: s.hash.Size(), Hash: s.hash}
}

// verify tells whether value signs signed with the key. It is false for a key that does not fit.
func (s scheme) verify(pub crypto.PublicKey, signed, value []byte) bool {
	if !s.fits(pub) {
		return false
	}
	digest := s.sum(signed)
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if s.pss {
			return rsa.VerifyPSS(k, s.hash, digest, value, s.pssOptions()) == nil
		}
		return rsa.VerifyPKCS1v15(k, s.hash, digest, value) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, digest, value)
	}
	return false
}

// wellFormed tells whether value has the form of a signature by the key: RSA as long as the
// modulus, ECDSA a DER SEQUENCE of two positive integers no longer than the curve's order.
func (s scheme) wellFormed(pub crypto.PublicKey, value []byte) bool {
	if k, ok := pub.(*rsa.PublicKey); ok {
		return len(value) == k.Size()
	}
	in := cryptobyte.String(value)
	var pair cryptobyte.String
	if !in.ReadASN1(&pair, casn1.SEQUENCE) || !in.Empty() {
		return false
	}
	for range 2 {
		n := new(big.Int)
		if !pair.ReadASN1Integer(n) || n.Sign() <= 0 || n.Cmp(s.curve.Params().N) >= 0 {
			return false
		}
	}
	return pair.Empty()
}

// pkcs1 is sha*WithRSAEncryption (RFC 8017 appendix A.2.4); parameters are NULL (RFC 4055 section 5).
func pkcs1(a Algorithm, h crypto.Hash, last int) scheme {
	id := algorithmID(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, last}, (*cryptobyte.Builder).AddASN1NULL)
	return scheme{algorithm: a, hash: h, signature: id, digest: digestID(h)}
}

// pss is RSASSA-PSS (RFC 4055 section 3.1) with MGF1 over the same hash and a salt of its length.
// The hash identifiers inside have NULL parameters, as RFC 4055 section 2.1 writes them.
func pss(a Algorithm, h crypto.Hash) scheme {
	null := (*cryptobyte.Builder).AddASN1NULL
	hashID := algorithmID(hashOID(h), null)
	mgf1ID := algorithmID(oidMGF1, func(b *cryptobyte.Builder) { b.AddBytes(hashID) })
	id := algorithmID(oidPSS, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) { b.AddBytes(hashID) })
			b.AddASN1(contextTag(1), func(b *cryptobyte.Builder) { b.AddBytes(mgf1ID) })
			b.AddASN1(contextTag(2), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(h.Size())) })
		})
	})
	return scheme{algorithm: a, hash: h, pss: true, signature: id, digest: digestID(h)}
}

// ecdsaWith is ecdsa-with-SHA* (RFC 5758 section 3.2); parameters are absent.
func ecdsaWith(a Algorithm, h crypto.Hash, c elliptic.Curve, last int) scheme {
	id := algorithmID(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, last}, nil)
	return scheme{algorithm: a, hash: h, curve: c, signature: id, digest: digestID(h)}
}

// digestID is a hash's identifier in CMS; parameters are absent (RFC 5754 section 2).
func digestID(h crypto.Hash) []byte { return algorithmID(hashOID(h), nil) }

func hashOID(h crypto.Hash) asn1.ObjectIdentifier {
	last := map[crypto.Hash]int{crypto.SHA256: 1, crypto.SHA384: 2, crypto.SHA512: 3}[h]
	return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, last}
}

func algorithmID(oid asn1.ObjectIdentifier, parameters func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if parameters != nil {
			parameters(b)
		}
	})
	return b.BytesOrPanic()
}
