package cades_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/odnowa/odnowa/protocol/cades"
)

var (
	content     = []byte("Wniosek o odnowienie certyfikatu: zażółć gęślą jaźń.\n")
	signingTime = time.Date(2026, 11, 23, 10, 20, 30, 0, time.UTC)

	algorithms = []cades.Algorithm{
		cades.RS256, cades.RS384, cades.RS512, cades.PS256, cades.PS384, cades.PS512,
		cades.ES256, cades.ES384, cades.ES512,
	}
)

// signer is a key and its certificate.
type signer struct {
	key  crypto.Signer
	cert *x509.Certificate
}

// pki is a small authority of test persons, fresh for each test.
type pki struct {
	ca     signer
	p256   signer
	p384   signer
	p521   signer
	rsa    signer
	other  signer            // another person, P-256
	twin   *x509.Certificate // another certificate for p256's key
	alias  *x509.Certificate // another certificate with p256's issuer and serial number
	serial int64
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	p := &pki{}
	p.ca = signer{key: ecKey(t, elliptic.P256())}
	p.ca.cert = p.issue(t, p.ca.key.Public(), "CA TEST", &x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	p.p256 = p.person(t, ecKey(t, elliptic.P256()))
	p.p384 = p.person(t, ecKey(t, elliptic.P384()))
	p.p521 = p.person(t, ecKey(t, elliptic.P521()))
	p.rsa = p.person(t, rsaKey(t, 2048))
	p.other = p.person(t, ecKey(t, elliptic.P256()))
	p.twin = p.issue(t, p.p256.key.Public(), "Żaneta TESTOWA", &x509.Certificate{})
	p.alias = p.issue(t, p.other.key.Public(), "Żaneta TESTOWA", &x509.Certificate{SerialNumber: p.p256.cert.SerialNumber})
	return p
}

func (p *pki) person(t testing.TB, key crypto.Signer) signer {
	t.Helper()
	return signer{key, p.issue(t, key.Public(), "Żaneta TESTOWA", &x509.Certificate{KeyUsage: x509.KeyUsageContentCommitment})}
}

// issue makes a certificate from a template, with serial numbers in sequence.
func (p *pki) issue(t testing.TB, pub crypto.PublicKey, name string, template *x509.Certificate) *x509.Certificate {
	t.Helper()
	p.serial++
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(p.serial)
	}
	template.Subject = pkix.Name{Country: []string{"PL"}, CommonName: name}
	template.NotBefore = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	template.NotAfter = time.Date(2056, 1, 1, 0, 0, 0, 0, time.UTC)
	parent := p.ca.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, p.ca.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// signerFor gives the person whose key fits the algorithm.
func (p *pki) signerFor(a cades.Algorithm) signer {
	switch a {
	case cades.ES256:
		return p.p256
	case cades.ES384:
		return p.p384
	case cades.ES512:
		return p.p521
	}
	return p.rsa
}

// sign makes a good CMS over content, with the authority's certificate beside the signer's.
func (p *pki) sign(t testing.TB, profile cades.Profile, a cades.Algorithm) []byte {
	t.Helper()
	by := p.signerFor(a)
	r, err := cades.NewRequest(profile, a, by.cert, []*x509.Certificate{p.ca.cert}, a.Sum(content), signingTime)
	if err != nil {
		t.Fatal(err)
	}
	der, err := cades.Sign(r, by.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func ecKey(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sha256Sum(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}
