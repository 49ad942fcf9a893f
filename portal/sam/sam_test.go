package sam

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"crypto/ecdsa"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/sam/statement"
)

func TestWholeEnrolment(t *testing.T) {
	w := newWorld(t)
	id, token := w.enrol("renewal-1")
	if e := w.look(id); e.State != Open || e.Code != "" || e.Statement != "" {
		t.Fatalf("after create: %+v", e)
	}
	p := w.phone()
	p.scan(token).want("")
	if p.welcome.Number != "ODN-TEST-1" || p.welcome.Enrolment != id {
		t.Fatalf("welcome: %+v", p.welcome)
	}
	p.keys().want("")
	if e := w.look(id); e.State != Scanned || e.Code != "" || e.Statement != "" {
		t.Fatalf("before the PIN is proved nothing is said about keys: %+v", e)
	}
	if s := p.state(); s.Keys == nil || s.Keys.ID != p.credential.ID {
		t.Fatalf("phone's state: %+v", s)
	}
	var told struct{ Code string }
	a := p.activate(true).want("")
	a.into(&told)
	if told.Code != p.code {
		t.Fatalf("the SAM's code is %q, the phone's %q", told.Code, p.code)
	}
	if s := p.state(); s.Keys != nil || s.State != Ready || s.Confirmed {
		t.Fatalf("after the PIN is proved the nonce is told no more: %+v", s)
	}

	e := w.look(id)
	if e.State != Ready || e.Code != p.code {
		t.Fatalf("after activation: %+v", e)
	}
	claims, err := statement.Verify(e.Statement, w.r.statementKey.Public().(*ecdsa.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if claims.Enrolment != id || claims.Number != "ODN-TEST-1" || !bytes.Equal(claims.Key, p.credential.Key) || claims.Code != e.Code {
		t.Fatalf("claims: %+v", claims)
	}
	cert, chain := issue(t, claims.Key)
	for range 2 { // twice gives the same result
		w.portal("PUT", "/v1/enrolments/"+id+"/application", object{"number": "ODN-TEST-1"}).want("")
		w.portal("PUT", "/v1/enrolments/"+id+"/confirmation", object{"statement": e.Statement}).want("")
		w.portal("POST", "/v1/enrolments/"+id+"/certificate", object{"certificate": cert, "chain": chain}).want("")
	}
	again := w.look(id)
	if again.State != Active || again.Version != e.Version+2 { // confirmed, active
		t.Fatalf("after issue: %+v", again)
	}
	if s := p.state(); s.State != Active || s.Shown == nil || s.Shown.CommonName != "Żaneta TESTOWA" || s.TriesLeft != 3 {
		t.Fatalf("phone's state: %+v", s)
	}
	w.checkAudit(token, p)
}

// checkAudit: the log is whole and has no secret.
func (w *world) checkAudit(token string, p *fakePhone) {
	w.t.Helper()
	b, err := os.ReadFile(w.config.Audit)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, _, err := audit.Verify(bytes.NewReader(b)); err != nil {
		w.t.Fatal(err)
	}
	for _, event := range []string{"enrolment.created", "enrolment.named", "phone.scanned", "phone.keyed", "pin.tried", "phone.ready", "phone.confirmed", "credential.active"} {
		if n := strings.Count(string(b), `"`+event+`"`); n != 1 {
			w.t.Errorf("%d records of %s in the audit log", n, event)
		}
	}
	for name, secret := range map[string]string{"token": token, "phone's secret": p.welcome.Phone, "code": `"` + p.code + `"`, "name": "TESTOWA"} {
		if strings.Contains(string(b), secret) {
			w.t.Errorf("%s in the audit log", name)
		}
	}
}

func TestLongPollsWake(t *testing.T) {
	w := newWorld(t)
	id, token := w.enrol("renewal-1")
	before := w.look(id)
	got := make(chan *Enrolment)
	go func() {
		e, err := w.r.wait(t.Context(), id, before.Version, time.Minute)
		if err != nil {
			t.Error(err)
		}
		got <- e
	}()
	p := w.phone()
	p.scan(token).want("")
	if e := <-got; e == nil || e.State != Scanned || e.Version <= before.Version {
		t.Fatalf("portal's long poll: %+v", e)
	}
	done := make(chan error)
	go func() {
		_, err := w.r.state(t.Context(), Caller{p.welcome.Enrolment, p.welcome.Phone}, 1<<40, time.Minute)
		done <- err
	}()
	w.portal("DELETE", "/v1/enrolments/"+id, nil).want("")
	if err := <-done; !isRefusal(err, CodeVoid) {
		t.Fatalf("phone's long poll of a void enrolment: %v", err)
	}
	if len(w.r.watch.waiters) != 0 {
		t.Errorf("waiters stay: %v", w.r.watch.waiters)
	}
	start := time.Now()
	if _, err := w.r.wait(t.Context(), id, 1<<40, 10*time.Millisecond); err != nil || time.Since(start) > 5*time.Second {
		t.Errorf("a wait that is over: %v after %v", err, time.Since(start))
	}
}

func TestLaterScanReplacesThePhone(t *testing.T) {
	w := newWorld(t)
	id, token := w.enrol("renewal-1")
	first := w.ready(token)
	before := w.look(id)
	if !w.hasKey(first.credential.ID) {
		t.Fatal("no key in the HSM")
	}
	second := w.phone()
	second.scan(token).want("")
	e := w.look(id)
	if e.State != Scanned || e.Version <= before.Version || e.Statement != "" || e.Code != "" {
		t.Fatalf("portal after the second scan: %+v", e)
	}
	if w.hasKey(first.credential.ID) {
		t.Error("the first phone's key is still in the HSM")
	}
	first.call("state", object{"enrolment": id}).want(CodeReplaced)
	first.call("challenge", object{"enrolment": id}).want(CodeReplaced)
	second.keys().want("")
	second.activate(true).want("")
	if second.credential.ID == first.credential.ID {
		t.Error("second phone has the first one's credential")
	}
	// What the card could have signed for the first phone no longer confirms or issues.
	w.portal("PUT", "/v1/enrolments/"+id+"/confirmation", object{"statement": before.Statement}).want(CodeKeyMismatch)
	cert, chain := issue(t, first.credential.Key)
	w.portal("POST", "/v1/enrolments/"+id+"/certificate", object{"certificate": cert, "chain": chain}).want(CodeKeyMismatch)
}

func TestNoScanAfterConfirmationIssueOrVoid(t *testing.T) {
	w := newWorld(t)
	id, token := w.enrol("renewal-1")
	p := w.ready(token)
	w.portal("PUT", "/v1/enrolments/"+id+"/confirmation", object{"statement": w.look(id).Statement}).want("")
	w.phone().scan(token).want(CodeConfirmed)
	if s := p.state(); s.State != Ready || !s.Confirmed {
		t.Fatalf("the confirmed phone lost its place: %+v", s)
	}
	cert, chain := issue(t, p.credential.Key)
	w.portal("POST", "/v1/enrolments/"+id+"/certificate", object{"certificate": cert, "chain": chain}).want("")
	w.phone().scan(token).want(CodeActive)
	w.portal("DELETE", "/v1/enrolments/"+id, nil).want(CodeActive)
	w.portal("POST", "/v1/enrolments", object{"renewal": "renewal-1"}).want(CodeActive)
	p.activate(true).want(CodeState)
	p.keys().want(CodeState)
	if !w.hasKey(p.credential.ID) {
		t.Fatal("the active credential lost its key")
	}
	other, chain := issue(t, p.credential.Key)
	w.portal("POST", "/v1/enrolments/"+id+"/certificate", object{"certificate": other, "chain": chain}).want(CodeActive)

	id, token = w.enrol("renewal-2")
	p = w.ready(token)
	for range 2 {
		w.portal("DELETE", "/v1/enrolments/"+id, nil).want("")
	}
	if w.hasKey(p.credential.ID) {
		t.Error("key of a void enrolment is still in the HSM")
	}
	w.phone().scan(token).want(CodeVoid)
	p.call("state", object{"enrolment": id}).want(CodeVoid)
	w.portal("PUT", "/v1/enrolments/"+id+"/application", object{"number": "x"}).want(CodeVoid)
	cert, chain = issue(t, p.credential.Key)
	w.portal("POST", "/v1/enrolments/"+id+"/certificate", object{"certificate": cert, "chain": chain}).want(CodeVoid)
}

func TestNewEnrolmentVoidsTheEarlier(t *testing.T) {
	w := newWorld(t)
	id, token := w.enrol("renewal-1")
	p := w.ready(token)
	next, _ := w.enrol("renewal-1")
	if e := w.look(id); e.State != Void {
		t.Fatalf("earlier enrolment: %+v", e)
	}
	if w.hasKey(p.credential.ID) || next == id {
		t.Error("earlier key lives on")
	}
}

func TestScanNeedsTheApplicationAndIsBounded(t *testing.T) {
	w := newWorld(t)
	var made struct{ ID, URL string }
	w.portal("POST", "/v1/enrolments", object{"renewal": "r"}).want("").into(&made)
	_, token, _ := strings.Cut(made.URL, "#")
	w.phone().scan(token).want(CodeApplicationMissing)
	w.portal("PUT", "/v1/enrolments/"+made.ID+"/application", object{"number": "A"}).want("")
	w.portal("PUT", "/v1/enrolments/"+made.ID+"/application", object{"number": "A"}).want("")
	w.portal("PUT", "/v1/enrolments/"+made.ID+"/application", object{"number": "B"}).want(CodeState)
	for range maxScans {
		w.phone().scan(token).want("")
	}
	w.phone().scan(token).want(CodeTooManyScans)
	w.phone().scan(random()).want(CodeNotFound)
}

func TestParallelKeysMakeOneCredential(t *testing.T) {
	w := newWorld(t)
	_, token := w.enrol("renewal-1")
	p := w.phone()
	p.scan(token).want("")
	var proofs []Proof
	for range 6 {
		proofs = append(proofs, p.keysProof(p.challenge()))
	}
	var wg sync.WaitGroup
	answers := make([]answer, len(proofs))
	for i, proof := range proofs {
		wg.Go(func() {
			answers[i] = p.call("keys", object{"enrolment": p.welcome.Enrolment, "proof": proof})
		})
	}
	wg.Wait()
	ids := map[string]bool{}
	for _, a := range answers {
		if a.status == 200 {
			var k CredentialKeys
			a.into(&k)
			ids[k.ID] = true
		} else if a.code() != string(CodeState) {
			t.Errorf("answer %d %s", a.status, a.body)
		}
	}
	if len(ids) != 1 {
		t.Fatalf("credentials: %v, want one", ids)
	}
	var condemned int
	if err := w.r.db.QueryRow(`SELECT count(*) FROM condemned`).Scan(&condemned); err != nil || condemned != 0 {
		t.Errorf("condemned keys left: %d, %v", condemned, err)
	}
}

func TestSweepDestroysWhatACrashLeft(t *testing.T) {
	w := newWorld(t)
	k, _, err := w.r.makeCredential(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, token := w.enrol("renewal-1")
	p := w.ready(token)
	if err := w.r.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.hasKey(k.ID) {
		t.Error("a key that nobody kept is still in the HSM")
	}
	if !w.hasKey(p.credential.ID) {
		t.Error("a kept key was swept")
	}
}

func TestCertificateHasToFit(t *testing.T) {
	w := newWorld(t)
	id, token := w.enrol("renewal-1")
	path := "/v1/enrolments/" + id + "/certificate"
	cert, chain := issue(t, spki(t, newP256(t).Public()))
	w.portal("POST", path, object{"certificate": cert, "chain": chain}).want(CodeState)
	p := w.ready(token)
	w.portal("POST", path, object{"certificate": cert, "chain": chain}).want(CodeKeyMismatch)
	w.portal("POST", path, object{"certificate": []byte("junk"), "chain": chain}).want(CodeMalformed)
	cert, _ = issue(t, p.credential.Key)
	w.portal("POST", path, object{"certificate": cert, "chain": chain}).want(CodeMalformed) // another CA's chain
	w.portal("POST", "/v1/enrolments/unknown/certificate", object{"certificate": cert, "chain": [][]byte{}}).want(CodeNotFound)
	if e := w.look(id); e.State != Ready {
		t.Errorf("state: %+v", e)
	}
}

// TestParallelCreates: calls at the same time, as of a browser that gave up and asked again, each get an
// enrolment; one stays.
func TestParallelCreates(t *testing.T) {
	w := newWorld(t)
	const many = 6
	made := make(chan string, many)
	var group sync.WaitGroup
	for range many {
		group.Go(func() {
			id, _, err := w.r.create(t.Context(), "renewal-parallel")
			if err != nil {
				t.Error(err)
			}
			made <- id
		})
	}
	group.Wait()
	close(made)
	left := 0
	for id := range made {
		if w.look(id).State != Void {
			left++
		}
	}
	if left != 1 {
		t.Errorf("%d enrolments are left, want 1", left)
	}
}
