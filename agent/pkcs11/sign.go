package pkcs11

import (
	"crypto"
	"fmt"
	"slices"
)

// Scheme is a signature scheme, whichever mechanism a token has for it.
type Scheme string

// The schemes.
const (
	PKCS1 Scheme = "pkcs1" // RSASSA-PKCS1-v1_5
	PSS   Scheme = "pss"   // RSASSA-PSS; MGF1 with the same hash, a salt as long as the digest (RFC 7518 section 3.5)
	ECDSA Scheme = "ecdsa" // ECDSA; the signature is r||s
)

// The mechanisms that get a digest (CK_MECHANISM_TYPE).
const (
	MechanismRSA   uint = 0x0001 // CKM_RSA_PKCS, over a DigestInfo
	MechanismPSS   uint = 0x000D // CKM_RSA_PKCS_PSS
	MechanismECDSA uint = 0x1041 // CKM_ECDSA
)

// schemes has each scheme's mechanism for a digest, and those with which the token hashes by itself, such as
// CKM_SHA256_RSA_PKCS.
var schemes = map[Scheme]struct {
	raw     uint
	hashing map[crypto.Hash]uint
}{
	PKCS1: {MechanismRSA, map[crypto.Hash]uint{crypto.SHA256: 0x40, crypto.SHA384: 0x41, crypto.SHA512: 0x42}},
	PSS:   {MechanismPSS, map[crypto.Hash]uint{crypto.SHA256: 0x43, crypto.SHA384: 0x44, crypto.SHA512: 0x45}},
	ECDSA: {MechanismECDSA, map[crypto.Hash]uint{crypto.SHA256: 0x1044, crypto.SHA384: 0x1045, crypto.SHA512: 0x1046}},
}

// Raw is the mechanism that gets a digest, 0 for an unknown scheme.
func (s Scheme) Raw() uint { return schemes[s].raw }

// Hashing is the mechanism that gets the message itself, 0 for an unknown scheme or hash.
func (s Scheme) Hashing(hash crypto.Hash) uint { return schemes[s].hashing[hash] }

// Usable gives those of a token's mechanisms that sign by this scheme with this hash. The one that gets a digest
// comes first: every card has it done by its key alone, while hashing is done by the card, slowly, or by the
// module.
func (s Scheme) Usable(hash crypto.Hash, token []uint) []uint {
	var usable []uint
	for _, m := range []uint{s.Raw(), s.Hashing(hash)} {
		if m != 0 && slices.Contains(token, m) {
			usable = append(usable, m)
		}
	}
	return usable
}

// Known tells whether this package signs with a mechanism.
func Known(mechanism uint) bool {
	for _, s := range schemes {
		if s.raw == mechanism {
			return true
		}
		for _, m := range s.hashing {
			if m == mechanism {
				return true
			}
		}
	}
	return false
}

// maxSignature holds the signature of RSA with 16384 bits.
const maxSignature = 2048

// hashes has, for each hash, CK_MECHANISM_TYPE, CK_RSA_PKCS_MGF_TYPE and the bytes of DigestInfo before
// the digest (RFC 8017 section 9.2 note 1).
var hashes = map[crypto.Hash]struct {
	mechanism, mgf uint
	prefix         []byte
}{
	crypto.SHA256: {0x250, 2, []byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20")},
	crypto.SHA384: {0x260, 3, []byte("\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30")},
	crypto.SHA512: {0x270, 4, []byte("\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40")},
}

// Signing is one mechanism over one message, ready for a key.
type Signing struct {
	mechanism uint
	parameter []byte
	data      []byte
}

// NewSigning prepares to sign a message by a scheme and hash (SHA-256, SHA-384 or SHA-512) with one of
// the scheme's mechanisms: [Scheme.Raw], for which the message is hashed here, or [Scheme.Hashing].
func NewSigning(scheme Scheme, hash crypto.Hash, mechanism uint, message []byte) (*Signing, error) {
	h, ok := hashes[hash]
	if !ok {
		return nil, fmt.Errorf("preparing signature: unknown hash %v", hash)
	}
	s := &Signing{mechanism: mechanism, data: message}
	switch mechanism {
	case 0:
		return nil, fmt.Errorf("preparing signature: unknown scheme %.20q", string(scheme))
	case scheme.Raw():
		s.data = sum(hash, message)
		if scheme == PKCS1 {
			s.data = append(slices.Clone(h.prefix), s.data...)
		}
	case scheme.Hashing(hash):
	default:
		return nil, fmt.Errorf("preparing signature: mechanism 0x%X is not one of %s with %v", mechanism, scheme, hash)
	}
	if scheme == PSS { // CK_RSA_PKCS_PSS_PARAMS: hashAlg, mgf, sLen
		s.parameter = appendUlong(s.parameter, h.mechanism)
		s.parameter = appendUlong(s.parameter, h.mgf)
		s.parameter = appendUlong(s.parameter, uint(hash.Size()))
	}
	return s, nil
}

func sum(hash crypto.Hash, message []byte) []byte {
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// SignInit begins signing with key. [Session.LoginContext] may follow, then [Session.Sign].
func (s *Session) SignInit(signing *Signing, key Object) error {
	var mem memory
	defer mem.release()
	// CK_MECHANISM: mechanism, pParameter, ulParameterLen
	mechanism := appendUlong(nil, signing.mechanism)
	mechanism = appendPointer(mechanism, mem.address(signing.parameter))
	mechanism = appendUlong(mechanism, uint(len(signing.parameter)))
	return s.module.call(fnSignInit, s.handle, mem.address(mechanism), uintptr(key))
}

// Sign ends what SignInit began and gives the signature: for RSA as it stands, for ECDSA r||s. C_Sign is
// called once, with a buffer that is large enough, never first for the length: some modules sign twice.
func (s *Session) Sign(signing *Signing) ([]byte, error) {
	var mem memory
	defer mem.release()
	signature := make([]byte, maxSignature)
	length := appendUlong(nil, maxSignature)
	err := s.module.call(fnSign, s.handle, mem.address(signing.data), uintptr(len(signing.data)),
		mem.address(signature), mem.address(length))
	if err != nil {
		return nil, err
	}
	n := readUlong(length)
	if n == 0 || n > maxSignature {
		return nil, fmt.Errorf("module gave a signature of %d bytes", n)
	}
	return signature[:n], nil
}
