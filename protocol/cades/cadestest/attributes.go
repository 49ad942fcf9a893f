package cadestest

import (
	"bytes"
	"crypto/elliptic"
	"math/big"

	"github.com/odnowa/odnowa/protocol/cades"
)

var attributeCases = []Case{
	{Name: "no-signed-attributes", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.signer.remove(3) }},
	{Name: "empty-signed-attributes", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) { m.attributes.children = nil }},
	{Name: "content-type-missing", Want: cades.ErrFormat, bend: without(oidContentType)},
	{Name: "message-digest-missing", Want: cades.ErrFormat, bend: without(oidMessageDigest)},
	{Name: "signing-certificate-missing", Want: cades.ErrFormat, bend: without(oidSigningCertificateV2)},
	{Name: "signing-time-missing", Profile: cades.CAdES, Want: cades.ErrProfile, bend: without(oidSigningTime)},
	{Name: "signing-time-in-pades", Want: cades.ErrProfile, bend: func(_ *PKI, m *message) {
		m.attributes.add(signingTimeAttribute(tagUTCTime, "261123102030Z"))
		m.attributes.sort()
	}},
	{Name: "content-type-twice", Want: cades.ErrFormat, bend: twice(oidContentType)},
	{Name: "message-digest-twice", Want: cades.ErrFormat, bend: twice(oidMessageDigest)},
	{Name: "signing-certificate-twice", Want: cades.ErrFormat, bend: twice(oidSigningCertificateV2)},
	{Name: "signing-time-twice", Profile: cades.CAdES, Want: cades.ErrFormat, bend: twice(oidSigningTime)},
	{Name: "second-message-digest", Want: cades.ErrFormat, bend: addAttribute(oidMessageDigest, primitive(tagOctetString, sha256Sum(nil)...))},
	{Name: "content-type-is-not-data", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.attribute(oidContentType).at(1, 0).content = oidSignedData
		m.attributes.sort()
	}},
	{Name: "unknown-signed-attribute", Want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 3}, null())},
	// Known ones that the format has no use for: each could change what a signature means.
	{Name: "s-mime-capabilities", Want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 15}, seq())},
	{Name: "algorithm-protection", Want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 52}, seq())},
	{Name: "signature-policy", Want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 15}, seq())},
	{Name: "commitment-type", Want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 16}, seq())},
	{Name: "signed-time-stamp-token", Want: cades.ErrFormat, bend: addAttribute(oidTimeStampToken, token(800))},
	{Name: "attributes-unsorted", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		a := m.attributes.children
		a[0], a[1] = a[1], a[0]
	}},
	{Name: "attribute-without-value", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.attribute(oidMessageDigest).at(1).children = nil
		m.attributes.sort()
	}},
	{Name: "attribute-with-two-values", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.attribute(oidMessageDigest).at(1).add(primitive(tagOctetString, sha256Sum(nil)...))
		m.attributes.sort()
	}},
	{Name: "message-digest-of-another-length", Want: cades.ErrFormat, bend: messageDigest(sha256Sum(nil)[:31])},
	{Name: "message-digest-empty", Want: cades.ErrFormat, bend: messageDigest(nil)},
	{Name: "other-content", Want: cades.ErrOtherContent, bend: messageDigest(sha256Sum([]byte("other")))},
}

