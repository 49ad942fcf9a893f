package sandbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// Labels of the keys for the PIV card, which are in files.
const (
	pivQualified = "QES PIV TEST"
	pivExpired   = "QES EXPIRED PIV TEST"
)

// pivCard is what the PIV card will hold.
type pivCard struct {
	qualified, expired       *x509.Certificate
	qualifiedKey, expiredKey *ecdsa.PrivateKey
}

// makePIVKeys makes the keys of the PIV card; cards of today have P-256.
func (m *maker) makePIVKeys(context.Context) (err error) {
	for label, key := range map[string]**ecdsa.PrivateKey{pivQualified: &m.piv.qualifiedKey, pivExpired: &m.piv.expiredKey} {
		if *key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return err
		}
		m.keys[label] = (*key).Public()
	}
	return nil
}

// fillPIV writes the files that a PIV card made of software is filled with.
func (m *maker) fillPIV(context.Context) error {
	m.out.PIV = PIV{
		Qualified: m.path("piv", "qualified.pem"), QualifiedKey: m.path("piv", "qualified.key"),
		Expired: m.path("piv", "expired.pem"), ExpiredKey: m.path("piv", "expired.key"),
	}
	return errors.Join(
		m.writeCertificate("piv/qualified.pem", m.piv.qualified), m.writeKey("piv/qualified.key", m.piv.qualifiedKey),
		m.writeCertificate("piv/expired.pem", m.piv.expired), m.writeKey("piv/expired.key", m.piv.expiredKey),
	)
}

func (m *maker) writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return m.write(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
