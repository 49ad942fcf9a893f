package cades_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/protocol/cades"
)

// hostile is a CMS that must be refused. It begins as a good one, is bent, and is then signed again
// by its signer, so that the only fault is the one in its name.
type hostile struct {
	name      string          // also that of its vector
	algorithm cades.Algorithm // of the good one; ES256 where empty
	profile   cades.Profile   // of the good one
	bend      func(t testing.TB, p *pki, m *message)
	unsigned  bool                    // leave the signature value as bend left it
	raw       func(der []byte) []byte // bends the bytes at last
	wants     func(w *wanted, p *pki) // changes what the verifier wants
	want      error                   // what the verifier must say
}

// wanted is what the verifier knows: it wants the good CMS.
type wanted struct {
	profile cades.Profile
	digest  []byte
	cert    *x509.Certificate
}

func (h *hostile) build(t testing.TB, p *pki) (der []byte, w wanted) {
	t.Helper()
	a := h.algorithm
	if a == "" {
		a = cades.ES256
	}
	w = wanted{h.profile, a.Sum(content), p.signerFor(a).cert}
	if h.wants != nil {
		h.wants(&w, p)
	}
	der = p.sign(t, h.profile, a)
	if h.bend != nil {
		m := readMessage(t, der)
		h.bend(t, p, m)
		if !h.unsigned {
			m.sign(t, a, p.signerFor(a))
		}
		der = m.root.bytes()
	}
	if h.raw != nil {
		der = h.raw(der)
	}
	return der, w
}

// sign makes a fresh value for the attributes as they now are.
func (m *message) sign(t testing.TB, a cades.Algorithm, by signer) {
	t.Helper()
	attributes := *m.attributes
	attributes.tag = tagSet
	value, err := by.key.Sign(rand.Reader, a.Sum(attributes.bytes()), a.SignerOpts())
	if err != nil {
		t.Fatal(err)
	}
	m.signature.content = value
}

// judge is what a verifier does with a CMS that it got.
func judge(der []byte, w wanted) error {
	s, err := cades.Parse(der)
	if err != nil {
		if s != nil {
			return errors.New("Parse gave a signature beside its error")
		}
		return err
	}
	return s.Verify(w.profile, w.digest, w.cert)
}

func hostiles() []hostile {
	return slices.Concat(hostileContainers, hostileCertificates, hostileAlgorithms, hostileSigners, hostileAttributes,
		hostileSigningCertificates, hostileTimes, hostileUnsigned, hostileValues, hostileOthers)
}

func TestHostile(t *testing.T) {
	p := newPKI(t)
	seen := map[string]bool{}
	for _, h := range hostiles() {
		if seen[h.name] {
			t.Errorf("%s: two of the name", h.name)
		}
		seen[h.name] = true
		der, w := h.build(t, p)
		if got := judge(der, w); h.want == nil || !errors.Is(got, h.want) {
			t.Errorf("%s: got %v, want %v", h.name, got, h.want)
		}
	}
}

// Bending nothing and signing again is good: the tests' tools are not what makes the others bad.
func TestHostileToolsAreSound(t *testing.T) {
	p := newPKI(t)
	for _, profile := range []cades.Profile{cades.PAdES, cades.CAdES} {
		for _, a := range algorithms {
			h := hostile{algorithm: a, profile: profile, bend: func(testing.TB, *pki, *message) {}}
			der, w := h.build(t, p)
			if err := judge(der, w); err != nil {
				t.Errorf("%v, %s: %v", profile, a, err)
			}
		}
	}
}

// No element may have anything behind its content: not an element, not a stray byte. Certificates
// and the token are bent from outside; of the signer's certificate TestBits shows the rest.
func TestTrailing(t *testing.T) {
	everyNode(t, func(n *node) bool { n.add(null()); return n.tag&0x20 != 0 })
	everyNode(t, func(n *node) bool { n.behind = []byte{0}; return n.tag&0x20 != 0 || n.tag == tagOID })
	everyNode(t, func(n *node) bool { n.behind = []byte{0, 0}; return n.tag&0x20 != 0 })
}

// No element may be BER: of indefinite length, or with more length bytes than needed.
func TestBER(t *testing.T) {
	everyNode(t, func(n *node) bool { n.indefinite = true; return n.tag&0x20 != 0 })
	everyNode(t, func(n *node) bool { n.longLength = true; return true })
}

