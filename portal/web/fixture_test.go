package web

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/renewal"
	"github.com/odnowa/odnowa/protocol/cades"
)

const (
	testOrigin = "http://odnowa.localhost:8700"
	testEmail  = "zaneta.testowa@example.test"
	testPhone  = "+48600100200"
)

// holder is the test customer: a key and a certificate, made once.
var holder = newHolder("Żaneta TESTOWA")

type person struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newHolder(name string, usage ...pkix.Extension) person {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name, Country: []string{"PL"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 1, 0), ExtraExtensions: usage,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return person{key, cert}
}

// sign is what the agent does.
func (p person) sign(t *testing.T, profile cades.Profile, content []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(content)
	r, err := cades.NewRequest(profile, cades.ES256, p.cert, nil, digest[:], time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cms, err := cades.Sign(r, p.key)
	if err != nil {
		t.Fatal(err)
	}
	return cms
}

// stamper is a time-stamp authority without its HTTP.
type stamper struct {
	mu    sync.Mutex // the library has a global counter and no lock
	party person
	err   error
}

func newStamper() *stamper {
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		panic(err)
	}
	return &stamper{party: newHolder("TEST TSA", pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage})}
}

func (s *stamper) TimeStamp(_ context.Context, digest []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	ts := timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: digest, Time: time.Now(), SerialNumber: big.NewInt(1),
		Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: true,
	}
	answer, err := ts.CreateResponseWithOpts(s.party.cert, s.party.key, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	parsed, err := timestamp.ParseResponse(answer)
	if err != nil {
		return nil, err
	}
	return parsed.RawToken, nil
}

// site is a portal with issuer, SAM and time-stamp authority that can be made to fail.
type site struct {
	*server
	handler http.Handler
	issuer  *fakeIssuer
	sam     *fakeSAM
	tsa     *stamper
	logs    *bytes.Buffer
	audit   string // file
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	if err := renewal.CreateKeyFile(filepath.Join(dir, "code.key")); err != nil {
		t.Fatal(err)
	}
	store, err := renewal.OpenStore(t.Context(), filepath.Join(dir, "portal.db"), filepath.Join(dir, "code.key"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	for _, name := range sdkFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("export {};\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	chain, err := audit.Open(filepath.Join(dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { chain.Close() })
	x := &site{issuer: newFakeIssuer(), sam: newFakeSAM(), tsa: newStamper(), logs: &bytes.Buffer{}, audit: filepath.Join(dir, "audit.jsonl")}
	x.server = (&server{
		cfg: Config{
			Origin: testOrigin, Name: "Centrum TEST", Test: true, Assets: dir, LatestStartDays: 60, PhoneApp: "http://rsign.localhost:8701",
			Support: SupportConfig{Email: "pomoc@example.test", Phone: "+48 22 000 00 00"},
		},
		store: store, issuer: x.issuer, sam: x.sam, tsa: x.tsa, audit: chain, now: time.Now,
		log: zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.Lock(zapcore.AddSync(x.logs)), zap.DebugLevel)),
	}).wire()
	if x.handler, err = x.server.handler(); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *site) sell(t *testing.T) string {
	t.Helper()
	code, err := x.store.CreateCode(t.Context(), renewal.Offer{Months: 24, Target: renewal.TargetCloud})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// browser is one browser with its cookie.
type browser struct {
	site   *site
	cookie string
	code   string
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	Renewal Renewal
	Problem Problem
}

func (b *browser) do(t *testing.T, method, path string, body any) answer {
	t.Helper()
	var content string
	if body != nil {
		j, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = string(j)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, testOrigin+basePath+path, strings.NewReader(content))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		r.Header.Set("Origin", testOrigin)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.cookie != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: b.cookie})
	}
	w := httptest.NewRecorder()
	b.site.handler.ServeHTTP(deadlines{w}, r)
	for _, c := range w.Result().Cookies() {
		b.cookie = c.Value
	}
	out := answer{ResponseRecorder: w}
	var err error
	switch w.Header().Get("Content-Type") {
	case "application/json":
		err = json.Unmarshal(w.Body.Bytes(), &out.Renewal)
	case "application/problem+json":
		err = json.Unmarshal(w.Body.Bytes(), &out.Problem)
	}
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

// deadlines is a recorder that takes deadlines, as a connection does.
type deadlines struct{ *httptest.ResponseRecorder }

