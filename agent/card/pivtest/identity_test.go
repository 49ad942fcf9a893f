package pivtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

func writePEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// must is for what cannot fail in a test.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestLoadIdentity(t *testing.T) {
	p := must[person](t)(testPerson())
	rsaKey, ecKey := p.signature.Key.(*rsa.PrivateKey), p.authentication.Key.(*ecdsa.PrivateKey)
	rsaCertificate := writePEM(t, "CERTIFICATE", p.signature.Certificate.Raw)
	ecCertificate := writePEM(t, "CERTIFICATE", p.authentication.Certificate.Raw)
	bytes := must[[]byte](t)
	pkcs8 := writePEM(t, "PRIVATE KEY", bytes(x509.MarshalPKCS8PrivateKey(rsaKey)))
	tests := []struct {
		name, certificate, key string
		ok                     bool
	}{
		{"PKCS #8", rsaCertificate, pkcs8, true},
		{"PKCS #1", rsaCertificate, writePEM(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), true},
		{"SEC 1", ecCertificate, writePEM(t, "EC PRIVATE KEY", bytes(x509.MarshalECPrivateKey(ecKey))), true},
		{"another's key", ecCertificate, pkcs8, false},
		{"no key", rsaCertificate, rsaCertificate, false},
		{"no certificate", pkcs8, pkcs8, false},
		{"no file", rsaCertificate, "/nonexistent", false},
		{"no PEM", "/dev/null", pkcs8, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			i, err := LoadIdentity(test.certificate, test.key)
			if (err == nil) != test.ok {
				t.Fatalf("got %v, want ok %v", err, test.ok)
			}
			if test.ok && i.algorithm() == 0 {
				t.Error("no algorithm")
			}
		})
	}
}

func TestAlgorithms(t *testing.T) {
	ec := func(c elliptic.Curve) crypto.Signer {
		return must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(c, rand.Reader))
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	for _, test := range []struct {
		key  crypto.Signer
		want byte
	}{
		{must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048)), 0x07},
		{ec(elliptic.P256()), 0x11},
		{ec(elliptic.P384()), 0x14},
		{ec(elliptic.P521()), 0},
		{ed, 0},
	} {
		if got := (&Identity{nil, test.key}).algorithm(); got != test.want {
			t.Errorf("%T: got %02x, want %02x", test.key, got, test.want)
		}
	}
}
