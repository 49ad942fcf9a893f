package seal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/protocol/jws"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const origin = "https://ca.example"

var certificate = []byte("the certificate that is to sign")

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// document with a placeholder of six zeros, and its byte range.
func document() ([]byte, []int) {
	before, gap, after := "%PDF /Contents ", "<000000>", " trailer"
	start := len(before)
	end := start + len(gap)
	return []byte(before + gap + after), []int{0, start, end, len(after)}
}

func claims() Claims {
	doc, r := document()
	digest := sha256.Sum256(append(append([]byte{}, doc[:r[1]]...), doc[r[2]:]...))
	cert := sha256.Sum256(certificate)
	return Claims{
		Kind: Application, Origin: origin, Number: "WN-1", Digest: digest[:], ByteRange: r, Certificate: cert[:],
		Show:     []Shown{{FieldNumber, "WN-1"}, {FieldMonths, "24"}},
		IssuedAt: now.Unix(), ExpiresAt: now.Add(time.Hour).Unix(),
	}
}

func TestSealRoundTrip(t *testing.T) {
	key := newKey(t)
	want := claims()
	s, err := Sign(key, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Verify(s, []*ecdsa.PublicKey{&newKey(t).PublicKey, &key.PublicKey}, now)
	if err != nil {
		t.Fatal(err)
	}
	if g, w := fmt.Sprintf("%+v", *got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("got %s, want %s", g, w)
	}
	doc, r := document()
	signed, err := got.Match(origin, certificate, doc)
	if err != nil {
		t.Fatal(err)
	}
	if w := string(doc[:r[1]]) + string(doc[r[2]:]); string(signed) != w {
		t.Errorf("signed bytes %q, want %q", signed, w)
	}
	if d, _ := document(); !bytes.Equal(doc, d) {
		t.Error("Match changed the document")
	}
}

func TestVerifyRefuses(t *testing.T) {
	key, other := newKey(t), newKey(t)
	good, err := Sign(key, claims())
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	// forge signs any header and payload with the pinned key: only what they say can be wrong.
	forge := func(header, payload string) string {
		input := jws.Encode([]byte(header)) + "." + jws.Encode([]byte(payload))
		signature, err := jws.SignES256(key, []byte(input))
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + jws.Encode(signature)
	}
	kid, _ := jws.KeyID(&key.PublicKey)
	head := `{"alg":"ES256","typ":"` + Type + `","kid":"` + kid + `"}`
	with := func(change func(*Claims)) string {
		c := claims()
		change(&c)
		p, _ := json.Marshal(c)
		return forge(head, string(p))
	}
	plain, _ := json.Marshal(claims())
	stranger, _ := Sign(other, claims())
	if _, err := Verify(forge(head, string(plain)), []*ecdsa.PublicKey{&key.PublicKey}, now); err != nil {
		t.Fatalf("the forging helper makes bad seals: %v", err)
	}

	for name, s := range map[string]string{
		"empty":                 "",
		"two parts":             parts[0] + "." + parts[1],
		"four parts":            good + "." + parts[2],
		"padding":               parts[0] + "=." + parts[1] + "." + parts[2],
		"too long":              good + strings.Repeat("A", MaxLength),
		"signature missing":     parts[0] + "." + parts[1] + ".",
		"signature of 63 bytes": parts[0] + "." + parts[1] + "." + jws.Encode(make([]byte, 63)),
		"zero signature":        parts[0] + "." + parts[1] + "." + jws.Encode(make([]byte, 64)),
		"line break":            good + "\n",
		"payload changed":       parts[0] + "." + jws.Encode(bytes.Replace(mustB64(t, parts[1]), []byte("WN-1"), []byte("WN-2"), 1)) + "." + parts[2],
		"unpinned key":          stranger,
		"alg none":              jws.Encode([]byte(`{"alg":"none","typ":"`+Type+`","kid":"`+kid+`"}`)) + "." + parts[1] + ".",
		"another typ":           forge(`{"alg":"ES256","typ":"JWT","kid":"`+kid+`"}`, string(plain)),
		"another alg":           forge(`{"alg":"HS256","typ":"`+Type+`","kid":"`+kid+`"}`, string(plain)),
		"crit header":           forge(`{"alg":"ES256","typ":"`+Type+`","kid":"`+kid+`","crit":["exp"]}`, string(plain)),
		"two headers":           forge(head+head, string(plain)),
		"unknown claim":         forge(head, strings.Replace(string(plain), "{", `{"extra":1,`, 1)),
		"unknown kind":          with(func(c *Claims) { c.Kind = "contract" }),
		"no origin":             with(func(c *Claims) { c.Origin = "" }),
		"no number":             with(func(c *Claims) { c.Number = "" }),
		"short digest":          with(func(c *Claims) { c.Digest = c.Digest[:20] }),
		"short certificate":     with(func(c *Claims) { c.Certificate = nil }),
		"byte range of three":   with(func(c *Claims) { c.ByteRange = c.ByteRange[:3] }),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Verify(s, []*ecdsa.PublicKey{&key.PublicKey}, now)
			if !errors.Is(err, ErrInvalid) || c != nil {
				t.Errorf("got %v, %v; want nil, ErrInvalid", c, err)
			}
		})
	}
}

