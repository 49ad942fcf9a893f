package hsm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"os"
	"testing"

	"github.com/ThalesIgnite/crypto11"
)

func open(t *testing.T) (*Token, Config) {
	t.Helper()
	c, err := CreateSoftToken(t.TempDir(), "test", "")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tok.Close() })
	return tok, c
}

func TestKeysSign(t *testing.T) {
	tok, c := open(t)
	ec, err := tok.GenerateP256("ec")
	if err != nil {
		t.Fatal(err)
	}
	rs, err := tok.GenerateRSA("rsa", 2048)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("x"))
	check := func(ec, rs crypto.Signer) {
		t.Helper()
		sig, err := ec.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil || !ecdsa.VerifyASN1(ec.Public().(*ecdsa.PublicKey), digest[:], sig) {
			t.Errorf("ECDSA: %v", err)
		}
		sig, err = rs.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err == nil {
			err = rsa.VerifyPKCS1v15(rs.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], sig)
		}
		if err != nil {
			t.Errorf("RSA: %v", err)
		}
	}
	check(ec, rs)

	if err := tok.Close(); err != nil {
		t.Fatal(err)
	}
	if tok, err = Open(c); err != nil {
		t.Fatal(err)
	}
	defer tok.Close()
	if ec, err = tok.Key("ec"); err != nil {
		t.Fatal(err)
	}
	if rs, err = tok.Key("rsa"); err != nil {
		t.Fatal(err)
	}
	check(ec, rs)
}

func TestKeysStayInTheToken(t *testing.T) {
	tok, _ := open(t)
	for label, generate := range map[string]func() (crypto.Signer, error){
		"ec":  func() (crypto.Signer, error) { return tok.GenerateP256("ec") },
		"rsa": func() (crypto.Signer, error) { return tok.GenerateRSA("rsa", 2048) },
	} {
		key, err := generate()
		if err != nil {
			t.Fatal(err)
		}
		for attribute, want := range map[crypto11.AttributeType]byte{
			crypto11.CkaAlwaysSensitive: 1, crypto11.CkaNeverExtractable: 1, crypto11.CkaPrivate: 1,
			crypto11.CkaDecrypt: 0, crypto11.CkaUnwrap: 0, crypto11.CkaDerive: 0,
		} {
			a, err := tok.ctx.GetAttribute(key, attribute)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Value) != 1 || a.Value[0] != want {
				t.Errorf("%s: attribute %#x = %x, want %d", label, attribute, a.Value, want)
			}
		}
	}
}

func TestLabelsNameOneKey(t *testing.T) {
	tok, _ := open(t)
	if _, err := tok.Key("a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Key of nothing: %v", err)
	}
	if _, err := tok.GenerateP256("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := tok.GenerateRSA("a", 2048); !errors.Is(err, ErrExists) {
		t.Errorf("second key of a label: %v", err)
	}
	if err := tok.Delete("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := tok.Key("a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Key after Delete: %v", err)
	}
	if err := tok.Delete("a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Delete of nothing: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	tok, c := open(t)
	if _, err := Open(c); !errors.Is(err, ErrOpen) {
		t.Errorf("second Open: %v", err)
	}
	tok.Close()

	if err := os.Chmod(c.PINFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(c); err == nil {
		t.Error("PIN file that others may read was taken")
	}
	if err := os.Chmod(c.PINFile, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.PINFile, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(c); err == nil {
		t.Error("wrong PIN was taken")
	}
}
