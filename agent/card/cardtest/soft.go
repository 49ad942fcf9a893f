package cardtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Modules names the folder of the modules on Windows, which has no compiler of its own and no SoftHSM:
// soft.dll and hostile.dll, made of testdata/*.c as the sources say.
const Modules = "ODNOWA_TEST_MODULES"

// soft says that cards are those of testdata/soft.c rather than SoftHSM's.
const soft = runtime.GOOS == "windows"

// NewSoft makes a card for soft.dll on a system that does not run it: its Module is empty, and its Env names
// the folder as this system does.
func NewSoft(t testing.TB) Card {
	t.Helper()
	k := token{dir: t.TempDir()}
	k.fillSoft(t)
	tokens := filepath.Join(k.dir, "tokens")
	return Card{
		Tokens: tokens, Label: Label, PIN: PIN, Env: []string{"SOFT_TOKENS=" + tokens},
		Certificates: k.certificates, CA: k.authority.certificate,
	}
}

func windowsModule(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(os.Getenv(Modules), name)
	if _, err := os.Stat(path); err != nil || !filepath.IsAbs(path) {
		t.Fatalf("cardtest: no %s in the folder that %s names: make test-wine builds it", name, Modules)
	}
	return path
}

// buildSoft makes a token as soft.c reads it, with the same keys and certificates as on SoftHSM's. Its keys
// are made here, since nothing but this computer protects them anyway.
func (k *token) buildSoft(t testing.TB) {
	t.Helper()
	var err error
	if k.dir, err = os.MkdirTemp("", "cardtest"); err != nil {
		t.Fatal(err)
	}
	k.fillSoft(t)
}

func (k *token) fillSoft(t testing.TB) {
	t.Helper()
	k.authority = newAuthority(t)
	k.softFile(t, "label", []byte(Label))
	for i, key := range keys {
		var public any
		var blob []byte
		if strings.HasPrefix(key.kind, "rsa:") {
			public, blob = softRSA(t)
		} else {
			public, blob = softEC(t)
		}
		certificate := k.authority.issue(t, i, public, key.usage, key.ends)
		k.softFile(t, key.id+".key", blob)
		k.softFile(t, key.id+".crt", certificate.Raw)
		k.softFile(t, key.id+".label", []byte(key.name))
		if key.extra != nil {
			k.softFile(t, key.id+".always", nil)
		}
		k.certificates = append(k.certificates, Certificate{
			Name: key.name, ID: fingerprint(certificate.Raw), KeyID: []byte{byte(i + 1)}, Certificate: certificate,
		})
	}
	k.softFile(t, "f0.crt", k.authority.certificate.Raw)
	k.built = true
}

func (k *token) softFile(t testing.TB, name string, data []byte) {
	t.Helper()
	writeSoft(t, filepath.Join(k.dir, "tokens", "card"), name, data)
}

func writeSoft(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// softRSA makes a key and its BCRYPT_RSAPRIVATE_BLOB: magic, bits, lengths, exponent, modulus, primes.
func softRSA(t testing.TB) (public any, blob []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	blob = []byte("RSA2")
	for _, n := range []uint32{2048, 4, 256, 128, 128} {
		blob = binary.LittleEndian.AppendUint32(blob, n)
	}
	blob = binary.BigEndian.AppendUint32(blob, uint32(key.E))
	blob = append(blob, key.N.Bytes()...)
	for _, prime := range key.Primes {
		blob = append(blob, prime.FillBytes(make([]byte, 128))...)
	}
	return &key.PublicKey, blob
}

// softEC makes a key and its BCRYPT_ECCPRIVATE_BLOB: magic, length, X, Y, d.
func softEC(t testing.TB) (public any, blob []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		t.Fatal(err)
	}
	secret, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	blob = binary.LittleEndian.AppendUint32([]byte("ECS2"), 32)
	return &key.PublicKey, append(append(blob, point[1:]...), secret...)
}
