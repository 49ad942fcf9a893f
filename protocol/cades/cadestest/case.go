package cadestest

import (
	"crypto/rand"
	"crypto/x509"
	"slices"

	"github.com/odnowa/odnowa/protocol/cades"
)

// Case is a CMS that must be refused.
type Case struct {
	Name      string          // also that of its vector, behind "bad-"
	Algorithm cades.Algorithm // of the good one that it is made of; empty: whatever the holder has
	Profile   cades.Profile   // of the good one
	Want      error           // what the verifier must say

	bend     func(p *PKI, m *message)
	unsigned bool                    // leave the signature value as bend left it
	raw      func(der []byte) []byte // bends the bytes at last
	wants    func(w *Wanted, p *PKI) // changes what the verifier wants
}

// Wanted is what a verifier knows: it wants the good CMS.
type Wanted struct {
	Profile     cades.Profile
	Digest      []byte
	Certificate *x509.Certificate
}

// Cases are all of them.
func Cases() []Case {
	return slices.Concat(containerCases, certificateCases, algorithmCases, signerCases, attributeCases,
		signingCertificateCases, timeCases, unsignedCases, valueCases, otherCases)
}

func (c *Case) algorithm(p *PKI) cades.Algorithm {
	if c.Algorithm == "" {
		return p.usual
	}
	return c.Algorithm
}

// Fits tells whether there is a signer for the case's algorithm.
func (c *Case) Fits(p *PKI) bool { return p.SignerFor(c.algorithm(p)).Key != nil }

// Good is what the verifier of a good one wants.
func (c *Case) Good(p *PKI) Wanted {
	a := c.algorithm(p)
	return Wanted{c.Profile, a.Sum(p.content), p.SignerFor(a).Cert}
}

// Build makes the CMS, and what a verifier is to want of it.
func (c *Case) Build(p *PKI) (der []byte, w Wanted) {
	a := c.algorithm(p)
	w = c.Good(p)
	if c.wants != nil {
		c.wants(&w, p)
	}
	der = p.Sign(c.Profile, a)
	if c.bend != nil {
		m := readMessage(der)
		c.bend(p, m)
		if !c.unsigned {
			m.sign(a, p.SignerFor(a))
		}
		der = m.root.bytes()
	}
	if c.raw != nil {
		der = c.raw(der)
	}
	return der, w
}

// Judge is what a verifier does with a CMS that it got.
func (w *Wanted) Judge(der []byte) error {
	s, err := cades.Parse(der)
	if err != nil {
		return err
	}
	return s.Verify(w.Profile, w.Digest, w.Certificate)
}

// sign makes a fresh value for the attributes as they now are.
func (m *message) sign(a cades.Algorithm, by Signer) {
	attributes := *m.attributes
	attributes.tag = tagSet
	m.signature.content = must(by.Key.Sign(rand.Reader, a.Sum(attributes.bytes()), a.SignerOpts()))
}