var signingCertificateCases = []Case{
	{Name: "ess-version-1", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		without(oidSigningCertificateV2)(p, m)
		addAttribute(oidSigningCertificate, essVersion1)(p, m)
	}},
	{Name: "ess-version-1-beside-2", Want: cades.ErrFormat, bend: addAttribute(oidSigningCertificate, essVersion1)},
	{Name: "ess-of-another-certificate", Want: cades.ErrOtherCertificate, bend: func(p *PKI, m *message) {
		m.nameCertificate(sha256Sum(p.Twin.Raw))
	}},
	{Name: "ess-of-another-length", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.nameCertificate(make([]byte, 20))
	}},
	{Name: "ess-default-hash-written", Want: cades.ErrFormat, bend: essID(func(_ *PKI, id *node) {
		id.insert(0, seq(oid(oidSHA256...)))
	})},
	{Name: "ess-hash-other-than-the-signatures", Algorithm: cades.ES256, Want: cades.ErrFormat, bend: essID(func(p *PKI, id *node) {
		id.children = []*node{seq(oid(oidSHA384...)), primitive(tagOctetString, cades.ES384.Sum(p.P256.Cert.Raw)...)}
	})},
	{Name: "ess-sha1", Want: cades.ErrFormat, bend: essID(func(_ *PKI, id *node) {
		id.children = []*node{seq(oid(oidSHA1...)), primitive(tagOctetString, make([]byte, 20)...)}
	})},
	{Name: "ess-hash-left-out-with-sha384", Algorithm: cades.ES384, Want: cades.ErrFormat, bend: essID(func(p *PKI, id *node) {
		id.children = []*node{primitive(tagOctetString, sha256Sum(p.P384.Cert.Raw)...)}
	})},
	{Name: "ess-hash-with-parameters", Algorithm: cades.ES384, Want: cades.ErrFormat, bend: essID(func(_ *PKI, id *node) { id.at(0).add(null()) })},
	{Name: "ess-with-issuer-and-serial", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		essID(func(_ *PKI, id *node) {
			id.add(seq(seq(constructed(0xa4, m.id.at(0).copy())), m.id.at(1).copy()))
		})(p, m)
	}},
	{Name: "ess-with-policies", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.attribute(oidSigningCertificateV2).at(1, 0).add(seq(seq(oid(0x2a, 3))))
		m.attributes.sort()
	}},
	{Name: "ess-of-no-certificate", Want: cades.ErrFormat, bend: func(_ *PKI, m *message) {
		m.attribute(oidSigningCertificateV2).at(1, 0, 0).children = nil
		m.attributes.sort()
	}},
	{Name: "ess-of-two-certificates", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		m.attribute(oidSigningCertificateV2).at(1, 0, 0).add(seq(primitive(tagOctetString, sha256Sum(p.CA.Cert.Raw)...)))
		m.attributes.sort()
	}},
}

var timeCases = []Case{
	{Name: "time-with-offset", Profile: cades.CAdES, Want: cades.ErrFormat, bend: signedTime(tagUTCTime, "261123112030+0100")},
	{Name: "time-without-seconds", Profile: cades.CAdES, Want: cades.ErrFormat, bend: signedTime(tagUTCTime, "2611231020Z")},
	{Name: "time-generalized-before-2050", Profile: cades.CAdES, Want: cades.ErrFormat, bend: signedTime(tagGeneralizedTime, "20261123102030Z")},
	{Name: "time-with-fraction", Profile: cades.CAdES, Want: cades.ErrFormat, bend: signedTime(tagGeneralizedTime, "20501123102030.5Z")},
	{Name: "time-generalized-with-offset", Profile: cades.CAdES, Want: cades.ErrFormat, bend: signedTime(tagGeneralizedTime, "20501123102030+0100")},
	{Name: "time-that-is-none", Profile: cades.CAdES, Want: cades.ErrFormat, bend: signedTime(tagUTCTime, "261332102030Z")},
	{Name: "time-as-text", Profile: cades.CAdES, Want: cades.ErrFormat, bend: signedTime(0x0c, "261123102030Z")},
}

