package cades_test

import (
	"bytes"
	"crypto/elliptic"
	"math/big"
	"testing"

	"github.com/odnowa/odnowa/protocol/cades"
)

var hostileAttributes = []hostile{
	{name: "no-signed-attributes", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.signer.remove(3) }},
	{name: "empty-signed-attributes", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) { m.attributes.children = nil }},
	{name: "content-type-missing", want: cades.ErrFormat, bend: without(oidContentType)},
	{name: "message-digest-missing", want: cades.ErrFormat, bend: without(oidMessageDigest)},
	{name: "signing-certificate-missing", want: cades.ErrFormat, bend: without(oidSigningCertificateV2)},
	{name: "signing-time-missing", profile: cades.CAdES, want: cades.ErrProfile, bend: without(oidSigningTime)},
	{name: "signing-time-in-pades", want: cades.ErrProfile, bend: func(_ testing.TB, _ *pki, m *message) {
		m.attributes.add(signingTimeAttribute(tagUTCTime, "261123102030Z"))
		m.attributes.sort()
	}},
	{name: "content-type-twice", want: cades.ErrFormat, bend: twice(oidContentType)},
	{name: "message-digest-twice", want: cades.ErrFormat, bend: twice(oidMessageDigest)},
	{name: "signing-certificate-twice", want: cades.ErrFormat, bend: twice(oidSigningCertificateV2)},
	{name: "signing-time-twice", profile: cades.CAdES, want: cades.ErrFormat, bend: twice(oidSigningTime)},
	{name: "second-message-digest", want: cades.ErrFormat, bend: addAttribute(oidMessageDigest, primitive(tagOctetString, sha256Sum(nil)...))},
	{name: "content-type-is-not-data", want: cades.ErrFormat, bend: func(t testing.TB, _ *pki, m *message) {
		m.attribute(t, oidContentType).at(1, 0).content = oidSignedData
		m.attributes.sort()
	}},
	{name: "unknown-signed-attribute", want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 3}, null())},
	// Known ones that the format has no use for: each could change what a signature means.
	{name: "s-mime-capabilities", want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 15}, seq())},
	{name: "algorithm-protection", want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 52}, seq())},
	{name: "signature-policy", want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 15}, seq())},
	{name: "commitment-type", want: cades.ErrFormat, bend: addAttribute([]byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 16}, seq())},
	{name: "signed-time-stamp-token", want: cades.ErrFormat, bend: addAttribute(oidTimeStampToken, token(800))},
	{name: "attributes-unsorted", want: cades.ErrFormat, bend: func(_ testing.TB, _ *pki, m *message) {
		a := m.attributes.children
		a[0], a[1] = a[1], a[0]
	}},
	{name: "attribute-without-value", want: cades.ErrFormat, bend: func(t testing.TB, _ *pki, m *message) {
		m.attribute(t, oidMessageDigest).at(1).children = nil
		m.attributes.sort()
	}},
	{name: "attribute-with-two-values", want: cades.ErrFormat, bend: func(t testing.TB, _ *pki, m *message) {
		m.attribute(t, oidMessageDigest).at(1).add(primitive(tagOctetString, sha256Sum(nil)...))
		m.attributes.sort()
	}},
	{name: "message-digest-of-another-length", want: cades.ErrFormat, bend: messageDigest(sha256Sum(content)[:31])},
	{name: "message-digest-empty", want: cades.ErrFormat, bend: messageDigest(nil)},
	{name: "other-content", want: cades.ErrOtherContent, bend: messageDigest(sha256Sum([]byte("other")))},
}

