package hsm

import (
	"crypto/sha1"
	"crypto/x509"
	"fmt"

	"github.com/ThalesIgnite/crypto11"
)

// ImportCertificate puts a certificate beside the key of this label, with the same CKA_ID and label,
// as cards have it. Where there is no such key (a CA's certificate), CKA_ID is the SHA-1 of the
// public key's encoding.
func (t *Token) ImportCertificate(label string, cert *x509.Certificate) error {
	sum := sha1.Sum(cert.RawSubjectPublicKeyInfo)
	id := sum[:]
	if key, err := t.find(label); err == nil {
		attribute, err := t.ctx.GetAttribute(key, crypto11.CkaId)
		if err != nil {
			return fmt.Errorf("reading the key's id: %w", err)
		}
		id = attribute.Value
	}
	if err := t.ctx.ImportCertificateWithLabel(id, []byte(label), cert); err != nil {
		return fmt.Errorf("importing certificate: %w", err)
	}
	return nil
}