var unsignedCases = []Case{
	{Name: "empty-unsigned-attributes", Want: cades.ErrFormat, bend: unsignedAttributes()},
	{Name: "unknown-unsigned-attribute", Want: cades.ErrFormat, bend: unsignedAttributes(seq(oid(0x2a, 3), set(null())))},
	{Name: "counter-signature", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		unsignedAttributes(seq(oid(oidCounterSignature...), set(m.signer.copy())))(p, m)
	}},
	{Name: "two-time-stamps", Want: cades.ErrFormat, bend: unsignedAttributes(timeStampAttribute(token(800)), timeStampAttribute(token(801)))},
	{Name: "two-time-stamps-in-one", Want: cades.ErrFormat, bend: unsignedAttributes(seq(oid(oidTimeStampToken...), set(token(800), token(801))))},
	{Name: "time-stamp-without-value", Want: cades.ErrFormat, bend: unsignedAttributes(seq(oid(oidTimeStampToken...), set()))},
	{Name: "time-stamp-is-none", Want: cades.ErrFormat, bend: unsignedAttributes(timeStampAttribute(null()))},
	{Name: "time-stamp-of-another-type", Want: cades.ErrFormat, bend: unsignedAttributes(timeStampAttribute(seq(oid(oidData...), constructed(0xa0, seq()))))},
	{Name: "time-stamp-and-more", Want: cades.ErrFormat, bend: unsignedAttributes(timeStampAttribute(token(800)), seq(oid(0x2a, 3), set(null())))},
	{Name: "bytes-behind-time-stamp", Want: cades.ErrFormat, bend: func(p *PKI, m *message) {
		unsignedAttributes(timeStampAttribute(token(800)))(p, m)
		m.signer.add(null())
	}},
}

// What is wrong with the value itself.
var valueCases = []Case{
	{Name: "value-changed", unsigned: true, Want: cades.ErrSignature, bend: func(_ *PKI, m *message) {
		m.signature.content[len(m.signature.content)-1] ^= 1
	}},
	{Name: "rsa-value-changed", Algorithm: cades.RS256, unsigned: true, Want: cades.ErrSignature, bend: func(_ *PKI, m *message) {
		m.signature.content[100] ^= 1
	}},
	{Name: "pss-value-under-pkcs1", Algorithm: cades.RS256, unsigned: true, Want: cades.ErrSignature, bend: func(p *PKI, m *message) {
		m.sign(cades.PS256, p.RSA)
	}},
	{Name: "value-of-another-key", Algorithm: cades.ES256, unsigned: true, Want: cades.ErrSignature, bend: func(p *PKI, m *message) {
		m.sign(cades.ES256, p.Other)
	}},
	{Name: "value-of-other-attributes", unsigned: true, Want: cades.ErrSignature, bend: messageDigest(sha256Sum([]byte("other"))),
		wants: func(w *Wanted, _ *PKI) { w.Digest = sha256Sum([]byte("other")) }},
	{Name: "value-empty", unsigned: true, Want: cades.ErrFormat, bend: value(func([]byte) []byte { return nil })},
	{Name: "rsa-value-shorter", Algorithm: cades.RS256, unsigned: true, Want: cades.ErrFormat, bend: value(func(v []byte) []byte { return v[1:] })},
	{Name: "rsa-value-longer", Algorithm: cades.PS256, unsigned: true, Want: cades.ErrFormat, bend: value(func(v []byte) []byte { return append([]byte{0}, v...) })},
	{Name: "ecdsa-value-as-of-a-token", Algorithm: cades.ES256, unsigned: true, Want: cades.ErrFormat, bend: ecdsaValue(func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	})},
	{Name: "ecdsa-value-with-bytes-behind", Algorithm: cades.ES256, unsigned: true, Want: cades.ErrFormat, bend: value(func(v []byte) []byte { return append(v, 0) })},
	{Name: "ecdsa-value-with-bytes-inside", Algorithm: cades.ES256, unsigned: true, Want: cades.ErrFormat, bend: ecdsaValue(func(r, s *big.Int) []byte {
		return seq(primitive(tagInteger, integer(r)...), primitive(tagInteger, integer(s)...), null()).bytes()
	})},
	{Name: "ecdsa-value-zero", Algorithm: cades.ES256, unsigned: true, Want: cades.ErrFormat, bend: ecdsaValue(func(_, s *big.Int) []byte {
		return seq(primitive(tagInteger, 0), primitive(tagInteger, integer(s)...)).bytes()
	})},
	{Name: "ecdsa-value-negative", Algorithm: cades.ES256, unsigned: true, Want: cades.ErrFormat, bend: ecdsaValue(func(_, s *big.Int) []byte {
		return seq(primitive(tagInteger, 0xff), primitive(tagInteger, integer(s)...)).bytes()
	})},
	// The same residue in another encoding.
	{Name: "ecdsa-value-above-the-order", Algorithm: cades.ES256, unsigned: true, Want: cades.ErrFormat, bend: ecdsaValue(func(r, s *big.Int) []byte {
		above := new(big.Int).Add(r, elliptic.P256().Params().N)
		return seq(primitive(tagInteger, integer(above)...), primitive(tagInteger, integer(s)...)).bytes()
	})},
	{Name: "ecdsa-value-with-leading-zeros", Algorithm: cades.ES256, unsigned: true, Want: cades.ErrFormat, bend: ecdsaValue(func(r, s *big.Int) []byte {
		return seq(primitive(tagInteger, append([]byte{0, 0}, r.Bytes()...)...), primitive(tagInteger, integer(s)...)).bytes()
	})},
}

