package cadestest

import (
	"bytes"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"math/big"

	"github.com/odnowa/odnowa/protocol/cades"
)

// What stands around the signer.
var containerCases = []Case{
	{Name: "other-content-type", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.root.at(0).content = oidData
	}},
	{Name: "signed-data-version-3", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signedData.at(0).content = []byte{3}
	}},
	{Name: "content-inside", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		m.content.add(constructed(0xa0, primitive(tagOctetString, p.content...)))
	}},
	{Name: "content-is-not-data", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.content.at(0).content = oidSignedData
	}},
	{Name: "empty-crl-set", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signedData.insert(4, constructed(0xa1))
	}},
	{Name: "bytes-behind", Want: cades.ErrFormat, raw: func(der []byte) []byte { return append(der, 0) }},
	{Name: "padded-as-in-a-pdf", Want: cades.ErrFormat, raw: func(der []byte) []byte {
		return append(der, make([]byte, 512)...)
	}},
	{Name: "bytes-in-content-info", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.root.add(null()) }},
	{Name: "bytes-in-signed-data", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.signedData.add(null()) }},
	{Name: "indefinite-length", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.root.indefinite, m.root.at(1).indefinite, m.signedData.indefinite = true, true, true
	}},
	{Name: "long-length", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.root.longLength = true }},
	{Name: "empty", Want: cades.ErrFormat, raw: func([]byte) []byte { return []byte{} }},
	{Name: "text", Want: cades.ErrFormat, raw: func(der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der})
	}},
}

var certificateCases = []Case{
	{Name: "no-certificates", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.signedData.remove(3) }},
	{Name: "empty-certificate-set", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.certificates.children = nil }},
	{Name: "signer-certificate-not-there", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		m.certificates.children = []*node{certificate(p.CA.Cert)}
	}},
	{Name: "certificates-unsorted", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		c := m.certificates.children
		c[0], c[1] = c[1], c[0]
	}},
	{Name: "certificate-twice", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.certificates.add(m.certificates.at(0))
		m.certificates.sort()
	}},
	{Name: "two-certificates-of-one-name", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		m.certificates.add(certificate(p.Alias))
		m.certificates.sort()
	}},
	{Name: "nine-certificates", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		for _, c := range p.Many(cades.MaxCertificates-1, 0) {
			m.certificates.add(certificate(c))
		}
		m.certificates.sort()
	}},
	{Name: "attribute-certificate", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.certificates.add(constructed(0xa2, seq()))
	}},
	{Name: "certificate-is-none", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.certificates.insert(0, seq())
	}},
	{Name: "bytes-in-a-certificate", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		ca := certificate(p.CA.Cert)
		ca.add(null())
		m.certificates.children = []*node{ca, certificate(p.SignerFor(p.usual).Cert)}
		m.certificates.sort()
	}},
	{Name: "weak-key", Want: cades.ErrFormat, Algorithm: cades.RS256, bend: func(p *PKI, m *message) {
		weak := p.Person(RSAKey(1024))
		m.replaceSigner(weak.Cert)
		m.nameCertificate(sha256Sum(weak.Cert.Raw))
		m.sign(cades.RS256, weak)
	}, unsigned: true},
}

var algorithmCases = []Case{
	{Name: "digest-sha1", Want: cades.ErrFormat, bend: digests(oidSHA1)},
	{Name: "digest-md5", Want: cades.ErrFormat, bend: digests(oidMD5)},
	{Name: "digest-not-the-signatures", Want: cades.ErrFormat, bend: digests(oidSHA384)},
	{Name: "digest-with-parameters", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.digestAlgorithms.at(0).add(null())
		m.digestAlgorithm.add(null())
	}},
	{Name: "no-digest-algorithms", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.digestAlgorithms.children = nil }},
	{Name: "digest-algorithm-twice", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.digestAlgorithms.add(m.digestAlgorithms.at(0))
	}},
	{Name: "two-digest-algorithms", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.digestAlgorithms.add(seq(oid(oidSHA384...)))
	}},
	{Name: "digest-algorithms-other-than-the-signers", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.digestAlgorithms.at(0).at(0).content = oidSHA384
	}},
	{Name: "rsa-without-hash", Algorithm: cades.RS256, Want: cades.ErrFormat, bend: lastArc(1)},
	{Name: "rsa-with-md5", Algorithm: cades.RS256, Want: cades.ErrFormat, bend: lastArc(4)},
	{Name: "rsa-with-sha1", Algorithm: cades.RS256, Want: cades.ErrFormat, bend: lastArc(5)},
	{Name: "rsa-with-sha224", Algorithm: cades.RS256, Want: cades.ErrFormat, bend: lastArc(14)},
	{Name: "rsa-without-parameters", Algorithm: cades.RS256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signatureAlgorithm.remove(1)
	}},
	{Name: "rsa-algorithm-on-an-ec-key", Algorithm: cades.ES256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		*m.signatureAlgorithm = *seq(oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11), null())
	}},
	{Name: "ecdsa-with-sha1", Algorithm: cades.ES256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signatureAlgorithm.at(0).content = []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1}
	}},
	{Name: "ecdsa-of-another-curve", Algorithm: cades.ES256, Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		digests(oidSHA384)(p, m)
		lastArc(3)(p, m)
	}},
	{Name: "ecdsa-with-parameters", Algorithm: cades.ES256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.signatureAlgorithm.add(null()) }},
	{Name: "pss-without-parameters", Algorithm: cades.PS256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signatureAlgorithm.remove(1)
	}},
	{Name: "pss-of-defaults", Algorithm: cades.PS256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signatureAlgorithm.at(1).children = nil
	}},
	{Name: "pss-of-another-hash", Algorithm: cades.PS256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signatureAlgorithm.at(1, 0, 0, 0).content = oidSHA384
	}},
	{Name: "pss-mgf1-sha1", Algorithm: cades.PS256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signatureAlgorithm.at(1, 1, 0, 1, 0).content = oidSHA1
	}},
	{Name: "pss-salt-20", Algorithm: cades.PS256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signatureAlgorithm.at(1, 2, 0).content = []byte{20}
	}},
	{Name: "pss-with-trailer-field", Algorithm: cades.PS256, Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signatureAlgorithm.at(1).add(constructed(0xa3, primitive(tagInteger, 1)))
	}},
}