var hostileSigningCertificates = []hostile{
	{name: "ess-version-1", want: cades.ErrFormat, bend: func(t testing.TB, p *pki, m *message) {
		without(oidSigningCertificateV2)(t, p, m)
		addAttribute(oidSigningCertificate, essVersion1)(t, p, m)
	}},
	{name: "ess-version-1-beside-2", want: cades.ErrFormat, bend: addAttribute(oidSigningCertificate, essVersion1)},
	{name: "ess-of-another-certificate", want: cades.ErrOtherCertificate, bend: func(t testing.TB, p *pki, m *message) {
		m.nameCertificate(t, sha256Sum(p.twin.Raw))
	}},
	{name: "ess-of-another-length", want: cades.ErrFormat, bend: func(t testing.TB, _ *pki, m *message) {
		m.nameCertificate(t, make([]byte, 20))
	}},
	{name: "ess-default-hash-written", want: cades.ErrFormat, bend: essID(func(_ *pki, id *node) {
		id.insert(0, seq(oid(oidSHA256...)))
	})},
	{name: "ess-hash-other-than-the-signatures", want: cades.ErrFormat, bend: essID(func(p *pki, id *node) {
		id.children = []*node{seq(oid(oidSHA384...)), primitive(tagOctetString, cades.ES384.Sum(p.p256.cert.Raw)...)}
	})},
	{name: "ess-sha1", want: cades.ErrFormat, bend: essID(func(_ *pki, id *node) {
		id.children = []*node{seq(oid(oidSHA1...)), primitive(tagOctetString, make([]byte, 20)...)}
	})},
	{name: "ess-hash-left-out-with-sha384", algorithm: cades.ES384, want: cades.ErrFormat, bend: essID(func(p *pki, id *node) {
		id.children = []*node{primitive(tagOctetString, sha256Sum(p.p384.cert.Raw)...)}
	})},
	{name: "ess-hash-with-parameters", algorithm: cades.ES384, want: cades.ErrFormat, bend: essID(func(_ *pki, id *node) { id.at(0).add(null()) })},
	{name: "ess-with-issuer-and-serial", want: cades.ErrFormat, bend: func(t testing.TB, p *pki, m *message) {
		essID(func(_ *pki, id *node) {
			id.add(seq(seq(constructed(0xa4, m.id.at(0).copy())), m.id.at(1).copy()))
		})(t, p, m)
	}},
	{name: "ess-with-policies", want: cades.ErrFormat, bend: func(t testing.TB, _ *pki, m *message) {
		m.attribute(t, oidSigningCertificateV2).at(1, 0).add(seq(seq(oid(0x2a, 3))))
		m.attributes.sort()
	}},
	{name: "ess-of-no-certificate", want: cades.ErrFormat, bend: func(t testing.TB, _ *pki, m *message) {
		m.attribute(t, oidSigningCertificateV2).at(1, 0, 0).children = nil
		m.attributes.sort()
	}},
	{name: "ess-of-two-certificates", want: cades.ErrFormat, bend: func(t testing.TB, p *pki, m *message) {
		m.attribute(t, oidSigningCertificateV2).at(1, 0, 0).add(seq(primitive(tagOctetString, sha256Sum(p.ca.cert.Raw)...)))
		m.attributes.sort()
	}},
}

var hostileTimes = []hostile{
	{name: "time-with-offset", profile: cades.CAdES, want: cades.ErrFormat, bend: signedTime(tagUTCTime, "261123112030+0100")},
	{name: "time-without-seconds", profile: cades.CAdES, want: cades.ErrFormat, bend: signedTime(tagUTCTime, "2611231020Z")},
	{name: "time-generalized-before-2050", profile: cades.CAdES, want: cades.ErrFormat, bend: signedTime(tagGeneralizedTime, "20261123102030Z")},
	{name: "time-with-fraction", profile: cades.CAdES, want: cades.ErrFormat, bend: signedTime(tagGeneralizedTime, "20501123102030.5Z")},
	{name: "time-generalized-with-offset", profile: cades.CAdES, want: cades.ErrFormat, bend: signedTime(tagGeneralizedTime, "20501123102030+0100")},
	{name: "time-that-is-none", profile: cades.CAdES, want: cades.ErrFormat, bend: signedTime(tagUTCTime, "261332102030Z")},
	{name: "time-as-text", profile: cades.CAdES, want: cades.ErrFormat, bend: signedTime(0x0c, "261123102030Z")},
}

