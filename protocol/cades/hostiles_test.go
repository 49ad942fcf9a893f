package cades_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"

	"github.com/odnowa/odnowa/protocol/cades"
)

// What stands around the signer.
var hostileContainers = []hostile{
	{name: "other-content-type", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.root.at(0).content = oidData
	}},
	{name: "signed-data-version-3", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signedData.at(0).content = []byte{3}
	}},
	{name: "content-inside", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.content.add(constructed(0xa0, primitive(tagOctetString, content...)))
	}},
	{name: "content-is-not-data", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.content.at(0).content = oidSignedData
	}},
	{name: "empty-crl-set", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signedData.insert(4, constructed(0xa1))
	}},
	{name: "bytes-behind", want: cades.ErrFormat, raw: func(der []byte) []byte { return append(der, 0) }},
	{name: "padded-as-in-a-pdf", want: cades.ErrFormat, raw: func(der []byte) []byte {
		return append(der, make([]byte, 512)...)
	}},
	{name: "bytes-in-content-info", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.root.add(null()) }},
	{name: "bytes-in-signed-data", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.signedData.add(null()) }},
	{name: "indefinite-length", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.root.indefinite, m.root.at(1).indefinite, m.signedData.indefinite = true, true, true
	}},
	{name: "long-length", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.root.longLength = true }},
	{name: "empty", want: cades.ErrFormat, raw: func([]byte) []byte { return []byte{} }},
	{name: "text", want: cades.ErrFormat, raw: func(der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: der})
	}},
}

var hostileCertificates = []hostile{
	{name: "no-certificates", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.signedData.remove(3) }},
	{name: "empty-certificate-set", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.certificates.children = nil }},
	{name: "signer-certificate-not-there", want: cades.ErrFormat, bend: func(_ testing.TB, p *pki, m *message) {
		m.certificates.children = []*node{certificate(p.ca.cert)}
	}},
	{name: "certificates-unsorted", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		c := m.certificates.children
		c[0], c[1] = c[1], c[0]
	}},
	{name: "certificate-twice", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.certificates.add(m.certificates.at(0))
		m.certificates.sort()
	}},
	{name: "two-certificates-of-one-name", want: cades.ErrFormat, bend: func(_ testing.TB, p *pki, m *message) {
		m.certificates.add(certificate(p.alias))
		m.certificates.sort()
	}},
	{name: "nine-certificates", want: cades.ErrFormat, bend: func(t testing.TB, p *pki, m *message) {
		for _, c := range p.many(t, cades.MaxCertificates-1, 0) {
			m.certificates.add(certificate(c))
		}
		m.certificates.sort()
	}},
	{name: "attribute-certificate", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.certificates.add(constructed(0xa2, seq()))
	}},
	{name: "certificate-is-none", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.certificates.insert(0, seq())
	}},
	{name: "bytes-in-a-certificate", want: cades.ErrFormat, bend: func(_ testing.TB, p *pki, m *message) {
		ca := certificate(p.ca.cert)
		ca.add(null())
		m.certificates.children = []*node{ca, certificate(p.p256.cert)}
		m.certificates.sort()
	}},
	{name: "weak-key", want: cades.ErrFormat, algorithm: cades.RS256, bend: func(t testing.TB, p *pki, m *message) {
		weak := p.person(t, rsaKey(t, 1024))
		m.replaceSigner(weak.cert)
		m.nameCertificate(t, sha256Sum(weak.cert.Raw))
		m.sign(t, cades.RS256, weak)
	}, unsigned: true},
}

