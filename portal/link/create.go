package link

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// Lifetime of link certificates. A new set is made for all processes at once with [Create].
const Lifetime = 2 * 365 * 24 * time.Hour

// Create makes link directories for a closed set of processes: name of the process to its directory.
// The CA's key is thrown away, so that nobody can ever add one.
func Create(dirs map[string]string) error {
	if err := create(dirs); err != nil {
		return fmt.Errorf("creating link certificates: %w", err)
	}
	return nil
}

func create(dirs map[string]string) error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "link CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(Lifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	serial := int64(1)
	for name, dir := range dirs {
		serial++
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		cert := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		certDER, err := x509.CreateCertificate(rand.Reader, cert, ca, key.Public(), caKey)
		if err != nil {
			return err
		}
		if err := write(dir, caDER, certDER, key); err != nil {
			return err
		}
	}
	return nil
}

func write(dir string, ca, cert []byte, key *ecdsa.PrivateKey) error {
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	file := func(name, kind string, der []byte) error {
		return os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	}
	return errors.Join(
		os.MkdirAll(dir, 0o700),
		file("ca.pem", "CERTIFICATE", ca),
		file("cert.pem", "CERTIFICATE", cert),
		file("key.pem", "PRIVATE KEY", keyDER),
	)
}
