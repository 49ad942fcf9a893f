package statement

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
)

// NonceSize is the length of the nonce, in bytes.
const NonceSize = 32

// Claims is what a statement says. Keys are DER SubjectPublicKeyInfo.
type Claims struct {
	Enrolment string `json:"enrolment"`
	Number    string `json:"number"`    // of the application
	Key       []byte `json:"key"`       // in the HSM, P-256: the one to certify
	Request   []byte `json:"csr"`       // PKCS#10, DER, signed by Key: proof that the SAM can use it
	DeviceKey []byte `json:"deviceKey"` // P-256, cannot leave the phone
	PINKey    []byte `json:"pinKey"`    // Ed25519, made of the PIN and the phone's secret
	BackupKey []byte `json:"backupKey"` // P-256, restores the phone's part
	Nonce     []byte `json:"nonce"`     // the SAM's, drawn after all keys were fixed
	Code      string `json:"code"`      // six digits, see Code
	IssuedAt  int64  `json:"iat"`       // seconds since the epoch
}

// Code gives the six digits that the phone and the agent's window show. They follow from all keys
// and the SAM's nonce, so that neither a second phone nor another key can lead to the same digits
// otherwise than by luck, one in a million; the nonce comes last so that nobody can search for
// keys that lead to a code. The computation is repeated by the phone itself.
func Code(deviceKey, pinKey, backupKey, key, nonce []byte) string {
	h := sha256.New()
	h.Write([]byte("odnowa-enrolment-v1"))
	for _, part := range [][]byte{deviceKey, pinKey, backupKey, key, nonce} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(h.Sum(nil))%1_000_000)
}

func (c *Claims) check() error {
	if c.Enrolment == "" || c.Number == "" || c.IssuedAt <= 0 {
		return errors.New("no enrolment, number or time")
	}
	for _, k := range [][]byte{c.Key, c.DeviceKey, c.BackupKey} {
		if _, err := ParseP256(k); err != nil {
			return err
		}
	}
	if _, err := ParseEd25519(c.PINKey); err != nil {
		return err
	}
	if bytes.Equal(c.DeviceKey, c.BackupKey) || bytes.Equal(c.DeviceKey, c.Key) || bytes.Equal(c.BackupKey, c.Key) {
		return errors.New("one key in two roles")
	}
	if len(c.Nonce) != NonceSize {
		return errors.New("nonce of wrong length")
	}
	if c.Code != Code(c.DeviceKey, c.PINKey, c.BackupKey, c.Key, c.Nonce) {
		return errors.New("code does not follow from the keys")
	}
	return c.checkRequest()
}

func (c *Claims) checkRequest() error {
	csr, err := x509.ParseCertificateRequest(c.Request)
	if err != nil {
		return errors.New("certificate request is malformed")
	}
	if err := csr.CheckSignature(); err != nil {
		return errors.New("certificate request does not verify")
	}
	if !bytes.Equal(csr.RawSubjectPublicKeyInfo, c.Key) {
		return errors.New("certificate request is for another key")
	}
	return nil
}

// ParseP256 reads a SubjectPublicKeyInfo of a P-256 key; only the one DER encoding of a key passes,
// so that keys can be compared as bytes.
func ParseP256(spki []byte) (*ecdsa.PublicKey, error) {
	pub, err := parseSPKI(spki)
	if k, ok := pub.(*ecdsa.PublicKey); err == nil && ok && k.Curve == elliptic.P256() {
		return k, nil
	}
	return nil, errors.New("not a P-256 key")
}

// ParseEd25519 reads a SubjectPublicKeyInfo of an Ed25519 key (RFC 8410).
func ParseEd25519(spki []byte) (ed25519.PublicKey, error) {
	pub, err := parseSPKI(spki)
	if k, ok := pub.(ed25519.PublicKey); err == nil && ok {
		return k, nil
	}
	return nil, errors.New("not an Ed25519 key")
}

func parseSPKI(spki []byte) (any, error) {
	pub, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, err
	}
	again, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil || !bytes.Equal(again, spki) {
		return nil, errors.New("not in its one encoding")
	}
	return pub, nil
}
