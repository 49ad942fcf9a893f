// Package certificate tells of a certificate that signs what the bridge protocol tells of it, wherever
// its key is: on a card or in the cloud.
//
// It reads certificates and decides nothing about trust.
package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// ID is bridge.Certificate.ID: the lower-case hexadecimal SHA-256 of the DER.
func ID(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// Describe fills in what the certificate itself says. The rest is the source's to add.
func Describe(c *x509.Certificate) bridge.Certificate {
	b := bridge.Certificate{ID: ID(c.Raw), DER: c.Raw, Chain: [][]byte{}, KeyUsage: keyUsageNames(c.KeyUsage)}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		b.KeyType, b.KeyBits = "RSA", key.N.BitLen()
	case *ecdsa.PublicKey:
		b.KeyType, b.KeyBits = "EC", key.Curve.Params().BitSize
	}
	return b
}

// Refusal tells why the filter won't have a certificate; "" lets it through.
func Refusal(c *x509.Certificate, filter bridge.Filter, now time.Time) bridge.Reason {
	issued := func(name []byte) bool { return bytes.Equal(c.RawIssuer, name) }
	switch {
	case filter.NonRepudiation && c.KeyUsage&x509.KeyUsageContentCommitment == 0:
		return bridge.ReasonKeyUsage
	case len(filter.Issuers) > 0 && !slices.ContainsFunc(filter.Issuers, issued):
		return bridge.ReasonIssuer
	case filter.Valid && now.Before(c.NotBefore):
		return bridge.ReasonNotYetValid
	case filter.Valid && now.After(c.NotAfter):
		return bridge.ReasonExpired
	}
	return ""
}

// usageNames are in the order of the bits (RFC 5280 section 4.2.1.3).
var usageNames = []struct {
	usage x509.KeyUsage
	name  string
}{
	{x509.KeyUsageDigitalSignature, "digitalSignature"},
	{x509.KeyUsageContentCommitment, "nonRepudiation"},
	{x509.KeyUsageKeyEncipherment, "keyEncipherment"},
	{x509.KeyUsageDataEncipherment, "dataEncipherment"},
	{x509.KeyUsageKeyAgreement, "keyAgreement"},
	{x509.KeyUsageCertSign, "keyCertSign"},
	{x509.KeyUsageCRLSign, "cRLSign"},
	{x509.KeyUsageEncipherOnly, "encipherOnly"},
	{x509.KeyUsageDecipherOnly, "decipherOnly"},
}

func keyUsageNames(usage x509.KeyUsage) []string {
	names := []string{}
	for _, u := range usageNames {
		if usage&u.usage != 0 {
			names = append(names, u.name)
		}
	}
	return names
}