var signerCases = []Case{
	{Name: "no-signer", Want: cades.ErrFormat, unsigned: true, bend: func(_ *PKI, m *message) { m.signers.children = nil }},
	{Name: "two-signers", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		second := readMessage(p.second())
		m.certificates.add(second.certificates.children...)
		m.certificates.sort()
		m.digestAlgorithms.add(second.digestAlgorithm)
		m.signers.add(second.signer)
	}},
	{Name: "signer-twice", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.signers.add(m.signer) }},
	{Name: "signer-version-3", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.signer.at(0).content = []byte{3} }},
	{Name: "signer-by-key-identifier", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.signedData.at(0).content, m.signer.at(0).content = []byte{3}, []byte{3}
		*m.id = *primitive(0x80, sha256Sum(nil)[:20]...)
	}},
	{Name: "signer-of-another-serial-number", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.id.at(1).content = []byte{99} }},
	{Name: "signer-is-the-authority-of-the-set", Want: cades.ErrSignature, bend: func(p *PKI, m *message) {
		m.id.at(1).content = p.CA.Cert.SerialNumber.Bytes()
		m.nameCertificate(sha256Sum(p.CA.Cert.Raw))
	}, wants: func(w *Wanted, p *PKI) { w.Certificate = p.CA.Cert }},
	// Another certificate in the signer's place: the signed attribute still names the first.
	{Name: "certificate-of-the-same-key", Want: cades.ErrOtherCertificate, bend: func(p *PKI, m *message) {
		m.replaceSigner(p.Twin)
	}, wants: func(w *Wanted, p *PKI) { w.Certificate = p.Twin }},
	{Name: "certificate-of-the-same-name", Algorithm: cades.ES256, Want: cades.ErrOtherCertificate, bend: func(p *PKI, m *message) {
		m.replaceSigner(p.Alias)
		m.sign(cades.ES256, p.Other)
	}, unsigned: true, wants: func(w *Wanted, p *PKI) { w.Certificate = p.Alias }},
	{Name: "other-certificate", Want: cades.ErrOtherCertificate, wants: func(w *Wanted, p *PKI) { w.Certificate = p.Other.Cert }},
}

// digests sets both digest algorithms.
func digests(id []byte) func(*PKI, *message) {
	return func(_ *PKI, m *message) {
		m.digestAlgorithms.at(0).at(0).content, m.digestAlgorithm.at(0).content = id, id
	}
}

// lastArc sets the last arc of the signature algorithm's identifier.
func lastArc(arc byte) func(*PKI, *message) {
	return func(_ *PKI, m *message) {
		id := m.signatureAlgorithm.at(0)
		id.content = append(bytes.Clone(id.content[:len(id.content)-1]), arc)
	}
}

// replaceSigner puts a certificate of the same authority in the signer's place, and nothing else.
func (m *message) replaceSigner(c *x509.Certificate) {
	m.certificates.children = []*node{certificate(c)}
	m.id.at(1).content = integer(c.SerialNumber)
}

// nameCertificate sets the hash in signing-certificate-v2.
func (m *message) nameCertificate(hash []byte) {
	id := m.attribute(oidSigningCertificateV2).at(1, 0, 0, 0)
	id.children[len(id.children)-1].content = hash
	m.attributes.sort()
}

// integer is the content of a positive INTEGER.
func integer(n *big.Int) []byte { return n.FillBytes(make([]byte, n.BitLen()/8+1)) }

// second is a good CMS of another person, with another hash.
func (p *PKI) second() []byte {
	other := p.Person(ECKey(elliptic.P384()))
	r := must(cades.NewRequest(cades.PAdES, cades.ES384, other.Cert, nil, cades.ES384.Sum(p.content), p.signingTime))
	return must(cades.Sign(r, other.Key))
}
