package issuer_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/digitorus/timestamp"
	"golang.org/x/crypto/ocsp"

	"github.com/odnowa/odnowa/portal/issuer/contract"
)

// answer is what the public listener said.
type answer struct {
	status    int
	mediaType string
	body      []byte
}

func (w *world) public(method, path, mediaType string, body []byte) answer {
	w.t.Helper()
	req := must(http.NewRequestWithContext(w.t.Context(), method, "http://"+w.config.Public+path, bytes.NewReader(body)))
	req.Header.Set("Content-Type", mediaType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	return answer{res.StatusCode, res.Header.Get("Content-Type"), must(io.ReadAll(res.Body))}
}

func (w *world) ask(cert *x509.Certificate, hash crypto.Hash) []byte {
	return must(ocsp.CreateRequest(cert, w.read(w.box.CA.Issuing), &ocsp.RequestOptions{Hash: hash}))
}

func TestOCSP(t *testing.T) {
	w := newWorld(t)
	issuing := w.read(w.box.CA.Issuing)
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA512} {
		request := w.ask(w.holder, hash)
		for name, a := range map[string]answer{
			"POST":           w.public("POST", "/ocsp", "application/ocsp-request", request),
			"GET":            w.public("GET", "/ocsp/"+url.PathEscape(base64.StdEncoding.EncodeToString(request)), "", nil),
			"GET, unescaped": w.public("GET", "/ocsp/"+base64.StdEncoding.EncodeToString(request), "", nil),
		} {
			r, err := ocsp.ParseResponseForCert(a.body, w.holder, issuing)
			if err != nil || a.mediaType != "application/ocsp-response" {
				t.Fatalf("%s, %v: %v", name, hash, err)
			}
			if r.Status != ocsp.Good || r.IssuerHash != hash {
				t.Errorf("%s, %v: status %d with hash %v", name, hash, r.Status, r.IssuerHash)
			}
			// What golang.org/x/crypto/ocsp does not check.
			if c := r.Certificate; c == nil || len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageOCSPSigning {
				t.Errorf("%s: responder is not a delegate", name)
			}
		}
	}
	never := *w.holder
	never.SerialNumber = big.NewInt(4711)
	a := w.public("POST", "/ocsp", "application/ocsp-request", w.ask(&never, crypto.SHA1))
	if r, err := ocsp.ParseResponse(a.body, issuing); err != nil || r.Status != ocsp.Unknown {
		t.Errorf("serial number that was never issued: %v, %v", r, err)
	}
	a = w.public("POST", "/ocsp", "application/ocsp-request", must(ocsp.CreateRequest(issuing, w.read(w.box.CA.Root), nil)))
	if !bytes.Equal(a.body, ocsp.UnauthorizedErrorResponse) {
		t.Errorf("certificate of another CA: %x", a.body)
	}
}

func TestRevocationShows(t *testing.T) {
	w := newWorld(t)
	expired := w.read(w.box.Card.Expired)
	before := w.crl()
	if again := w.crl(); again.Number.Cmp(before.Number) != 0 {
		t.Error("a CRL was made although nothing changed")
	}
	in := contract.RevocationRequest{Serial: expired.SerialNumber.Text(16), Reason: 1}
	w.unrevokeAtEnd(expired)
	first, err := w.operator.Revoke(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	in.Reason = 4
	if again, err := w.operator.Revoke(t.Context(), in); err != nil || *again != *first {
		t.Errorf("revoked twice: %+v, %v, want %+v", again, err, first)
	}
	a := w.public("POST", "/ocsp", "application/ocsp-request", w.ask(expired, crypto.SHA256))
	r, err := ocsp.ParseResponseForCert(a.body, expired, w.read(w.box.CA.Issuing))
	if err != nil || r.Status != ocsp.Revoked || r.RevocationReason != 1 || !r.RevokedAt.Equal(first.RevokedAt) {
		t.Errorf("OCSP after revocation: %+v, %v", r, err)
	}
	after := w.crl()
	if after.Number.Cmp(before.Number) <= 0 || !listed(after, expired) || listed(after, w.holder) {
		t.Errorf("CRL %v after %v lists %d", after.Number, before.Number, len(after.RevokedCertificateEntries))
	}
	dir := t.TempDir()
	der := w.public("GET", "/crl/issuing.crl", "", nil)
	if err := os.WriteFile(dir+"/crl.der", der.body, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := openssl(t, "crl", "-inform", "DER", "-in", dir+"/crl.der", "-CAfile", w.box.CA.Issuing, "-noout"); !strings.Contains(out, "verify OK") {
		t.Errorf("openssl crl: %s", out)
	}
	// With both CRLs openssl finds the whole path unrevoked for one and not for the other.
	crls := filepath.Join(dir, "crls.pem")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der.body}),
		pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: w.public("GET", "/crl/root.crl", "", nil).body})...)
	if err := os.WriteFile(crls, both, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"verify", "-CAfile", w.box.CA.Root, "-untrusted", w.box.CA.Issuing, "-CRLfile", crls, "-crl_check_all"}
	openssl(t, append(args, w.box.Card.Qualified)...)
	if out, err := try(t, "openssl", nil, append(append([]string{"openssl"}, args...), "-no_check_time", w.box.Card.Expired)...); err == nil || !strings.Contains(out, "certificate revoked") {
		t.Errorf("revoked certificate: %s", out)
	}
}

func (w *world) crl() *x509.RevocationList {
	w.t.Helper()
	a := w.public("GET", "/crl/issuing.crl", "", nil)
	crl, err := x509.ParseRevocationList(a.body)
	if err == nil {
		err = crl.CheckSignatureFrom(w.read(w.box.CA.Issuing))
	}
	if err != nil || a.mediaType != "application/pkix-crl" {
		w.t.Fatalf("CRL: %v", err)
	}
	return crl
}