// Good ones that the verifier did not want.
var otherCases = []Case{
	{Name: "cades-for-pades", Profile: cades.CAdES, Want: cades.ErrProfile, wants: func(w *Wanted, _ *PKI) { w.Profile = cades.PAdES }},
	{Name: "pades-for-cades", Profile: cades.PAdES, Want: cades.ErrProfile, wants: func(w *Wanted, _ *PKI) { w.Profile = cades.CAdES }},
	{Name: "other-content-wanted", Want: cades.ErrOtherContent, wants: func(w *Wanted, _ *PKI) { w.Digest = sha256Sum(nil) }},
	{Name: "certificate-of-the-same-key-wanted", Want: cades.ErrOtherCertificate, wants: func(w *Wanted, p *PKI) { w.Certificate = p.Twin }},
}

const tagGeneralizedTime = 0x18

var essVersion1 = seq(seq(seq(primitive(tagOctetString, make([]byte, 20)...))))

func without(id []byte) func(*PKI, *message) {
	return func(_ *PKI, m *message) {
		gone := m.attribute(id)
		for i, a := range m.attributes.children {
			if a == gone {
				m.attributes.remove(i)
				return
			}
		}
	}
}

func twice(id []byte) func(*PKI, *message) {
	return func(_ *PKI, m *message) {
		m.attributes.add(m.attribute(id))
		m.attributes.sort()
	}
}

func addAttribute(id []byte, value *node) func(*PKI, *message) {
	return func(_ *PKI, m *message) {
		m.attributes.add(seq(oid(id...), set(value)))
		m.attributes.sort()
	}
}

func messageDigest(digest []byte) func(*PKI, *message) {
	return func(_ *PKI, m *message) {
		m.attribute(oidMessageDigest).at(1, 0).content = digest
		m.attributes.sort()
	}
}

// essID bends the one ESSCertIDv2.
func essID(bend func(p *PKI, id *node)) func(*PKI, *message) {
	return func(p *PKI, m *message) {
		bend(p, m.attribute(oidSigningCertificateV2).at(1, 0, 0, 0))
		m.attributes.sort()
	}
}

func signedTime(tag byte, text string) func(*PKI, *message) {
	return func(_ *PKI, m *message) {
		*m.attribute(oidSigningTime) = *signingTimeAttribute(tag, text)
		m.attributes.sort()
	}
}

func signingTimeAttribute(tag byte, text string) *node {
	return seq(oid(oidSigningTime...), set(primitive(tag, []byte(text)...)))
}

func unsignedAttributes(attributes ...*node) func(*PKI, *message) {
	return func(_ *PKI, m *message) { m.signer.add(constructed(0xa1, attributes...)) }
}

func timeStampAttribute(token *node) *node { return seq(oid(oidTimeStampToken...), set(token)) }

func value(bend func([]byte) []byte) func(*PKI, *message) {
	return func(_ *PKI, m *message) { m.signature.content = bend(bytes.Clone(m.signature.content)) }
}

func ecdsaValue(bend func(r, s *big.Int) []byte) func(*PKI, *message) {
	return func(_ *PKI, m *message) {
		pair := readTree(m.signature.content)
		r, s := new(big.Int).SetBytes(pair.at(0).content), new(big.Int).SetBytes(pair.at(1).content)
		m.signature.content = bend(r, s)
	}
}