func (deadlines) SetWriteDeadline(time.Time) error { return nil }

// ok does what has to succeed and gives the renewal after it.
func (b *browser) ok(t *testing.T, method, path string, body any) Renewal {
	t.Helper()
	a := b.do(t, method, path, body)
	if a.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, a.Code, a.Body)
	}
	return a.Renewal
}

func (x *site) browser(t *testing.T) *browser {
	t.Helper()
	b := &browser{site: x, code: x.sell(t)}
	b.ok(t, "POST", "/renewal", OpenRenewal{Code: b.code})
	return b
}

// steps take a renewal into each state, in order.
var steps = []struct {
	into State
	do   func(t *testing.T, b *browser)
}{
	{StartChosen, func(t *testing.T, b *browser) { b.ok(t, "PUT", "/renewal/start", SetStart{Start: Now}) }},
	{CertificateChosen, func(t *testing.T, b *browser) {
		b.ok(t, "PUT", "/renewal/certificate", SetCertificate{Certificate: holder.cert.Raw})
	}},
	{ApplicationDrawnUp, func(t *testing.T, b *browser) { b.ok(t, "POST", "/renewal/application", DrawUp{Language: Pl}) }},
	{TermsAccepted, func(t *testing.T, b *browser) {
		b.ok(t, "PUT", "/renewal/terms", AcceptTerms{Terms: terms.version, Privacy: privacy.version})
	}},
	{ApplicationSigned, func(t *testing.T, b *browser) {
		b.ok(t, "PUT", "/renewal/application/signature", Signature{Cms: b.signApplication(t, holder)})
	}},
	{ContactGiven, func(t *testing.T, b *browser) {
		b.site.sam.ready(b.enrolment(t), "123456")
		b.ok(t, "PUT", "/renewal/contact", Contact{Email: testEmail, Phone: "600 100 200"})
	}},
	{ConfirmationDrawnUp, func(t *testing.T, b *browser) { b.ok(t, "POST", "/renewal/confirmation", nil) }},
	{Confirmed, func(t *testing.T, b *browser) { // only a crash stops here: the store is taken there by itself
		r := b.stored(t)
		if _, err := b.site.store.Confirm(t.Context(), b.cookie, r.Confirmation.Seal, b.signConfirmation(t, holder)); err != nil {
			t.Fatal(err)
		}
	}},
	{Issuing, func(t *testing.T, b *browser) {
		if _, err := b.site.store.BeginIssue(t.Context(), b.stored(t).ID); err != nil {
			t.Fatal(err)
		}
	}},
	{Issued, func(t *testing.T, b *browser) { b.ok(t, "POST", "/renewal/issue", nil) }},
}

// walk takes the renewal to a state that it has not come to yet.
func (b *browser) walk(t *testing.T, to State) {
	t.Helper()
	for _, step := range steps {
		r := b.stored(t)
		if State(r.State) == to {
			return
		}
		if order(State(r.State)) < order(step.into) {
			step.do(t, b)
		}
	}
	if got := State(b.stored(t).State); got != to {
		t.Fatalf("walked to %s instead of %s", got, to)
	}
}

func order(s State) int {
	for i, x := range renewal.States {
		if State(x) == s {
			return i
		}
	}
	panic("unknown state " + s)
}

func (b *browser) stored(t *testing.T) *renewal.Renewal {
	t.Helper()
	r, err := b.site.store.Get(t.Context(), b.cookie)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *browser) enrolment(t *testing.T) string { return b.stored(t).Application.Enrolment }

func (b *browser) signApplication(t *testing.T, p person) []byte {
	t.Helper()
	pdf, err := b.site.store.Document(t.Context(), b.cookie, renewal.ApplicationPDF)
	if err != nil {
		t.Fatal(err)
	}
	r := b.stored(t).Application.ByteRange
	return p.sign(t, cades.PAdES, append(pdf[:r[1]:r[1]], pdf[r[2]:]...))
}

func (b *browser) signConfirmation(t *testing.T, p person) []byte {
	t.Helper()
	text, err := b.site.store.Document(t.Context(), b.cookie, renewal.ConfirmationText)
	if err != nil {
		t.Fatal(err)
	}
	return p.sign(t, cades.CAdES, text)
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.Code, a.Problem.Code) }
