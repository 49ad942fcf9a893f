package pades_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/odnowa/odnowa/portal/pades"
	"github.com/odnowa/odnowa/portal/pdf"
	"github.com/odnowa/odnowa/protocol/cades"
)

// run starts a program of the named apt package and gives what it printed.
func run(t *testing.T, apt, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing: apt-get install %s", name, apt)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}

func must(t *testing.T, apt, name string, args ...string) string {
	t.Helper()
	out, err := run(t, apt, name, args...)
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

// party is a key and its certificate.
type party struct {
	key  crypto.Signer
	cert *x509.Certificate
}

// pki is a small authority of test persons: a root, an issuer under it, a time-stamp authority.
type pki struct {
	dir                             string
	root, ca, tsa, holder, stranger party
}

func newPKI(t testing.TB) *pki {
	t.Helper()
	p := &pki{dir: t.TempDir()}
	ca := x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	person := x509.Certificate{KeyUsage: x509.KeyUsageContentCommitment}
	p.root = issue(t, party{}, "Odnowa TEST Root", ca, p256(t))
	p.ca = issue(t, p.root, "Odnowa TEST Issuing CA", ca, p256(t))
	p.tsa = issue(t, p.root, "Odnowa TEST TSA", tsaTemplate(true, x509.ExtKeyUsageTimeStamping), p256(t))
	p.holder = issue(t, p.ca, "Żaneta TESTOWA", person, p256(t))
	p.stranger = issue(t, p.ca, "Żaneta TESTOWA", person, p256(t))
	p.write(t, "root.pem", "CERTIFICATE", p.root.cert.Raw)
	p.write(t, "tsa.pem", "CERTIFICATE", p.tsa.cert.Raw)
	der, err := x509.MarshalPKCS8PrivateKey(p.tsa.key)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "tsa.key", "PRIVATE KEY", der)
	return p
}

func (p *pki) path(name string) string { return filepath.Join(p.dir, name) }

func (p *pki) write(t testing.TB, name, kind string, data []byte) {
	t.Helper()
	if kind != "" {
		data = pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data})
	}
	if err := os.WriteFile(p.path(name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func p256(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func tsaTemplate(critical bool, purposes ...x509.ExtKeyUsage) x509.Certificate {
	oids := map[x509.ExtKeyUsage]asn1.ObjectIdentifier{
		x509.ExtKeyUsageTimeStamping: {1, 3, 6, 1, 5, 5, 7, 3, 8},
		x509.ExtKeyUsageOCSPSigning:  {1, 3, 6, 1, 5, 5, 7, 3, 9},
	}
	var usage []asn1.ObjectIdentifier
	for _, p := range purposes {
		usage = append(usage, oids[p])
	}
	value, err := asn1.Marshal(usage)
	if err != nil {
		panic(err)
	}
	return x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{
		{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: value},
	}}
}

// issue makes a certificate; without an issuer it is self-signed.
func issue(t testing.TB, issuer party, name string, template x509.Certificate, key crypto.Signer) party {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatal(err)
	}
	if template.SerialNumber == nil {
		template.SerialNumber = serial
	}
	template.Subject = pkix.Name{Country: []string{"PL"}, CommonName: name}
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(time.Hour)
	if issuer.cert == nil {
		issuer = party{key, &template}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, issuer.cert, key.Public(), issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return party{key, cert}
}

func (p *pki) trust() pades.Trust {
	roots := x509.NewCertPool()
	roots.AddCert(p.root.cert)
	return pades.Trust{Roots: roots}
}

// prepare writes a small document.
func prepare(t *testing.T) *pdf.Prepared {
	t.Helper()
	p, err := pdf.Write(pdf.Document{
		Title: "Wniosek", Author: "Centrum TEST", Language: "pl-PL", Translation: "en",
		Created: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Letterhead: pdf.Letterhead{Name: "Centrum TEST"},
		Reference: "ON-1", PageLabel: func(int, int) string { return "1" },
		Blocks: []pdf.Block{
			pdf.Heading{Level: 1, Text: pdf.Pair{First: "Wniosek"}},
			pdf.Paragraph{Text: pdf.Pair{First: "Zażółć gęślą jaźń."}},
			pdf.Signature{Label: "Podpis", Note: pdf.Pair{First: "Tu podpis."}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sign is what a card does.
func (p *pki) sign(t *testing.T, by party, profile cades.Profile, alg cades.Algorithm, content []byte) []byte {
	t.Helper()
	r, err := cades.NewRequest(profile, alg, by.cert, []*x509.Certificate{p.ca.cert}, alg.Sum(content), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cms, err := cades.Sign(r, by.key)
	if err != nil {
		t.Fatal(err)
	}
	return cms
}

const tsaConfig = `[ tsa ]
default_tsa = t
[ t ]
serial = DIR/serial
signer_cert = DIR/tsa.pem
signer_key = DIR/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
`

// authority serves OpenSSL's time-stamp authority over HTTP.
func (p *pki) authority(t *testing.T) *httptest.Server {
	t.Helper()
	p.write(t, "tsa.cnf", "", bytes.ReplaceAll([]byte(tsaConfig), []byte("DIR"), []byte(p.dir)))
	p.write(t, "serial", "", []byte("01\n"))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		p.write(t, "query.tsq", "", query)
		must(t, "openssl", "openssl", "ts", "-reply", "-config", p.path("tsa.cnf"), "-queryfile", p.path("query.tsq"), "-out", p.path("reply.tsr"))
		reply, err := os.ReadFile(p.path("reply.tsr"))
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(reply)
	}))
	t.Cleanup(s.Close)
	return s
}
