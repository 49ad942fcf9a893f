package jws

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
)

const (
	testType  = "test+jws"
	testLimit = 1 << 10
)

type testClaims struct {
	Name  string   `json:"name"`
	Keys  []string `json:"keys,omitempty"`
	Inner struct {
		Count int `json:"count"`
	} `json:"inner"`
}

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// forge signs any header and payload, as they are.
func forge(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	input := Encode([]byte(header)) + "." + Encode([]byte(payload))
	signature, err := SignES256(key, []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + Encode(signature)
}

func pub(keys ...*ecdsa.PrivateKey) []*ecdsa.PublicKey {
	var out []*ecdsa.PublicKey
	for _, k := range keys {
		out = append(out, &k.PublicKey)
	}
	return out
}

func TestSignVerify(t *testing.T) {
	key := newKey(t, elliptic.P256())
	in := testClaims{Name: "Żaneta", Keys: []string{"a"}}
	in.Inner.Count = 7
	s, err := Sign(key, testType, in)
	if err != nil {
		t.Fatal(err)
	}
	var out testClaims
	if err := Verify(s, testType, testLimit, pub(newKey(t, elliptic.P256()), key), &out); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(in)
	b, _ := json.Marshal(out)
	if !bytes.Equal(a, b) {
		t.Errorf("claims changed on the way: %s, want %s", b, a)
	}
	kid, _ := KeyID(&key.PublicKey)
	header, _ := Decode(strings.Split(s, ".")[0])
	if want := `{"alg":"ES256","typ":"` + testType + `","kid":"` + kid + `"}`; string(header) != want {
		t.Errorf("header %s, want %s", header, want)
	}
}

// TestOfTheRFC: the signature of RFC 7515 appendix A.3.
func TestOfTheRFC(t *testing.T) {
	const (
		input     = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
		signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	)
	x, err1 := Decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
	y, err2 := Decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
	value, err3 := Decode(signature)
	key, err4 := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !VerifyES256(key, []byte(input), value) {
		t.Error("does not verify")
	}
	value[0] ^= 1
	if VerifyES256(key, []byte(input), value) {
		t.Error("verifies with a bit turned")
	}
}

func TestVerifyRefuses(t *testing.T) {
	key, other := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	kid, _ := KeyID(&key.PublicKey)
	header, payload := `{"alg":"ES256","typ":"test+jws","kid":"`+kid+`"}`, `{"name":"a","inner":{"count":1}}`
	good := forge(t, key, header, payload)
	if err := Verify(good, testType, testLimit, pub(key), &testClaims{}); err != nil {
		t.Fatalf("control: %v", err)
	}
	parts := strings.Split(good, ".")
	value, _ := Decode(parts[2])
	head := func(from, to string) string { return forge(t, key, strings.Replace(header, from, to, 1), payload) }
	body := func(from, to string) string { return forge(t, key, header, strings.Replace(payload, from, to, 1)) }
	signature := func(b []byte) string { return parts[0] + "." + parts[1] + "." + Encode(b) }
	// What follows the last whole byte has to be zero: the last of 86 characters has four such bits.
	loose := []byte(good)
	loose[len(loose)-1] = base64Alphabet[strings.IndexByte(base64Alphabet, loose[len(loose)-1])|1]
	n := elliptic.P256().Params().N
	for name, s := range map[string]string{
		"empty":                     "",
		"dots":                      "..",
		"two parts":                 parts[0] + "." + parts[1],
		"four parts":                good + "." + parts[2],
		"JWE has five":              good + ".a.b",
		"one byte over the limit":   forge(t, key, header, `{"name":"`+strings.Repeat("a", testLimit)+`"}`),
		"padding":                   good + "==",
		"padding in the header":     parts[0] + "=." + parts[1] + "." + parts[2],
		"line break":                good[:20] + "\n" + good[20:],
		"line break at the end":     good + "\r\n",
		"space":                     " " + good,
		"loose bits":                string(loose),
		"other base64":              strings.NewReplacer("-", "+", "_", "/").Replace(signature(bytes.Repeat([]byte{0xfb, 0xff}, 32))),
		"not UTF-8":                 "\xff" + good,
		"no signature":              parts[0] + "." + parts[1] + ".",
		"signature of 63 bytes":     signature(value[:63]),
		"signature of 65 bytes":     signature(slices.Concat(value[:32], []byte{0}, value[32:])),
		"signature of zeros":        signature(make([]byte, 64)),
		"signature of the order":    signature(append(n.Bytes(), value[32:]...)),
		"signature as ASN.1":        signature(append([]byte{0x30, 0x44, 2, 32}, value[:60]...)),
		"of another":                forge(t, other, header, payload),
		"key of another":            head(kid, must(KeyID(&other.PublicKey))),
		"no kid":                    head(`,"kid":"`+kid+`"`, ""),
		"kid in capitals":           head(kid, strings.ToUpper(kid)),
		"alg none":                  head("ES256", "none"),
		"alg none, no signature":    Encode([]byte(strings.Replace(header, "ES256", "none", 1))) + "." + parts[1] + ".",
		"alg HS256":                 head("ES256", "HS256"),
		"alg ES384":                 head("ES256", "ES384"),
		"alg in small letters":      head("ES256", "es256"),
		"no alg":                    head(`"alg":"ES256",`, ""),
		"alg is a number":           head(`"ES256"`, "256"),
		"other typ":                 head(testType, "JWT"),
		"typ in capitals":           head(testType, strings.ToUpper(testType)),
		"no typ":                    head(`"typ":"test+jws",`, ""),
		"crit":                      head("{", `{"crit":["exp"],`),
		"crit, empty":               head("{", `{"crit":[],`),
		"b64":                       head("{", `{"b64":false,`),
		"jwk":                       head("{", `{"jwk":{},`),
		"alg twice":                 head("{", `{"alg":"none",`),
		"alg twice, the same":       head("{", `{"alg":"ES256",`),
		"alg twice, escaped":        head("{", `{"\u0061lg":"none",`),
		"alg twice, other letters":  head("{", `{"ALG":"none",`),
		"alg in other letters":      head(`"alg"`, `"Alg"`),
		"kid with the Kelvin sign":  head(`"kid"`, "\"\u212aid\""),
		"two headers":               head("{", header+"{"),
		"header is null":            forge(t, key, "null", payload),
		"header is a list":          forge(t, key, "["+header+"]", payload),
		"header is empty":           forge(t, key, "", payload),
		"header is not JSON":        head("{", "{,"),
		"claims: unknown":           body("{", `{"x":1,`),
		"claims: unknown inside":    body(`"count"`, `"x":1,"count"`),
		"claims: twice":             body("{", `{"name":"b",`),
		"claims: twice inside":      body(`"count"`, `"count":2,"count"`),
		"claims: other letters":     body(`"name"`, `"Name"`),
		"claims: with the long s":   body("{", "{\"key\u017f\":[],"),
		"claims: two":               forge(t, key, header, payload+payload),
		"claims: something follows": forge(t, key, header, payload+"x"),
		"claims: null":              forge(t, key, header, "null"),
		"claims: empty":             forge(t, key, header, ""),
		"claims: of another type":   body(`"a"`, `1`),
		"claims: exchanged":         parts[0] + "." + Encode([]byte(`{"name":"b"}`)) + "." + parts[2],
		"header exchanged":          Encode([]byte(header+" ")) + "." + parts[1] + "." + parts[2],
	} {
		if err := Verify(s, testType, testLimit, pub(key), &testClaims{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := Verify(good, testType, len(good)-1, pub(key), &testClaims{}); err == nil {
		t.Error("one byte over the limit: taken")
	}
	if err := Verify(good, testType, testLimit, nil, &testClaims{}); err == nil {
		t.Error("no key pinned: taken")
	}
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

func TestVerifyES256WantsP256(t *testing.T) {
	key := newKey(t, elliptic.P224())
	digest := sha256.Sum256([]byte("x"))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if VerifyES256(&key.PublicKey, []byte("x"), append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)) {
		t.Error("verifies with P-224")
	}
}

// token is a signer that answers as it is told.
type token struct {
	crypto.Signer
	answer []byte
}

func (s token) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return s.answer, nil }

func TestSignRefuses(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := newKey(t, elliptic.P256())
	der, err := key.Sign(rand.Reader, make([]byte, 32), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]crypto.Signer{
		"RSA":                    r,
		"P-384":                  newKey(t, elliptic.P384()),
		"answers raw":            token{key, make([]byte, 64)},
		"answers nothing":        token{key, nil},
		"bytes follow":           token{key, append(der, 0)},
		"first is zero":          token{key, []byte{0x30, 6, 2, 1, 0, 2, 1, 1}},
		"second is zero":         token{key, []byte{0x30, 6, 2, 1, 1, 2, 1, 0}},
		"negative":               token{key, []byte{0x30, 6, 2, 1, 0x81, 2, 1, 1}},
		"number above 256 bits":  token{key, append([]byte{0x30, 38, 2, 33, 1}, append(make([]byte, 32), 2, 1, 1)...)},
		"three numbers":          token{key, []byte{0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1}},
		"number with zero ahead": token{key, []byte{0x30, 7, 2, 2, 0, 1, 2, 1, 1}},
	} {
		if s, err := Sign(k, testType, testClaims{}); err == nil || s != "" {
			t.Errorf("%s: got %q, %v; want an error", name, s, err)
		}
	}
	// A short number is filled up.
	if raw, err := SignES256(token{key, []byte{0x30, 6, 2, 1, 1, 2, 1, 2}}, nil); err != nil ||
		new(big.Int).SetBytes(raw[:32]).Int64() != 1 || new(big.Int).SetBytes(raw[32:]).Int64() != 2 {
		t.Errorf("short numbers: %x, %v", raw, err)
	}
	if s, err := Sign(key, testType, func() {}); err == nil || s != "" {
		t.Errorf("claims that are no JSON: %q, %v", s, err)
	}
}

func FuzzParse(f *testing.F) {
	key := newKey(f, elliptic.P256())
	good := must(Sign(key, testType, testClaims{Name: "a"}))
	f.Add(good)
	f.Add(good + "\n")
	f.Add(strings.Replace(good, ".", "=.", 1))
	f.Add("..")
	f.Add("e30.e30.")
	f.Add(forge(f, key, `{"alg":"ES256","typ":"test+jws","kid":"a","kid":"b"}`, "{}"))
	f.Add(forge(f, key, `{"alg":"none","typ":"test+jws","kid":""}`, "{}"))
	f.Add(forge(f, key, `{"typ":"test+jws","alg":"ES256"}`, "[[[[{}]]]]"))
	f.Fuzz(func(t *testing.T, s string) {
		var h pinned
		u, err := Parse(s, testType, testLimit, &h)
		if err != nil {
			if u != nil {
				t.Error("a JWS beside an error")
			}
			return
		}
		if h.Header != (Header{"ES256", testType}) {
			t.Errorf("taken with the header %+v", h)
		}
		if len(s) > testLimit || u.input+"."+Encode(u.signature) != s || !strings.HasSuffix(u.input, "."+Encode(u.Payload)) {
			t.Errorf("loose form taken: %q", s)
		}
		if err := u.Verify(&newKey(t, elliptic.P256()).PublicKey); err == nil {
			t.Error("verifies with a fresh key")
		}
	})
}
