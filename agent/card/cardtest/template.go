package cardtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// template is the token that New copies.
var template struct {
	once sync.Once
	token
}

type token struct {
	dir          string
	conf         string
	certificates []Certificate
	authority    authority
	built        bool
}

type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

const month = 30 * 24 * time.Hour

// keys are made on the token by pkcs11-tool, as a card's are: the private halves never leave it.
var keys = []struct {
	name, id, kind string
	usage          x509.KeyUsage
	extra          []string
	ends           time.Duration // from now
}{
	{Sign, "01", "rsa:2048", x509.KeyUsageContentCommitment, nil, month},
	{Auth, "02", "rsa:2048", x509.KeyUsageDigitalSignature, nil, month},
	{EC, "03", "EC:prime256v1", x509.KeyUsageContentCommitment, nil, month},
	{Always, "04", "rsa:2048", x509.KeyUsageContentCommitment, []string{"--always-auth"}, month},
	{Expired, "05", "EC:prime256v1", x509.KeyUsageContentCommitment, nil, -24 * time.Hour},
}

func (k *token) build(t testing.TB) {
	t.Helper()
	if soft {
		k.buildSoft(t)
		return
	}
	need(t, "softhsm2-util", "softhsm2")
	need(t, "pkcs11-tool", "opensc")
	var err error
	if k.dir, err = os.MkdirTemp("", "cardtest"); err != nil {
		t.Fatal(err)
	}
	tokens := filepath.Join(k.dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	k.conf = writeConf(t, k.dir, tokens)
	run(t, []string{"SOFTHSM2_CONF=" + k.conf}, "softhsm2-util", "--init-token", "--free",
		"--label", Label, "--so-pin", soPIN, "--pin", PIN)
	k.authority = newAuthority(t)
	for i, key := range keys {
		args := []string{"--keypairgen", "--key-type", key.kind, "--id", key.id, "--label", key.name, "--sensitive"}
		k.tool(t, append(args, key.extra...)...)
		public := k.publicKey(t, "--id", key.id)
		certificate := k.authority.issue(t, i, public, key.usage, key.ends)
		k.writeCertificate(t, certificate, key.id, key.name)
		k.certificates = append(k.certificates, Certificate{
			Name: key.name, ID: fingerprint(certificate.Raw), KeyID: []byte{byte(i + 1)}, Certificate: certificate,
		})
	}
	k.writeCertificate(t, k.authority.certificate, "f0", caLabel)
	k.built = true
}

func (k *token) tool(t testing.TB, args ...string) {
	t.Helper()
	args = append([]string{"--module", SoftHSM, "--token-label", Label, "--login", "--pin", PIN}, args...)
	run(t, []string{"SOFTHSM2_CONF=" + k.conf}, "pkcs11-tool", args...)
}

func (k *token) publicKey(t testing.TB, find ...string) any {
	t.Helper()
	file := filepath.Join(k.dir, "public.der")
	k.tool(t, append([]string{"--read-object", "--type", "pubkey", "--output-file", file}, find...)...)
	der, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatalf("cardtest: public key from the token: %v", err)
	}
	return public
}

func (k *token) writeCertificate(t testing.TB, c *x509.Certificate, id, label string) {
	t.Helper()
	file := filepath.Join(k.dir, "certificate.der")
	if err := os.WriteFile(file, c.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--write-object", file, "--type", "cert"}
	if id != "" {
		args = append(args, "--id", id)
	}
	if label != "" {
		args = append(args, "--label", label)
	}
	k.tool(t, args...)
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{key: key}
	a.certificate = a.create(t, &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{Country: []string{"PL"}, Organization: []string{"Odnowa TEST"}, CommonName: "TEST CA"},
		NotBefore:             time.Now().Add(-365 * 24 * time.Hour),
		NotAfter:              time.Now().Add(365 * 24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, &key.PublicKey)
	return a
}

// issue makes the certificate of the test person, for whom the PESEL consists of zeros.
func (a authority) issue(t testing.TB, i int, public any, usage x509.KeyUsage, ends time.Duration) *x509.Certificate {
	t.Helper()
	return a.create(t, &x509.Certificate{
		SerialNumber: big.NewInt(int64(100 + i)),
		Subject: pkix.Name{
			Country: []string{"PL"}, CommonName: "Żaneta TESTOWA", SerialNumber: "PNOPL-00000000000",
			ExtraNames: []pkix.AttributeTypeAndValue{
				{Type: asn1.ObjectIdentifier{2, 5, 4, 42}, Value: "Żaneta"},
				{Type: asn1.ObjectIdentifier{2, 5, 4, 4}, Value: "TESTOWA"},
			},
		},
		NotBefore: time.Now().Add(-300 * 24 * time.Hour),
		NotAfter:  time.Now().Add(ends),
		KeyUsage:  usage,
	}, public)
}

func (a authority) create(t testing.TB, c *x509.Certificate, public any) *x509.Certificate {
	t.Helper()
	parent := a.certificate
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, a.key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
