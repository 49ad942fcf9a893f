package cadestest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/protocol/cades"
)

func TestHostile(t *testing.T) {
	p := NewPKI()
	seen := map[string]bool{}
	for _, h := range Cases() {
		if seen[h.Name] {
			t.Errorf("%s: two of the name", h.Name)
		}
		seen[h.Name] = true
		der, w := h.Build(p)
		if got := w.Judge(der); h.Want == nil || !errors.Is(got, h.Want) {
			t.Errorf("%s: got %v, want %v", h.Name, got, h.Want)
		}
		if s, err := cades.Parse(der); err != nil && s != nil {
			t.Errorf("%s: Parse gave a signature beside its error", h.Name)
		}
	}
}

// For a holder who is there already the same cases come out, as far as they fit the key.
func TestFor(t *testing.T) {
	p := NewPKI()
	text := []byte("another text")
	for name, holder := range map[string]Signer{"ES256": p.P256, "RS256": p.RSA} {
		q, err := For(holder, text, SigningTime)
		if err != nil {
			t.Fatal(err)
		}
		fitting := 0
		for _, c := range Cases() {
			if !c.Fits(q) {
				continue
			}
			fitting++
			der, w := c.Build(q)
			if got := w.Judge(der); !errors.Is(got, c.Want) && c.Algorithm != "" {
				t.Errorf("%s: %s: got %v, want %v", name, c.Name, got, c.Want)
			} else if got == nil {
				t.Errorf("%s: %s: accepted", name, c.Name)
			}
		}
		if fitting < 80 {
			t.Errorf("%s: only %d cases fit", name, fitting)
		}
	}
	if _, err := For(p.P384, text, SigningTime); err == nil {
		t.Error("P-384 is taken")
	}
}

// Bending nothing and signing again is good: the tests' tools are not what makes the others bad.
func TestHostileToolsAreSound(t *testing.T) {
	p := NewPKI()
	for _, profile := range []cades.Profile{cades.PAdES, cades.CAdES} {
		for _, a := range Algorithms {
			h := Case{Algorithm: a, Profile: profile, bend: func(*PKI, *message) {}}
			der, w := h.Build(p)
			if err := w.Judge(der); err != nil {
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
	p := NewPKI()
	for _, a := range []cades.Algorithm{cades.ES384, cades.PS256} {
		good := p.Sign(cades.CAdES, a)
		for i := 0; ; i++ {
			m := readMessage(good)
			m.signer.add(constructed(0xa1, timeStampAttribute(token(800))))
			var nodes []*node
			m.root.walk(func(n *node) { nodes = append(nodes, n) })
			if i == len(nodes) {
				break
			}
			if !bend(nodes[i]) {
				continue
			}
			m.sign(a, p.SignerFor(a))
			if _, err := cades.Parse(m.root.bytes()); !errors.Is(err, cades.ErrFormat) {
				t.Errorf("%s: node %d (tag %#x): got %v, want ErrFormat", a, i, nodes[i].tag, err)
			}
		}
	}
}

// Every bit of a CMS counts: with any one changed it is refused.
func TestBits(t *testing.T) {
	p := NewPKI()
	der := p.alone(t)
	w := Wanted{cades.CAdES, cades.ES256.Sum(Content), p.P256.Cert}
	if err := w.Judge(der); err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(der) {
		changed := bytes.Clone(der)
		changed[i/8] ^= 1 << (i % 8)
		if w.Judge(changed) == nil {
			t.Errorf("bit %d of byte %d is of no account", i%8, i/8)
		}
	}
}

// A part of a CMS is none, nor is one with something around it.
func TestPieces(t *testing.T) {
	der := NewPKI().alone(t)
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
	p := NewPKI()
	for name, bend := range map[string]func(m *message){
		"more certificates than allowed": func(m *message) {
			for _, c := range p.Many(cades.MaxCertificates-1, 0) {
				m.certificates.add(certificate(c))
			}
			m.certificates.sort()
		},
		"more bytes of certificates than allowed": func(m *message) {
			m.certificates.add(certificate(p.Many(1, 20<<10)[0]))
			m.certificates.sort()
		},
		"larger time-stamp than allowed": func(m *message) {
			m.signer.add(constructed(0xa1, timeStampAttribute(token(cades.MaxTimeStamp+1))))
		},
		"larger than allowed": func(m *message) { m.root.add(primitive(tagOctetString, make([]byte, cades.MaxLength)...)) },
	} {
		m := readMessage(p.Sign(cades.PAdES, cades.ES256))
		bend(m)
		// The reason shows that the limit came first.
		if _, err := cades.Parse(m.root.bytes()); !errors.Is(err, cades.ErrFormat) || !strings.Contains(err.Error(), " too ") {
			t.Errorf("%s: got %v, want ErrFormat because of its size", name, err)
		}
	}
}

// What Parse gives does not hang on the caller's memory.
func TestParseCopies(t *testing.T) {
	p := NewPKI()
	der := p.alone(t)
	s, err := cades.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	clear(der)
	if err := s.Verify(cades.CAdES, cades.ES256.Sum(Content), p.P256.Cert); err != nil {
		t.Error(err)
	}
}

// alone signs without the authority's certificate: all bytes of the CMS concern the verifier.
func (p *PKI) alone(t testing.TB) []byte {
	t.Helper()
	r, err := cades.NewRequest(cades.CAdES, cades.ES256, p.P256.Cert, nil, cades.ES256.Sum(Content), SigningTime)
	if err != nil {
		t.Fatal(err)
	}
	der, err := cades.Sign(r, p.P256.Key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