var hostileUnsigned = []hostile{
	{name: "empty-unsigned-attributes", want: cades.ErrFormat, bend: unsignedAttributes()},
	{name: "unknown-unsigned-attribute", want: cades.ErrFormat, bend: unsignedAttributes(seq(oid(0x2a, 3), set(null())))},
	{name: "counter-signature", want: cades.ErrFormat, bend: func(t testing.TB, p *pki, m *message) {
		unsignedAttributes(seq(oid(oidCounterSignature...), set(m.signer.copy())))(t, p, m)
	}},
	{name: "two-time-stamps", want: cades.ErrFormat, bend: unsignedAttributes(timeStampAttribute(token(800)), timeStampAttribute(token(801)))},
	{name: "two-time-stamps-in-one", want: cades.ErrFormat, bend: unsignedAttributes(seq(oid(oidTimeStampToken...), set(token(800), token(801))))},
	{name: "time-stamp-without-value", want: cades.ErrFormat, bend: unsignedAttributes(seq(oid(oidTimeStampToken...), set()))},
	{name: "time-stamp-is-none", want: cades.ErrFormat, bend: unsignedAttributes(timeStampAttribute(null()))},
	{name: "time-stamp-of-another-type", want: cades.ErrFormat, bend: unsignedAttributes(timeStampAttribute(seq(oid(oidData...), constructed(0xa0, seq()))))},
	{name: "time-stamp-and-more", want: cades.ErrFormat, bend: unsignedAttributes(timeStampAttribute(token(800)), seq(oid(0x2a, 3), set(null())))},
	{name: "bytes-behind-time-stamp", want: cades.ErrFormat, bend: func(t testing.TB, p *pki, m *message) {
		unsignedAttributes(timeStampAttribute(token(800)))(t, p, m)
		m.signer.add(null())
	}},
}

// What is wrong with the value itself.
var hostileValues = []hostile{
	{name: "value-changed", unsigned: true, want: cades.ErrSignature, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signature.content[len(m.signature.content)-1] ^= 1
	}},
	{name: "rsa-value-changed", algorithm: cades.RS256, unsigned: true, want: cades.ErrSignature, bend: func(_ testing.TB, _ *pki, m *message) {
		m.signature.content[100] ^= 1
	}},
	{name: "pss-value-under-pkcs1", algorithm: cades.RS256, unsigned: true, want: cades.ErrSignature, bend: func(t testing.TB, p *pki, m *message) {
		m.sign(t, cades.PS256, p.rsa)
	}},
	{name: "value-of-another-key", unsigned: true, want: cades.ErrSignature, bend: func(t testing.TB, p *pki, m *message) {
		m.sign(t, cades.ES256, p.other)
	}},
	{name: "value-of-other-attributes", unsigned: true, want: cades.ErrSignature, bend: messageDigest(sha256Sum([]byte("other"))),
		wants: func(w *wanted, _ *pki) { w.digest = sha256Sum([]byte("other")) }},
	{name: "value-empty", unsigned: true, want: cades.ErrFormat, bend: value(func([]byte) []byte { return nil })},
	{name: "rsa-value-shorter", algorithm: cades.RS256, unsigned: true, want: cades.ErrFormat, bend: value(func(v []byte) []byte { return v[1:] })},
	{name: "rsa-value-longer", algorithm: cades.PS256, unsigned: true, want: cades.ErrFormat, bend: value(func(v []byte) []byte { return append([]byte{0}, v...) })},
	{name: "ecdsa-value-as-of-a-token", unsigned: true, want: cades.ErrFormat, bend: ecdsaValue(func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	})},
	{name: "ecdsa-value-with-bytes-behind", unsigned: true, want: cades.ErrFormat, bend: value(func(v []byte) []byte { return append(v, 0) })},
	{name: "ecdsa-value-with-bytes-inside", unsigned: true, want: cades.ErrFormat, bend: ecdsaValue(func(r, s *big.Int) []byte {
		return seq(primitive(tagInteger, integer(r)...), primitive(tagInteger, integer(s)...), null()).bytes()
	})},
	{name: "ecdsa-value-zero", unsigned: true, want: cades.ErrFormat, bend: ecdsaValue(func(_, s *big.Int) []byte {
		return seq(primitive(tagInteger, 0), primitive(tagInteger, integer(s)...)).bytes()
	})},
	{name: "ecdsa-value-negative", unsigned: true, want: cades.ErrFormat, bend: ecdsaValue(func(_, s *big.Int) []byte {
		return seq(primitive(tagInteger, 0xff), primitive(tagInteger, integer(s)...)).bytes()
	})},
	// The same residue in another encoding.
	{name: "ecdsa-value-above-the-order", unsigned: true, want: cades.ErrFormat, bend: ecdsaValue(func(r, s *big.Int) []byte {
		above := new(big.Int).Add(r, elliptic.P256().Params().N)
		return seq(primitive(tagInteger, integer(above)...), primitive(tagInteger, integer(s)...)).bytes()
	})},
	{name: "ecdsa-value-with-leading-zeros", unsigned: true, want: cades.ErrFormat, bend: ecdsaValue(func(r, s *big.Int) []byte {
		return seq(primitive(tagInteger, append([]byte{0, 0}, r.Bytes()...)...), primitive(tagInteger, integer(s)...)).bytes()
	})},
}

