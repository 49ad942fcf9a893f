package sam

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/sam/statement"
	"github.com/odnowa/odnowa/protocol/jws"
)

const statementLabel = "statement"

// world is a SAM on a real SoftHSM token, both handlers on real sockets.
type world struct {
	t                *testing.T
	r                *registry
	config           Config
	public, internal *httptest.Server
	clock            atomic.Int64 // seconds that the SAM's clock is ahead
}

// newToken makes a token with the statement key.
func newToken(t *testing.T, dir string) hsm.Config {
	t.Helper()
	token, err := hsm.CreateSoftToken(dir, "sam", "")
	if err != nil {
		t.Fatal(err)
	}
	h, err := hsm.Open(token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.GenerateP256(statementLabel); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return token
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, config: Config{
		Database: filepath.Join(dir, "sam.db"), Audit: filepath.Join(dir, "audit.jsonl"),
		HSM: newToken(t, dir), StatementKey: statementLabel, RequestsPerMinute: 100_000,
		SigningURL: "http://odnowa.localhost:8700/csc/v2",
	}}
	r, opened, err := open(t.Context(), w.config, zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	w.r = r
	r.now = func() time.Time { return time.Now().Add(time.Duration(w.clock.Load()) * time.Second) }
	w.internal = httptest.NewServer(newInternal(r, w.config))
	t.Cleanup(w.internal.Close)
	w.public = httptest.NewUnstartedServer(nil)
	w.config.PublicURL = "http://" + w.public.Listener.Addr().String()
	r.appURL = w.config.PublicURL
	w.public.Config.Handler = newPublic(r, w.config, app{})
	w.public.Start()
	t.Cleanup(w.public.Close)
	return w
}

// answer is a status and a body.
type answer struct {
	t      *testing.T
	status int
	body   []byte
}

// code is that of the problem, or empty for a success.
func (a answer) code() string {
	if a.status < 300 {
		return ""
	}
	var p struct {
		Code string `json:"code"`
	}
	json.Unmarshal(a.body, &p)
	return p.Code
}

// want fails unless the answer is a success (code "") or a refusal with this code.
func (a answer) want(code Code) answer {
	a.t.Helper()
	if ok := a.status < 300; ok != (code == "") || a.code() != string(code) {
		a.t.Fatalf("answer = %d %s, want code %q", a.status, a.body, code)
	}
	if code != "" && a.status != statuses[code] {
		a.t.Fatalf("status of %s = %d, want %d", code, a.status, statuses[code])
	}
	return a
}

func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%s: %v", a.body, err)
	}
}

func send(t *testing.T, method, url string, header http.Header, body any) answer {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{t, res.StatusCode, out}
}

func (w *world) portal(method, path string, body any) answer {
	w.t.Helper()
	return send(w.t, method, w.internal.URL+path, http.Header{}, body)
}

type object map[string]any

// enrol opens an enrolment with an application.
func (w *world) enrol(renewal string) (id, token string) {
	w.t.Helper()
	var made struct{ ID, URL string }
	w.portal("POST", "/v1/enrolments", object{"renewal": renewal}).want("").into(&made)
	w.portal("PUT", "/v1/enrolments/"+made.ID+"/application", object{"number": "ODN-TEST-1"}).want("")
	_, token, found := strings.Cut(made.URL, "/#")
	if !found {
		w.t.Fatalf("no token in %s", made.URL)
	}
	return made.ID, token
}

func (w *world) look(id string) Enrolment {
	w.t.Helper()
	var e Enrolment
	w.portal("GET", "/v1/enrolments/"+id, nil).want("").into(&e)
	return e
}

// hasKey asks the HSM itself.
func (w *world) hasKey(label string) bool {
	w.t.Helper()
	_, err := w.r.hsm.Key(label)
	return err == nil
}

// fakePhone is the phone app in Go.
type fakePhone struct {
	w              *world
	device, backup *ecdsa.PrivateKey
	pin            ed25519.PrivateKey
	counter        int64
	welcome        Welcome
	credential     CredentialKeys
	code           string // as the phone computes it
}

func (w *world) phone() *fakePhone {
	w.t.Helper()
	p := &fakePhone{w: w, device: newP256(w.t), backup: newP256(w.t)}
	_, p.pin, _ = ed25519.GenerateKey(rand.Reader)
	return p
}