func mustB64(t *testing.T, s string) []byte {
	t.Helper()
	b, err := jws.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealTime(t *testing.T) {
	key := newKey(t)
	s, err := Sign(key, claims())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   time.Duration
		want error
	}{{-2 * time.Minute, ErrExpired}, {-59 * time.Second, nil}, {0, nil}, {time.Hour - time.Second, nil}, {time.Hour, ErrExpired}} {
		if _, err := Verify(s, []*ecdsa.PublicKey{&key.PublicKey}, now.Add(c.at)); !errors.Is(err, c.want) {
			t.Errorf("at %v: got %v, want %v", c.at, err, c.want)
		}
	}
}

func TestMatchRefuses(t *testing.T) {
	doc, r := document()
	whole := claims()
	whole.Kind, whole.ByteRange = Confirmation, nil
	sum := sha256.Sum256(doc)
	whole.Digest = sum[:]
	if signed, err := whole.Match(origin, certificate, doc); err != nil || !bytes.Equal(signed, doc) {
		t.Fatalf("confirmation: got %q, %v", signed, err)
	}
	for name, c := range map[string]struct {
		change      func(*Claims)
		origin      string
		certificate []byte
		doc         []byte
	}{
		"another origin":           {origin: "https://ca.example.evil"},
		"origin with a port":       {origin: origin + ":8443"},
		"another certificate":      {certificate: []byte("another")},
		"changed before":           {doc: bytes.Replace(doc, []byte("%PDF"), []byte("%PDG"), 1)},
		"changed after":            {doc: bytes.Replace(doc, []byte("trailer"), []byte("trailes"), 1)},
		"appended":                 {doc: append(append([]byte{}, doc...), 'x')},
		"truncated":                {doc: doc[:len(doc)-1]},
		"empty document":           {doc: []byte{}},
		"placeholder filled":       {doc: bytes.Replace(doc, []byte("<000000>"), []byte("<00ab00>"), 1)},
		"placeholder is no string": {doc: bytes.Replace(doc, []byte("<000000>"), []byte("(000000)"), 1)},
		"no byte range":            {change: func(c *Claims) { c.ByteRange = nil }},
		"range starts late":        {change: func(c *Claims) { c.ByteRange = []int{1, r[1], r[2], r[3]} }},
		"range ends early":         {change: func(c *Claims) { c.ByteRange = []int{0, r[1], r[2], r[3] - 1} }},
		"gap reversed":             {change: func(c *Claims) { c.ByteRange = []int{0, r[2], r[1], r[3]} }},
		"gap outside":              {change: func(c *Claims) { c.ByteRange = []int{0, r[1], 1 << 40, -1 << 40} }},
		"negative":                 {change: func(c *Claims) { c.ByteRange = []int{0, -5, r[2], r[3]} }},
		"range in a confirmation":  {change: func(c *Claims) { c.Kind = Confirmation }},
	} {
		t.Run(name, func(t *testing.T) {
			cl := claims()
			if c.change != nil {
				c.change(&cl)
			}
			o, crt, d := origin, certificate, doc
			if c.origin != "" {
				o = c.origin
			}
			if c.certificate != nil {
				crt = c.certificate
			}
			if c.doc != nil {
				d = c.doc
			}
			if signed, err := cl.Match(o, crt, d); !errors.Is(err, ErrMismatch) || signed != nil {
				t.Errorf("got %q, %v; want nil, ErrMismatch", signed, err)
			}
		})
	}
}

type answer struct {
	crypto.Signer
	sig []byte
}

func (a answer) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return a.sig, nil }

func TestSignRefusesKeys(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]crypto.Signer{
		"RSA": r, "P-384": p384, "signer that answers raw": answer{newKey(t), make([]byte, 64)}, "signer that answers nothing": answer{newKey(t), nil},
	} {
		if s, err := Sign(k, claims()); err == nil || s != "" {
			t.Errorf("%s: got %q, %v; want an error", name, s, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	key := newKey(f)
	s, err := Sign(key, claims())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Verify(s, []*ecdsa.PublicKey{&key.PublicKey}, now)
		if err != nil && c != nil {
			t.Error("claims beside an error")
		}
	})
}

func FuzzMatch(f *testing.F) {
	doc, r := document()
	f.Add(doc, r[0], r[1], r[2], r[3])
	f.Fuzz(func(t *testing.T, doc []byte, a, b, c, d int) {
		cl := claims()
		cl.ByteRange = []int{a, b, c, d}
		if signed, err := cl.Match(origin, certificate, doc); err == nil {
			if sum := sha256.Sum256(signed); !bytes.Equal(sum[:], cl.Digest) {
				t.Error("matched other bytes")
			}
		}
	})
}
