package cadestest

import (
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/odnowa/odnowa/protocol/cades"
)

// OpenSSL agrees with each algorithm, and with the time-stamped form.
func TestOpenSSLVerifies(t *testing.T) {
	p := NewPKI()
	dir := opensslDir(t, p)
	for _, profile := range []cades.Profile{cades.PAdES, cades.CAdES} {
		for _, a := range Algorithms {
			t.Run(profile.String()+"/"+string(a), func(t *testing.T) {
				opensslVerify(t, dir, p.Sign(profile, a))
			})
		}
	}
}

// OpenSSL's refusal of other content shows that the agreement above means something.
func TestOpenSSLRefuses(t *testing.T) {
	p := NewPKI()
	dir := opensslDir(t, p)
	write(t, dir, "s.cms", p.Sign(cades.PAdES, cades.ES256))
	write(t, dir, "content", []byte("other"))
	if out, err := opensslCommand(t, dir, verifyArguments...).CombinedOutput(); err == nil {
		t.Errorf("openssl accepts other content: %s", out)
	}
}

// A token of a real authority is inserted and found again, and still is about the value.
func TestTimeStamp(t *testing.T) {
	p := NewPKI()
	dir := opensslDir(t, p)
	der := p.Sign(cades.PAdES, cades.PS256)
	s, err := cades.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	token := timeStamp(t, p, dir, s.Value)
	stamped, err := s.WithTimeStamp(token)
	if err != nil {
		t.Fatal(err)
	}
	opensslVerify(t, dir, stamped)

	s, err = cades.Parse(stamped)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(cades.PAdES, cades.PS256.Sum(Content), p.RSA.Cert); err != nil {
		t.Error(err)
	}
	write(t, dir, "value", s.Value)
	write(t, dir, "found.tok", s.TimeStamp)
	openssl(t, dir, "ts", "-verify", "-data", "value", "-in", "found.tok", "-token_in", "-CAfile", "ca.pem", "-untrusted", "tsa.pem")

	if _, err := s.WithTimeStamp(token); err == nil {
		t.Error("a second time-stamp is taken")
	}
	if again, err := cades.Parse(der); err != nil || again.TimeStamp != nil {
		t.Errorf("the first CMS has changed: %v", err)
	}
}

func TestWithTimeStampRefuses(t *testing.T) {
	p := NewPKI()
	s, err := cades.Parse(p.Sign(cades.PAdES, cades.ES256))
	if err != nil {
		t.Fatal(err)
	}
	good := TokenOf(1000)
	for name, token := range map[string][]byte{
		"nothing":      nil,
		"null":         null().bytes(),
		"other type":   seq(oid(oidData...), constructed(0xa0, seq())).bytes(),
		"trailing":     append(good, 0),
		"truncated":    good[:len(good)-1],
		"larger":       TokenOf(cades.MaxTimeStamp + 1),
		"a PKI answer": seq(seq(primitive(tagInteger, 0)), readTree(good)).bytes(),
	} {
		if _, err := s.WithTimeStamp(token); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

var verifyArguments = []string{
	"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "s.cms",
	"-content", "content", "-CAfile", "ca.pem", "-purpose", "any", "-out", os.DevNull,
}

func opensslVerify(t *testing.T, dir string, der []byte) {
	t.Helper()
	write(t, dir, "s.cms", der)
	openssl(t, dir, verifyArguments...)
}

// opensslDir has the authority's certificate and the content.
func opensslDir(t *testing.T, p *PKI) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "ca.pem", pemCertificate(p.CA.Cert))
	write(t, dir, "content", Content)
	return dir
}

const tsaConfig = `
[tsa]
default_tsa = t
[t]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
`

// timeStamp has OpenSSL play a time-stamp authority for data.
func timeStamp(t *testing.T, p *PKI, dir string, data []byte) []byte {
	t.Helper()
	key := ECKey(elliptic.P256())
	cert := p.Issue(key.Public(), "TSA TEST", &x509.Certificate{
		KeyUsage: x509.KeyUsageDigitalSignature,
		// Critical extended key usage id-kp-timeStamping (RFC 3161 section 2.3); x509 alone would
		// write it uncritical.
		ExtraExtensions: []pkix.Extension{{
			Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true,
			Value: seq(oid(0x2b, 6, 1, 5, 5, 7, 3, 8)).bytes(),
		}},
	})
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "tsa.pem", pemCertificate(cert))
	write(t, dir, "tsa.Key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	write(t, dir, "tsa.cnf", []byte(tsaConfig))
	write(t, dir, "serial", []byte("01\n"))
	write(t, dir, "data", data)
	openssl(t, dir, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q.tsq")
	openssl(t, dir, "ts", "-reply", "-queryfile", "q.tsq", "-config", "tsa.cnf", "-section", "t",
		"-signer", "tsa.pem", "-inkey", "tsa.Key", "-token_out", "-out", "r.tok")
	token, err := os.ReadFile(filepath.Join(dir, "r.tok"))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func openssl(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := opensslCommand(t, dir, args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v: %s", args[0], err, out)
	}
}

func opensslCommand(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("openssl is missing: install the package openssl")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	return cmd
}

func pemCertificate(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
