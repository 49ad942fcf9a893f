// Package cadestest makes signatures to test others with: good ones of every algorithm, and one
// signature for every way of being bad that this project has thought of ([Cases]). Each begins as a
// good one, is bent, and is signed again, so that nothing is wrong with it but what its name says.
//
// protocol/vectors/cades is written from it, over a text and with keys of its own ([NewPKI]); the
// conformance kit makes the same over a server's document, with a key of the tester ([For]).
//
// It trusts its callers, and panics where its own tools fail. Nothing that ships to people uses it.
package cadestest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"github.com/odnowa/odnowa/protocol/cades"
)

// Content is what the signatures of [NewPKI] are over, and SigningTime the time that they name.
var (
	Content     = []byte("Wniosek o odnowienie certyfikatu: zażółć gęślą jaźń.\n")
	SigningTime = time.Date(2026, 11, 23, 10, 20, 30, 0, time.UTC)
)

// Algorithms are all of them.
var Algorithms = []cades.Algorithm{
	cades.RS256, cades.RS384, cades.RS512, cades.PS256, cades.PS384, cades.PS512,
	cades.ES256, cades.ES384, cades.ES512,
}

// Signer is a key and its certificate.
type Signer struct {
	Key  crypto.Signer
	Cert *x509.Certificate
}

// PKI is a small authority of test persons. Fields without a signer are not to be used.
type PKI struct {
	CA                    Signer
	P256, P384, P521, RSA Signer
	Other                 Signer            // another person, P-256
	Twin                  *x509.Certificate // another certificate for the holder's key
	Alias                 *x509.Certificate // another certificate with the holder's issuer and serial number

	content     []byte
	signingTime time.Time
	usual       cades.Algorithm // of cases that name none; its signer is the holder
	serial      int64
}

// NewPKI makes one with a person for each type of key.
func NewPKI() *PKI {
	p := &PKI{content: Content, signingTime: SigningTime, usual: cades.ES256}
	p.makeCA(pkix.Name{Country: []string{"PL"}, CommonName: "CA TEST"}, nil)
	p.P256 = p.Person(ECKey(elliptic.P256()))
	p.P384 = p.Person(ECKey(elliptic.P384()))
	p.P521 = p.Person(ECKey(elliptic.P521()))
	p.RSA = p.Person(RSAKey(2048))
	p.makeOthers()
	return p
}

// For makes one for a holder who is there already, whose signatures are to be over content. The
// authority beside him has the name of his, and is not his. The key is P-256, or RSA of at least 2048
// bits; cases of other algorithms don't fit him (see [Case.Fits]).
func For(holder Signer, content []byte, at time.Time) (*PKI, error) {
	p := &PKI{content: content, signingTime: at}
	switch fitting := cades.AlgorithmsFor(holder.Cert.PublicKey); {
	case len(fitting) > 0 && fitting[0] == cades.RS256:
		p.RSA, p.usual = holder, cades.RS256
	case len(fitting) > 0 && fitting[0] == cades.ES256:
		p.P256, p.usual = holder, cades.ES256
	default:
		return nil, fmt.Errorf("the key of %s is neither P-256 nor RSA", holder.Cert.Subject.CommonName)
	}
	p.makeCA(pkix.Name{}, holder.Cert.RawIssuer)
	p.makeOthers()
	return p, nil
}

func (p *PKI) makeCA(name pkix.Name, rawName []byte) {
	p.CA = Signer{Key: ECKey(elliptic.P256())}
	p.CA.Cert = p.issue(p.CA.Key.Public(), &x509.Certificate{
		Subject: name, RawSubject: rawName, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
}

func (p *PKI) makeOthers() {
	p.Other = p.Person(ECKey(elliptic.P256()))
	holder := p.SignerFor(p.usual)
	p.Twin = p.Issue(holder.Key.Public(), "Żaneta TESTOWA", &x509.Certificate{})
	p.Alias = p.Issue(p.Other.Key.Public(), "Żaneta TESTOWA", &x509.Certificate{SerialNumber: holder.Cert.SerialNumber})
}

// Person is another holder.
func (p *PKI) Person(key crypto.Signer) Signer {
	return Signer{key, p.Issue(key.Public(), "Żaneta TESTOWA", &x509.Certificate{KeyUsage: x509.KeyUsageContentCommitment})}
}

// Issue makes a certificate from a template, with serial numbers in sequence.
func (p *PKI) Issue(pub crypto.PublicKey, name string, template *x509.Certificate) *x509.Certificate {
	template.Subject = pkix.Name{Country: []string{"PL"}, CommonName: name}
	return p.issue(pub, template)
}

func (p *PKI) issue(pub crypto.PublicKey, template *x509.Certificate) *x509.Certificate {
	p.serial++
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(p.serial)
	}
	template.NotBefore = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	template.NotAfter = time.Date(2056, 1, 1, 0, 0, 0, 0, time.UTC)
	parent := p.CA.Cert
	if parent == nil {
		parent = template
	}
	der := must(x509.CreateCertificate(rand.Reader, template, parent, pub, p.CA.Key))
	return must(x509.ParseCertificate(der))
}

// Many issues n certificates, each with an extension of size bytes.
func (p *PKI) Many(n, size int) []*x509.Certificate {
	var set []*x509.Certificate
	for range n {
		set = append(set, p.Issue(p.Other.Key.Public(), "Żaneta TESTOWA", &x509.Certificate{SubjectKeyId: make([]byte, size)}))
	}
	return set
}

// SignerFor gives the person whose key fits the algorithm.
func (p *PKI) SignerFor(a cades.Algorithm) Signer {
	switch a {
	case cades.ES256:
		return p.P256
	case cades.ES384:
		return p.P384
	case cades.ES512:
		return p.P521
	}
	return p.RSA
}

// Sign makes a good CMS over the content, with the authority's certificate beside the signer's.
func (p *PKI) Sign(profile cades.Profile, a cades.Algorithm) []byte {
	by := p.SignerFor(a)
	r := must(cades.NewRequest(profile, a, by.Cert, []*x509.Certificate{p.CA.Cert}, a.Sum(p.content), p.signingTime))
	return must(cades.Sign(r, by.Key))
}

// Good makes a good CMS of the holder, with no other certificate than his.
func (p *PKI) Good(profile cades.Profile) []byte {
	by := p.SignerFor(p.usual)
	r := must(cades.NewRequest(profile, p.usual, by.Cert, nil, p.usual.Sum(p.content), p.signingTime))
	return must(cades.Sign(r, by.Key))
}

// ECKey makes a key.
func ECKey(c elliptic.Curve) *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(c, rand.Reader)) }

// RSAKey makes a key.
func RSAKey(bits int) *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, bits)) }

func sha256Sum(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

func must[T any](v T, err error) T {
	if err != nil {
		panic("cadestest: " + err.Error())
	}
	return v
}