// Good ones that the verifier did not want.
var hostileOthers = []hostile{
	{name: "cades-for-pades", profile: cades.CAdES, want: cades.ErrProfile, wants: func(w *wanted, _ *pki) { w.profile = cades.PAdES }},
	{name: "pades-for-cades", profile: cades.PAdES, want: cades.ErrProfile, wants: func(w *wanted, _ *pki) { w.profile = cades.CAdES }},
	{name: "other-content-wanted", want: cades.ErrOtherContent, wants: func(w *wanted, _ *pki) { w.digest = sha256Sum(nil) }},
	{name: "certificate-of-the-same-key-wanted", want: cades.ErrOtherCertificate, wants: func(w *wanted, p *pki) { w.cert = p.twin }},
}

const tagGeneralizedTime = 0x18

var essVersion1 = seq(seq(seq(primitive(tagOctetString, make([]byte, 20)...))))

func without(id []byte) func(testing.TB, *pki, *message) {
	return func(t testing.TB, _ *pki, m *message) {
		gone := m.attribute(t, id)
		for i, a := range m.attributes.children {
			if a == gone {
				m.attributes.remove(i)
				return
			}
		}
	}
}

func twice(id []byte) func(testing.TB, *pki, *message) {
	return func(t testing.TB, _ *pki, m *message) {
		m.attributes.add(m.attribute(t, id))
		m.attributes.sort()
	}
}

func addAttribute(id []byte, value *node) func(testing.TB, *pki, *message) {
	return func(_ testing.TB, _ *pki, m *message) {
		m.attributes.add(seq(oid(id...), set(value)))
		m.attributes.sort()
	}
}

func messageDigest(digest []byte) func(testing.TB, *pki, *message) {
	return func(t testing.TB, _ *pki, m *message) {
		m.attribute(t, oidMessageDigest).at(1, 0).content = digest
		m.attributes.sort()
	}
}

// essID bends the one ESSCertIDv2.
func essID(bend func(p *pki, id *node)) func(testing.TB, *pki, *message) {
	return func(t testing.TB, p *pki, m *message) {
		bend(p, m.attribute(t, oidSigningCertificateV2).at(1, 0, 0, 0))
		m.attributes.sort()
	}
}

func signedTime(tag byte, text string) func(testing.TB, *pki, *message) {
	return func(t testing.TB, _ *pki, m *message) {
		*m.attribute(t, oidSigningTime) = *signingTimeAttribute(tag, text)
		m.attributes.sort()
	}
}

func signingTimeAttribute(tag byte, text string) *node {
	return seq(oid(oidSigningTime...), set(primitive(tag, []byte(text)...)))
}

func unsignedAttributes(attributes ...*node) func(testing.TB, *pki, *message) {
	return func(_ testing.TB, _ *pki, m *message) { m.signer.add(constructed(0xa1, attributes...)) }
}

func timeStampAttribute(token *node) *node { return seq(oid(oidTimeStampToken...), set(token)) }

func value(bend func([]byte) []byte) func(testing.TB, *pki, *message) {
	return func(_ testing.TB, _ *pki, m *message) { m.signature.content = bend(bytes.Clone(m.signature.content)) }
}

func ecdsaValue(bend func(r, s *big.Int) []byte) func(testing.TB, *pki, *message) {
	return func(t testing.TB, _ *pki, m *message) {
		pair := readTree(t, m.signature.content)
		r, s := new(big.Int).SetBytes(pair.at(0).content), new(big.Int).SetBytes(pair.at(1).content)
		m.signature.content = bend(r, s)
	}
}
