package dpop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/protocol/jws"
)

type members map[string]any

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func request() Request {
	return Request{Method: "POST", URL: "https://ca.example/csc/v2/info", Token: "token", Body: []byte(`{}`), Now: now}
}

func goodClaims() members {
	return members{"jti": "one", "htm": "POST", "htu": "https://ca.example/csc/v2/info", "iat": now.Unix(), "ath": hash([]byte("token")), "bh": hash([]byte(`{}`))}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func goodHeader(t testing.TB, key *ecdsa.PrivateKey) members {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return members{"typ": Type, "alg": "ES256", "jwk": members{
		"kty": "EC", "crv": "P-256", "x": jws.Encode(point[1:33]), "y": jws.Encode(point[33:]),
	}}
}

// sign makes a proof of any header and payload; only what they say can be wrong.
func sign(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	input := jws.Encode([]byte(header)) + "." + jws.Encode([]byte(payload))
	signature, err := jws.SignES256(key, []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + jws.Encode(signature)
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func TestCheck(t *testing.T) {
	key := newKey(t)
	p, err := Check(sign(t, key, text(goodHeader(t, key)), text(goodClaims())), request())
	if err != nil || p.ID != "one" {
		t.Fatalf("got %+v, %v", p, err)
	}
	unbound := goodClaims()
	delete(unbound, "bh") // RFC 9449 does not have it
	unbound["nbf"] = 1    // nor does it forbid others
	if _, err := Check(sign(t, key, text(goodHeader(t, key)), text(unbound)), request()); err != nil {
		t.Error(err)
	}
}

// TestOfTheRFC: the proof of RFC 9449 section 4.1.
func TestOfTheRFC(t *testing.T) {
	const proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19" +
		".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ" +
		".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	p, err := Check(proof, Request{Method: "POST", URL: "https://server.example.com/token", Now: time.Unix(1562262616, 0)})
	if err != nil || p.ID != "-BwC3ESc6acc2lTc" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestCheckRefuses(t *testing.T) {
	key := newKey(t)
	header, payload := text(goodHeader(t, key)), text(goodClaims())
	good := sign(t, key, header, payload)
	parts := strings.Split(good, ".")
	claims := func(name string, value any) string {
		c := goodClaims()
		c[name] = value
		return sign(t, key, header, text(c))
	}
	head := func(name string, value any) string {
		h := goodHeader(t, key)
		h[name] = value
		return sign(t, key, text(h), payload)
	}
	jwk := func(name string, value any) string {
		h := goodHeader(t, key)
		h["jwk"].(members)[name] = value
		return sign(t, key, text(h), payload)
	}
	for name, proof := range map[string]string{
		"empty":             "",
		"two parts":         parts[0] + "." + parts[1],
		"line break":        good + "\n",
		"too long":          good + strings.Repeat("A", maxLength),
		"other key signs":   sign(t, newKey(t), header, payload),
		"signature missing": parts[0] + "." + parts[1] + ".",
		"zero signature":    parts[0] + "." + parts[1] + "." + jws.Encode(make([]byte, 64)),
		"payload exchanged": parts[0] + "." + jws.Encode([]byte(text(members{"jti": "two"}))) + "." + parts[2],
		"alg none":          head("alg", "none"),
		"alg HS256":         head("alg", "HS256"),
		"other typ":         head("typ", "JWT"),
		"unknown header":    head("crit", []string{"x"}),
		"private key":       jwk("d", "AAAA"),
		"RSA":               jwk("kty", "RSA"),
		"other curve":       jwk("crv", "P-384"),
		"short coordinate":  jwk("x", "AAAA"),
		"point not on it":   jwk("y", jws.Encode(make([]byte, 32))),
		"member twice":      sign(t, key, header, strings.Replace(payload, "{", `{"JTI":"two",`, 1)),
		"two payloads":      sign(t, key, header, payload+payload),
		"payload no object": sign(t, key, header, `"one"`),
		"no jti":            claims("jti", ""),
		"long jti":          claims("jti", strings.Repeat("x", maxID+1)),
		"other method":      claims("htm", "GET"),
		"other address":     claims("htu", "https://ca.example/csc/v2/signatures/signHash"),
		"too old":           claims("iat", now.Add(-Leeway-time.Second).Unix()),
		"from the future":   claims("iat", now.Add(Leeway+time.Second).Unix()),
		"other token":       claims("ath", hash([]byte("another"))),
		"no token":          claims("ath", ""),
		"other body":        claims("bh", hash([]byte("another"))),
		"empty body hash":   claims("bh", ""),
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := Check(proof, request()); !errors.Is(err, ErrInvalid) || p != nil {
				t.Errorf("got %+v, %v; want nil, ErrInvalid", p, err)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	key := newKey(f)
	f.Add(sign(f, key, text(goodHeader(f, key)), text(goodClaims())))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, proof string) {
		if p, err := Check(proof, request()); err != nil && p != nil {
			t.Error("a proof beside an error")
		}
	})
}
