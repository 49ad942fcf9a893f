package statement

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/protocol/jws"
)

func p256(t testing.TB) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k, spki(t, k.Public())
}

func spki(t testing.TB, pub crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func request(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func claims(t testing.TB) Claims {
	t.Helper()
	credential, key := p256(t)
	_, device := p256(t)
	_, backup := p256(t)
	pin, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := Claims{
		Enrolment: "e-1", Number: "ODN-TEST-1", Key: key, Request: request(t, credential),
		DeviceKey: device, PINKey: spki(t, pin), BackupKey: backup, Nonce: make([]byte, NonceSize), IssuedAt: 1,
	}
	c.Code = Code(c.DeviceKey, c.PINKey, c.BackupKey, c.Key, c.Nonce)
	return c
}

func TestSignVerify(t *testing.T) {
	key, _ := p256(t)
	want := claims(t)
	s, err := Sign(key, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Verify(s, &key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if string(a) != string(b) {
		t.Errorf("claims changed on the way: %s, want %s", b, a)
	}
	other, _ := p256(t)
	if _, err := Verify(s, &other.PublicKey); !errors.Is(err, ErrInvalid) {
		t.Errorf("another SAM's statement: got %v, want ErrInvalid", err)
	}
}

// forge signs anything, as a SAM gone wrong would.
func forge(t *testing.T, key *ecdsa.PrivateKey, h, p string) string {
	t.Helper()
	input := jws.Encode([]byte(h)) + "." + jws.Encode([]byte(p))
	signature, err := jws.SignES256(key, []byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + jws.Encode(signature)
}

func TestVerifyRefusesForms(t *testing.T) {
	key, _ := p256(t)
	kid, err := jws.KeyID(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := json.Marshal(claims(t))
	good := `{"alg":"ES256","typ":"` + Type + `","kid":"` + kid + `"}`
	valid := forge(t, key, good, string(payload))
	if _, err := Verify(valid, &key.PublicKey); err != nil {
		t.Fatalf("control: %v", err)
	}
	parts := strings.Split(valid, ".")
	swapped := "A"
	if strings.HasPrefix(parts[2], "A") {
		swapped = "B"
	}
	for name, s := range map[string]string{
		"empty":             "",
		"two parts":         parts[0] + "." + parts[1],
		"four parts":        valid + ".",
		"too long":          strings.Repeat("A", MaxLength+1),
		"padding":           valid + "=",
		"line break":        parts[0] + "\n." + parts[1] + "." + parts[2],
		"signature changed": parts[0] + "." + parts[1] + "." + swapped + parts[2][1:],
		"no signature":      parts[0] + "." + parts[1] + ".",
		"alg none":          forge(t, key, strings.Replace(good, "ES256", "none", 1), string(payload)),
		"typ of a seal":     forge(t, key, strings.Replace(good, Type, "odnowa-seal+jws", 1), string(payload)),
		"kid of another":    forge(t, key, strings.Replace(good, kid, strings.Repeat("0", 64), 1), string(payload)),
		"crit header":       forge(t, key, strings.Replace(good, "{", `{"crit":["b64"],`, 1), string(payload)),
		"unknown claim":     forge(t, key, good, strings.Replace(string(payload), "{", `{"x":1,`, 1)),
		"trailing claim":    forge(t, key, good, string(payload)+"{}"),
	} {
		if c, err := Verify(s, &key.PublicKey); !errors.Is(err, ErrInvalid) || c != nil {
			t.Errorf("%s: got %v, %v, want ErrInvalid", name, c, err)
		}
	}
}

func TestSignRefusesClaims(t *testing.T) {
	key, _ := p256(t)
	another, anotherKey := p256(t)
	big, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Claims){
		"no number":            func(c *Claims) { c.Number = "" },
		"no enrolment":         func(c *Claims) { c.Enrolment = "" },
		"no time":              func(c *Claims) { c.IssuedAt = 0 },
		"other code":           func(c *Claims) { c.Code = "1" + c.Code },
		"short nonce":          func(c *Claims) { c.Nonce = c.Nonce[1:] },
		"P-384 device key":     func(c *Claims) { c.DeviceKey = spki(t, big.Public()) },
		"PIN key in P-256":     func(c *Claims) { c.PINKey = anotherKey },
		"request for another":  func(c *Claims) { c.Request = request(t, another) },
		"request malformed":    func(c *Claims) { c.Request = c.Request[1:] },
		"key swapped":          func(c *Claims) { c.Key = anotherKey },
		"backup is the device": func(c *Claims) { c.BackupKey = c.DeviceKey },
		"trailing byte":        func(c *Claims) { c.DeviceKey = append(c.DeviceKey, 0) },
	} {
		c := claims(t)
		change(&c)
		if name != "other code" {
			c.Code = Code(c.DeviceKey, c.PINKey, c.BackupKey, c.Key, c.Nonce)
		}
		if s, err := Sign(key, c); err == nil {
			t.Errorf("%s: signed %s", name, s)
		}
	}
}

func FuzzVerify(f *testing.F) {
	key, _ := p256(f)
	s, err := Sign(key, claims(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s)
	f.Add("..")
	f.Fuzz(func(t *testing.T, in string) {
		c, err := Verify(in, &key.PublicKey)
		if err != nil {
			if c != nil {
				t.Error("claims beside an error")
			}
			return
		}
		if in != s {
			t.Errorf("accepted what was never signed: %q", in)
		}
	})
}