// everyNode bends, one at a time, the nodes of good ones of both profiles, with a time-stamp, where
// bend says that the bent one is to be tried, signs again, and wants ErrFormat.
func everyNode(t *testing.T, bend func(*node) bool) {
	t.Helper()
	p := newPKI(t)
	for _, a := range []cades.Algorithm{cades.ES384, cades.PS256} {
		good := p.sign(t, cades.CAdES, a)
		for i := 0; ; i++ {
			m := readMessage(t, good)
			m.signer.add(constructed(0xa1, timeStampAttribute(token(800))))
			var nodes []*node
			m.root.walk(func(n *node) { nodes = append(nodes, n) })
			if i == len(nodes) {
				break
			}
			if !bend(nodes[i]) {
				continue
			}
			m.sign(t, a, p.signerFor(a))
			if _, err := cades.Parse(m.root.bytes()); !errors.Is(err, cades.ErrFormat) {
				t.Errorf("%s: node %d (tag %#x): got %v, want ErrFormat", a, i, nodes[i].tag, err)
			}
		}
	}
}

// Every bit of a CMS counts: with any one changed it is refused.
func TestBits(t *testing.T) {
	p := newPKI(t)
	der := p.alone(t)
	w := wanted{cades.CAdES, cades.ES256.Sum(content), p.p256.cert}
	if err := judge(der, w); err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(der) {
		changed := bytes.Clone(der)
		changed[i/8] ^= 1 << (i % 8)
		if judge(changed, w) == nil {
			t.Errorf("bit %d of byte %d is of no account", i%8, i/8)
		}
	}
}

// A part of a CMS is none, nor is one with something around it.
func TestPieces(t *testing.T) {
	der := newPKI(t).alone(t)
	for i := range der {
		if _, err := cades.Parse(der[:i]); !errors.Is(err, cades.ErrFormat) {
			t.Errorf("first %d bytes: %v", i, err)
		}
		if _, err := cades.Parse(der[i+1:]); !errors.Is(err, cades.ErrFormat) {
			t.Errorf("last %d bytes: %v", len(der)-i-1, err)
		}
	}
}

// The limits of size are held, whatever else is wrong.
func TestTooLarge(t *testing.T) {
	p := newPKI(t)
	for name, bend := range map[string]func(m *message){
		"more certificates than allowed": func(m *message) {
			for _, c := range p.many(t, cades.MaxCertificates-1, 0) {
				m.certificates.add(certificate(c))
			}
			m.certificates.sort()
		},
		"more bytes of certificates than allowed": func(m *message) {
			m.certificates.add(certificate(p.many(t, 1, 20<<10)[0]))
			m.certificates.sort()
		},
		"larger time-stamp than allowed": func(m *message) {
			m.signer.add(constructed(0xa1, timeStampAttribute(token(cades.MaxTimeStamp+1))))
		},
		"larger than allowed": func(m *message) { m.root.add(primitive(tagOctetString, make([]byte, cades.MaxLength)...)) },
	} {
		m := readMessage(t, p.sign(t, cades.PAdES, cades.ES256))
		bend(m)
		// The reason shows that the limit came first.
		if _, err := cades.Parse(m.root.bytes()); !errors.Is(err, cades.ErrFormat) || !strings.Contains(err.Error(), " too ") {
			t.Errorf("%s: got %v, want ErrFormat because of its size", name, err)
		}
	}
}

// What Parse gives does not hang on the caller's memory.
func TestParseCopies(t *testing.T) {
	p := newPKI(t)
	der := p.alone(t)
	s, err := cades.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	clear(der)
	if err := s.Verify(cades.CAdES, cades.ES256.Sum(content), p.p256.cert); err != nil {
		t.Error(err)
	}
}

// alone signs without the authority's certificate: all bytes of the CMS concern the verifier.
func (p *pki) alone(t testing.TB) []byte {
	t.Helper()
	r, err := cades.NewRequest(cades.CAdES, cades.ES256, p.p256.cert, nil, cades.ES256.Sum(content), signingTime)
	if err != nil {
		t.Fatal(err)
	}
	der, err := cades.Sign(r, p.p256.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
