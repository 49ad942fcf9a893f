package pkcs11

import (
	"crypto"
	"fmt"
)

// Mechanism types (CK_MECHANISM_TYPE).
const (
	MechanismRSA   uint = 0x0001 // CKM_RSA_PKCS: RSASSA-PKCS1-v1_5 over a DigestInfo
	MechanismPSS   uint = 0x000D // CKM_RSA_PKCS_PSS over a digest
	MechanismECDSA uint = 0x1041 // CKM_ECDSA over a digest; the signature is r||s
)

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

// Signing is one mechanism over one digest, ready for a key.
type Signing struct {
	mechanism uint
	parameter []byte
	data      []byte
}

// NewSigning prepares to sign a digest made by hash (SHA-256, SHA-384 or SHA-512). PSS uses the same
// hash in MGF1 and a salt as long as the digest, as RFC 7518 section 3.5 wants.
func NewSigning(mechanism uint, hash crypto.Hash, digest []byte) (*Signing, error) {
	h, ok := hashes[hash]
	if !ok {
		return nil, fmt.Errorf("preparing signature: unknown hash %v", hash)
	}
	if len(digest) != hash.Size() {
		return nil, fmt.Errorf("preparing signature: digest has %d bytes, not %d", len(digest), hash.Size())
	}
	s := &Signing{mechanism: mechanism, data: digest}
	switch mechanism {
	case MechanismRSA:
		s.data = append(append([]byte(nil), h.prefix...), digest...)
	case MechanismPSS: // CK_RSA_PKCS_PSS_PARAMS: hashAlg, mgf, sLen
		s.parameter = appendUlong(s.parameter, h.mechanism)
		s.parameter = appendUlong(s.parameter, h.mgf)
		s.parameter = appendUlong(s.parameter, uint(hash.Size()))
	case MechanismECDSA:
	default:
		return nil, fmt.Errorf("preparing signature: unknown mechanism 0x%X", mechanism)
	}
	return s, nil
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
