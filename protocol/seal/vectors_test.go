package seal

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the vectors anew")

const vectorFile = "../vectors/seal/seals.json"

// vectors is what another implementation needs to test itself: one pinned key, one document, and
// seals with what has to come of them.
type vectors struct {
	Key         []byte `json:"key"` // SubjectPublicKeyInfo of the pinned key
	Now         int64  `json:"now"` // seconds since the epoch
	Origin      string `json:"origin"`
	Certificate []byte `json:"certificate"` // the bytes whose SHA-256 the seal names; not a real certificate
	Document    []byte `json:"document"`
	Cases       []struct {
		Name string `json:"name"`
		Seal string `json:"seal"`
		// Result is "ok", or which of the package's errors: "invalid", "expired", "mismatch".
		Result string `json:"result"`
	} `json:"cases"`
}

func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrExpired):
		return "expired"
	case errors.Is(err, ErrMismatch):
		return "mismatch"
	case errors.Is(err, ErrInvalid):
		return "invalid"
	}
	return "internal"
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	data, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	pub, err := x509.ParsePKIXPublicKey(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range v.Cases {
		t.Run(c.Name, func(t *testing.T) {
			claims, err := Verify(c.Seal, []*ecdsa.PublicKey{pub.(*ecdsa.PublicKey)}, time.Unix(v.Now, 0))
			if err == nil {
				_, err = claims.Match(v.Origin, v.Certificate, v.Document)
			}
			if got := result(err); got != c.Result {
				t.Errorf("got %s (%v), want %s", got, err, c.Result)
			}
		})
	}
}

func writeVectors(t *testing.T) {
	key, stranger := newKey(t), newKey(t)
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	doc, _ := document()
	v := vectors{Key: spki, Now: now.Unix(), Origin: origin, Certificate: certificate, Document: doc}
	add := func(name, want string, signer *ecdsa.PrivateKey, change func(*Claims), bend func(string) string) {
		c := claims()
		if change != nil {
			change(&c)
		}
		s, err := Sign(signer, c)
		if err != nil {
			t.Fatal(err)
		}
		if bend != nil {
			s = bend(s)
		}
		v.Cases = append(v.Cases, struct {
			Name   string `json:"name"`
			Seal   string `json:"seal"`
			Result string `json:"result"`
		}{name, s, want})
	}
	add("good application", "ok", key, nil, nil)
	add("key that is not pinned", "invalid", stranger, nil, nil)
	add("last character changed", "invalid", key, nil, func(s string) string { return s[:len(s)-4] + "AAAA" })
	add("part missing", "invalid", key, nil, func(s string) string { return s[:len(s)-87] })
	add("line break", "invalid", key, nil, func(s string) string { return s + "\n" })
	add("unknown kind", "invalid", key, func(c *Claims) { c.Kind = "contract" }, nil)
	add("digest of twenty bytes", "invalid", key, func(c *Claims) { c.Digest = c.Digest[:20] }, nil)
	add("expired", "expired", key, func(c *Claims) { c.ExpiresAt = now.Unix() }, nil)
	add("from the future", "expired", key, func(c *Claims) { c.IssuedAt = now.Unix() + 61 }, nil)
	add("another website", "mismatch", key, func(c *Claims) { c.Origin = "https://other.example" }, nil)
	add("another certificate", "mismatch", key, func(c *Claims) { c.Certificate = make([]byte, 32) }, nil)
	add("another document", "mismatch", key, func(c *Claims) { c.Digest = make([]byte, 32) }, nil)
	add("gap that is not the placeholder", "mismatch", key, func(c *Claims) { c.ByteRange = []int{0, 1, 3, len(doc) - 3} }, nil)
	add("range beyond the document", "mismatch", key, func(c *Claims) { c.ByteRange[3]++ }, nil)
	add("confirmation with a byte range", "mismatch", key, func(c *Claims) { c.Kind = Confirmation }, nil)

	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(vectorFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorFile, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