func listed(crl *x509.RevocationList, cert *x509.Certificate) bool {
	for _, e := range crl.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(cert.SerialNumber) == 0 {
			return true
		}
	}
	return false
}

func TestCertificatesArePublished(t *testing.T) {
	w := newWorld(t)
	for name, path := range map[string]string{
		"root": w.box.CA.Root, "issuing": w.box.CA.Issuing, "ocsp": w.box.CA.OCSP, "tsa": w.box.CA.TSA, "seal": w.box.CA.Seal,
	} {
		if a := w.public("GET", "/certs/"+name+".cer", "", nil); !bytes.Equal(a.body, w.read(path).Raw) || a.mediaType != "application/pkix-cert" {
			t.Errorf("%s: %d %s", name, a.status, a.mediaType)
		}
	}
}

func TestTimeStamp(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/data", []byte("signature value"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, hash := range []string{"-sha256", "-sha384", "-sha512"} {
		openssl(t, "ts", "-query", "-data", dir+"/data", hash, "-cert", "-out", dir+"/query")
		a := w.public("POST", "/tsa", "application/timestamp-query", must(os.ReadFile(dir+"/query")))
		if a.mediaType != "application/timestamp-reply" {
			t.Fatalf("%s: %d %s", hash, a.status, a.body)
		}
		if err := os.WriteFile(dir+"/reply", a.body, 0o600); err != nil {
			t.Fatal(err)
		}
		// The query checks imprint and nonce; then the data without the query.
		openssl(t, "ts", "-verify", "-queryfile", dir+"/query", "-in", dir+"/reply", "-CAfile", w.box.CA.Root)
		openssl(t, "ts", "-verify", "-data", dir+"/data", "-in", dir+"/reply", "-CAfile", w.box.CA.Root)
	}
	openssl(t, "ts", "-query", "-data", dir+"/data", "-sha256", "-no_nonce", "-out", dir+"/query")
	a := w.public("POST", "/tsa", "application/timestamp-query", must(os.ReadFile(dir+"/query")))
	if ts, err := timestamp.ParseResponse(a.body); err != nil || len(ts.Certificates) != 0 || ts.Nonce != nil {
		t.Errorf("without certificate and nonce: %v", err)
	}
}

func TestTimeStampRefuses(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/data", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"SHA-1":        {"-sha1"},
		"other policy": {"-sha256", "-tspolicy", "1.2.3.4"},
	} {
		openssl(t, append([]string{"ts", "-query", "-data", dir + "/data", "-out", dir + "/query"}, args...)...)
		a := w.public("POST", "/tsa", "application/timestamp-query", must(os.ReadFile(dir+"/query")))
		if _, err := timestamp.ParseResponse(a.body); a.status != http.StatusOK || err == nil {
			t.Errorf("%s: %d, %v", name, a.status, err)
		}
	}
}

// TestHostileRequests: nothing that anybody may send brings the public listener down or makes it say
// more than a refusal.
func TestHostileRequests(t *testing.T) {
	w := newWorld(t)
	good := w.ask(w.holder, crypto.SHA1)
	for _, tt := range []struct {
		name, method, path, mediaType string
		body                          []byte
		status                        int
		want                          []byte
	}{
		{"OCSP: large", "POST", "/ocsp", "application/ocsp-request", make([]byte, 3<<10), 413, nil},
		{"OCSP: large GET", "GET", "/ocsp/" + strings.Repeat("A", 4<<10), "", nil, 413, nil},
		{"OCSP: garbage", "POST", "/ocsp", "application/ocsp-request", []byte("garbage"), 200, ocsp.MalformedRequestErrorResponse},
		{"OCSP: cut", "POST", "/ocsp", "application/ocsp-request", good[:len(good)-3], 200, ocsp.MalformedRequestErrorResponse},
		{"OCSP: not base64", "GET", "/ocsp/%25%25%25", "", nil, 200, ocsp.MalformedRequestErrorResponse},
		{"OCSP: dots", "GET", "/ocsp/../../etc", "", nil, 200, ocsp.MalformedRequestErrorResponse},
		{"OCSP: empty", "POST", "/ocsp", "application/ocsp-request", nil, 400, nil},
		{"OCSP: other type", "POST", "/ocsp", "text/plain", good, 415, nil},
		{"OCSP: no type", "POST", "/ocsp", "", good, 415, nil},
		{"OCSP: DELETE", "DELETE", "/ocsp", "", nil, 405, nil},
		{"TSA: large", "POST", "/tsa", "application/timestamp-query", make([]byte, 5<<10), 413, nil},
		{"TSA: other type", "POST", "/tsa", "application/json", []byte("{}"), 415, nil},
		{"TSA: GET", "GET", "/tsa", "", nil, 405, nil},
		{"CRL of nobody", "GET", "/crl/other.crl", "", nil, 404, nil},
		{"key", "GET", "/certs/issuing.key", "", nil, 404, nil},
		{"internal API", "POST", "/v1/checks", "application/json", []byte("{}"), 404, nil},
	} {
		a := w.public(tt.method, tt.path, tt.mediaType, tt.body)
		if a.status != tt.status || tt.want != nil && !bytes.Equal(a.body, tt.want) {
			t.Errorf("%s: %d %q, want %d", tt.name, a.status, a.body, tt.status)
		}
	}
	a := w.public("POST", "/tsa", "application/timestamp-query", []byte("garbage"))
	if _, err := timestamp.ParseResponse(a.body); a.status != 200 || err == nil {
		t.Errorf("TSA: garbage: %d, %v", a.status, err)
	}
	if a := w.public("GET", "/health", "", nil); a.status != 200 {
		t.Errorf("health afterwards: %d", a.status)
	}
}