func newP256(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func spki(t testing.TB, pub crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (p *fakePhone) call(path string, body any) answer {
	p.w.t.Helper()
	return send(p.w.t, "POST", p.w.config.PublicURL+"/api/v1/"+path, http.Header{
		"Origin": {p.w.config.PublicURL}, "Authorization": {"Bearer " + p.welcome.Phone},
	}, body)
}

func (p *fakePhone) scan(token string) answer {
	p.w.t.Helper()
	a := p.call("scan", object{"token": token})
	if a.status == http.StatusOK {
		a.into(&p.welcome)
	}
	return a
}

func (p *fakePhone) challenge() Challenge {
	p.w.t.Helper()
	var c Challenge
	p.call("challenge", object{"enrolment": p.welcome.Enrolment}).want("").into(&c)
	return c
}

func (p *fakePhone) state() PhoneState {
	p.w.t.Helper()
	var s PhoneState
	p.call("state", object{"enrolment": p.welcome.Enrolment}).want("").into(&s)
	return s
}

func (p *fakePhone) keysProof(c Challenge) Proof {
	p.w.t.Helper()
	return p.prove(object{
		"aud": "sam", "type": "keys", "enrolment": p.welcome.Enrolment, "jti": c.ID, "iat": c.IssuedAt, "exp": c.ExpiresAt,
		"deviceKey": spki(p.w.t, p.device.Public()), "pinKey": spki(p.w.t, p.pin.Public()), "backupKey": spki(p.w.t, p.backup.Public()),
	}, roleDevice, rolePIN, roleBackup)
}

func (p *fakePhone) keys() answer {
	p.w.t.Helper()
	a := p.call("keys", object{"enrolment": p.welcome.Enrolment, "proof": p.keysProof(p.challenge())})
	if a.status == http.StatusOK {
		a.into(&p.credential)
		p.code = statement.Code(spki(p.w.t, p.device.Public()), spki(p.w.t, p.pin.Public()), spki(p.w.t, p.backup.Public()), p.credential.Key, p.credential.Nonce)
	}
	return a
}

// claims gives the payload of an activation with the next counter.
func (p *fakePhone) claims(c Challenge) object {
	p.counter++
	return object{
		"aud": "sam", "type": "activate", "enrolment": p.welcome.Enrolment, "credential": p.credential.ID,
		"jti": c.ID, "ctr": p.counter, "iat": c.IssuedAt, "exp": c.ExpiresAt,
	}
}

func (p *fakePhone) send(proof Proof) answer {
	p.w.t.Helper()
	return p.call("activate", object{"enrolment": p.welcome.Enrolment, "proof": proof})
}

// activate sends a double signature; pin false signs with the key of another PIN.
func (p *fakePhone) activate(pin bool) answer {
	p.w.t.Helper()
	q := *p
	claims := p.claims(p.challenge())
	if !pin {
		_, q.pin, _ = ed25519.GenerateKey(rand.Reader)
	}
	return p.send(q.prove(claims, roleDevice, rolePIN))
}

func (p *fakePhone) prove(claims object, roles ...role) Proof {
	p.w.t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		p.w.t.Fatal(err)
	}
	out := Proof{Payload: jws.Encode(payload)}
	for _, r := range roles {
		h, _ := json.Marshal(proofHeader{algorithmOf(r), r, proofType})
		protected := jws.Encode(h)
		out.Signatures = append(out.Signatures, ProofSignature{protected, jws.Encode(p.sign(r, []byte(protected+"."+out.Payload)))})
	}
	return out
}

func (p *fakePhone) sign(r role, input []byte) []byte {
	p.w.t.Helper()
	if r == rolePIN {
		return ed25519.Sign(p.pin, input)
	}
	key := p.device
	if r == roleBackup {
		key = p.backup
	}
	digest := sha256.Sum256(input)
	der, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		p.w.t.Fatal(err)
	}
	var s struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &s); err != nil {
		p.w.t.Fatal(err)
	}
	out := make([]byte, 64)
	s.R.FillBytes(out[:32])
	s.S.FillBytes(out[32:])
	return out
}

// ready brings a new phone to Ready.
func (w *world) ready(token string) *fakePhone {
	w.t.Helper()
	p := w.phone()
	p.scan(token).want("")
	p.keys().want("")
	p.activate(true).want("")
	return p
}

// issue is a CA that certifies any key.
func issue(t *testing.T, spkiDER []byte) (cert []byte, chain [][]byte) {
	t.Helper()
	pub, err := statement.ParseP256(spkiDER)
	if err != nil {
		t.Fatal(err)
	}
	key := newP256(t)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	ca.Subject.CommonName = "CA TEST"
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageContentCommitment}
	leaf.Subject.CommonName = "Żaneta TESTOWA"
	if cert, err = x509.CreateCertificate(rand.Reader, leaf, ca, pub, key); err != nil {
		t.Fatal(err)
	}
	return cert, [][]byte{caDER}
}

func TestMain(m *testing.M) {
	if _, err := os.Stat(hsm.SoftHSMModule); err != nil {
		println("these tests need SoftHSM: apt-get install softhsm2")
		os.Exit(1)
	}
	os.Exit(m.Run())
}