var hostileAlgorithms = []hostile{
	{name: "digest-sha1", want: cades.ErrFormat, bend: digests(oidSHA1)},
	{name: "digest-md5", want: cades.ErrFormat, bend: digests(oidMD5)},
	{name: "digest-not-the-signatures", want: cades.ErrFormat, bend: digests(oidSHA384)},
	{name: "digest-with-parameters", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.digestAlgorithms.at(0).add(null())
		m.digestAlgorithm.add(null())
	}},
	{name: "no-digest-algorithms", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.digestAlgorithms.children = nil }},
	{name: "digest-algorithm-twice", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.digestAlgorithms.add(m.digestAlgorithms.at(0))
	}},
	{name: "two-digest-algorithms", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.digestAlgorithms.add(seq(oid(oidSHA384...)))
	}},
	{name: "digest-algorithms-other-than-the-signers", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.digestAlgorithms.at(0).at(0).content = oidSHA384
	}},
	{name: "rsa-without-hash", algorithm: cades.RS256, want: cades.ErrFormat, bend: lastArc(1)},
	{name: "rsa-with-md5", algorithm: cades.RS256, want: cades.ErrFormat, bend: lastArc(4)},
	{name: "rsa-with-sha1", algorithm: cades.RS256, want: cades.ErrFormat, bend: lastArc(5)},
	{name: "rsa-with-sha224", algorithm: cades.RS256, want: cades.ErrFormat, bend: lastArc(14)},
	{name: "rsa-without-parameters", algorithm: cades.RS256, want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signatureAlgorithm.remove(1)
	}},
	{name: "rsa-algorithm-on-an-ec-key", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		*m.signatureAlgorithm = *seq(oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11), null())
	}},
	{name: "ecdsa-with-sha1", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signatureAlgorithm.at(0).content = []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1}
	}},
	{name: "ecdsa-of-another-curve", want: cades.ErrFormat, bend: func(t testing.TB, p *pki, m *message) {
		digests(oidSHA384)(t, p, m)
		lastArc(3)(t, p, m)
	}},
	{name: "ecdsa-with-parameters", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.signatureAlgorithm.add(null()) }},
	{name: "pss-without-parameters", algorithm: cades.PS256, want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signatureAlgorithm.remove(1)
	}},
	{name: "pss-of-defaults", algorithm: cades.PS256, want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signatureAlgorithm.at(1).children = nil
	}},
	{name: "pss-of-another-hash", algorithm: cades.PS256, want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signatureAlgorithm.at(1, 0, 0, 0).content = oidSHA384
	}},
	{name: "pss-mgf1-sha1", algorithm: cades.PS256, want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signatureAlgorithm.at(1, 1, 0, 1, 0).content = oidSHA1
	}},
	{name: "pss-salt-20", algorithm: cades.PS256, want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signatureAlgorithm.at(1, 2, 0).content = []byte{20}
	}},
	{name: "pss-with-trailer-field", algorithm: cades.PS256, want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signatureAlgorithm.at(1).add(constructed(0xa3, primitive(tagInteger, 1)))
	}},
}

var hostileSigners = []hostile{
	{name: "no-signer", want: cades.ErrFormat, unsigned: true, bend: func(_ testing.TB, _ *pki, m *message) { m.signers.children = nil }},
	{name: "two-signers", want: cades.ErrFormat, bend: func(t testing.TB, p *pki, m *message) {
		second := readMessage(t, p.sign(t, cades.PAdES, cades.ES384))
		m.certificates.add(certificate(p.p384.cert))
		m.certificates.sort()
		m.digestAlgorithms.add(second.digestAlgorithm)
		m.signers.add(second.signer)
	}},
	{name: "signer-twice", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.signers.add(m.signer) }},
	{name: "signer-version-3", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.signer.at(0).content = []byte{3} }},
	{name: "signer-by-key-identifier", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signedData.at(0).content, m.signer.at(0).content = []byte{3}, []byte{3}
		*m.id = *primitive(0x80, sha256Sum(nil)[:20]...)
	}},
	{name: "signer-of-another-serial-number", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.id.at(1).content = []byte{99} }},
	{name: "signer-is-the-authority-of-the-set", want: cades.ErrSignature, bend: func(t testing.TB, p *pki, m *message) {
		m.id.at(1).content = p.ca.cert.SerialNumber.Bytes()
		m.nameCertificate(t, sha256Sum(p.ca.cert.Raw))
	}, wants: func(w *wanted, p *pki) { w.cert = p.ca.cert }},
	// Another certificate in the signer's place: the signed attribute still names the first.
	{name: "certificate-of-the-same-key", want: cades.ErrOtherCertificate, bend: func(_ testing.TB, p *pki, m *message) {
		m.replaceSigner(p.twin)
	}, wants: func(w *wanted, p *pki) { w.cert = p.twin }},
	{name: "certificate-of-the-same-name", want: cades.ErrOtherCertificate, bend: func(t testing.TB, p *pki, m *message) {
		m.replaceSigner(p.alias)
		m.sign(t, cades.ES256, p.other)
	}, unsigned: true, wants: func(w *wanted, p *pki) { w.cert = p.alias }},
	{name: "other-certificate", want: cades.ErrOtherCertificate, wants: func(w *wanted, p *pki) { w.cert = p.other.cert }},
}

// digests sets both digest algorithms.
func digests(id []byte) func(testing.TB, *pki, *message) {
	return func(_ testing.TB, _ *pki, m *message) {
		m.digestAlgorithms.at(0).at(0).content, m.digestAlgorithm.at(0).content = id, id
	}
}

// lastArc sets the last arc of the signature algorithm's identifier.
func lastArc(arc byte) func(testing.TB, *pki, *message) {
	return func(_ testing.TB, _ *pki, m *message) {
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
func (m *message) nameCertificate(t testing.TB, hash []byte) {
	t.Helper()
	id := m.attribute(t, oidSigningCertificateV2).at(1, 0, 0, 0)
	id.children[len(id.children)-1].content = hash
	m.attributes.sort()
}

// integer is the content of a positive INTEGER.
func integer(n *big.Int) []byte { return n.FillBytes(make([]byte, n.BitLen()/8+1)) }
