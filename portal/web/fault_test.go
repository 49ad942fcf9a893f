package web

import (
	"errors"
	"net/http"
	"sync"
	"syscall"
	"testing"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/renewal"
)

// TestUnreachable: whoever can't be reached, at each step, costs nothing that was done before.
func TestUnreachable(t *testing.T) {
	for name, c := range map[string]struct {
		in   State
		sam  string
		call string
		do   func(t *testing.T, b *browser) answer
		want Code
	}{
		"check":            {StartChosen, "", "check", setCertificate, IssuerUnavailable},
		"enrol":            {CertificateChosen, "enrol", "", drawUp, SamUnavailable},
		"draw up":          {CertificateChosen, "", "draw", drawUp, IssuerUnavailable},
		"name application": {CertificateChosen, "application", "", drawUp, SamUnavailable},
		"check again":      {TermsAccepted, "", "check", signApplication, IssuerUnavailable},
		"phone":            {ApplicationSigned, "wait", "", setContact, SamUnavailable},
		"phone again":      {ContactGiven, "wait", "", drawUpConfirmation, SamUnavailable},
		"confirmation":     {ContactGiven, "", "confirm", drawUpConfirmation, IssuerUnavailable},
		"fix phone":        {ConfirmationDrawnUp, "confirm", "", signConfirmation, SamUnavailable},
	} {
		for _, fault := range []error{errUnreachable, refusal(500, "internal")} {
			x := newSite(t)
			b := x.browser(t)
			b.walk(t, c.in)
			x.sam.set(c.sam, fault)
			x.issuer.set(c.call, fault)
			if a := c.do(t, b); a.Code != http.StatusServiceUnavailable || a.Problem.Code != c.want {
				t.Errorf("%s: %s, want %s", name, a, c.want)
			}
			if got := State(b.stored(t).State); got != c.in {
				t.Errorf("%s: state %s after it, was %s", name, got, c.in)
			}
			x.sam.set(c.sam, nil)
			x.issuer.set(c.call, nil)
			if a := c.do(t, b); a.Code != http.StatusOK {
				t.Errorf("%s: %s when it is back", name, a)
			}
		}
	}
}

func setCertificate(t *testing.T, b *browser) answer {
	return b.do(t, "PUT", "/renewal/certificate", SetCertificate{Certificate: holder.cert.Raw})
}
func drawUp(t *testing.T, b *browser) answer {
	return b.do(t, "POST", "/renewal/application", DrawUp{Language: Pl})
}
func signApplication(t *testing.T, b *browser) answer {
	return b.do(t, "PUT", "/renewal/application/signature", Signature{Cms: b.signApplication(t, holder)})
}
func setContact(t *testing.T, b *browser) answer {
	b.site.sam.ready(b.enrolment(t), "123456")
	return b.do(t, "PUT", "/renewal/contact", Contact{Email: testEmail, Phone: testPhone})
}
func drawUpConfirmation(t *testing.T, b *browser) answer {
	return b.do(t, "POST", "/renewal/confirmation", nil)
}
func signConfirmation(t *testing.T, b *browser) answer {
	return b.do(t, "PUT", "/renewal/confirmation/signature", Signature{Cms: b.signConfirmation(t, holder)})
}

func TestTimeStampUnavailable(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, TermsAccepted)
	x.tsa.err = errUnreachable
	if a := signApplication(t, b); a.Code != http.StatusServiceUnavailable || a.Problem.Code != TimestampUnavailable {
		t.Errorf("%s", a)
	}
	x.tsa.err = nil
	if a := signApplication(t, b); a.Code != http.StatusOK {
		t.Errorf("when it is back: %s", a)
	}
}

// TestOrphansAreVoided: what was drawn up and could not be stored does not stay valid.
func TestOrphansAreVoided(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, CertificateChosen)
	x.sam.set("application", errUnreachable)
	drawUp(t, b)
	x.issuer.set("void", errUnreachable)
	if err := x.chores.once(t.Context()); !errors.Is(err, errUnreachable) {
		t.Errorf("chores: %v", err)
	}
	x.issuer.set("void", nil)
	if err := x.chores.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !x.issuer.void["W/TEST/1"] || x.sam.state("enrolment-1") != renewal.PhoneVoid {
		t.Error("application or enrolment is not void")
	}
	if left, err := x.store.Voids(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%d voids left, %v", len(left), err)
	}
	x.sam.set("void", refusal(409, "enrolment_active"))
	if err := x.store.AddVoid(t.Context(), renewal.Void{Kind: renewal.VoidEnrolment, Subject: "enrolment-1"}); err != nil {
		t.Fatal(err)
	}
	if err := x.chores.once(t.Context()); err != nil {
		t.Errorf("what can't become void is tried for ever: %v", err)
	}
}

func TestCertificateRefusals(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, TermsAccepted)
	for code, want := range fromIssuer {
		x.issuer.set("check", refusal(422, code))
		if a := signApplication(t, b); a.Code != http.StatusUnprocessableEntity || a.Problem.Code != want {
			t.Errorf("%s: %s", code, a)
		}
	}
	x.issuer.set("check", refusal(400, "request_malformed"))
	if a := signApplication(t, b); a.Code != http.StatusInternalServerError || a.Problem.Code != Internal {
		t.Errorf("a refusal that says nothing to the person: %s", a)
	}
}

// TestIssuerUnreachableAtIssue: the confirmation is kept, and issue is tried again.
func TestIssuerUnreachableAtIssue(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, ConfirmationDrawnUp)
	x.issuer.set("issue", errUnreachable)
	if a := signConfirmation(t, b); a.Code != http.StatusServiceUnavailable || a.Problem.Code != IssuerUnavailable {
		t.Errorf("%s", a)
	}
	if st := b.stored(t).State; st != renewal.Issuing {
		t.Errorf("state %s", st)
	}
	if a := b.do(t, "POST", "/renewal/issue", nil); a.Problem.Code != IssuerUnavailable {
		t.Errorf("again: %s", a)
	}
	x.issuer.set("issue", nil)
	if r := b.ok(t, "POST", "/renewal/issue", nil); r.State != Issued {
		t.Errorf("when it is back: %s", r.State)
	}
}

// TestRefusedAtIssue: what the issuer refuses for good goes back to opened, with the reason.
func TestRefusedAtIssue(t *testing.T) {
	for code, want := range map[string]Code{
		contract.CertificateRevoked: CertificateRevoked, contract.KeyUsed: Internal, contract.ConfirmationExpired: ApplicationExpired,
	} {
		x := newSite(t)
		b := x.browser(t)
		b.walk(t, ConfirmationDrawnUp)
		x.issuer.set("issue", refusal(422, code))
		if a := signConfirmation(t, b); a.Problem.Code != want {
			t.Errorf("%s: %s, want %s", code, a, want)
		}
		if st := b.stored(t).State; st != renewal.Opened {
			t.Errorf("%s: state %s", code, st)
		}
	}
}

// TestApplicationExpired: what the issuer no longer takes is withdrawn before the person signs once more.
func TestApplicationExpired(t *testing.T) {
	for _, code := range []string{contract.ConfirmationExpired, contract.ApplicationVoid, contract.ApplicationUnknown} {
		x := newSite(t)
		b := x.browser(t)
		b.walk(t, ContactGiven)
		x.issuer.set("confirm", refusal(422, code))
		if a := drawUpConfirmation(t, b); a.Code != http.StatusUnprocessableEntity || a.Problem.Code != ApplicationExpired {
			t.Errorf("%s: %s", code, a)
		}
		if st := b.stored(t).State; st != renewal.Opened {
			t.Errorf("%s: state %s", code, st)
		}
		x.issuer.set("confirm", nil)
		b.walk(t, ConfirmationDrawnUp)
		if err := x.chores.once(t.Context()); err != nil || !x.issuer.void["W/TEST/1"] || x.sam.state("enrolment-1") != renewal.PhoneVoid {
			t.Errorf("%s: the first application is not void: %v", code, err)
		}
	}
}

// TestSAMUnreachableAfterIssue: the certificate is issued; giving it to the SAM is tried again.
func TestSAMUnreachableAfterIssue(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, ConfirmationDrawnUp)
	x.sam.set("certificate", errUnreachable)
	if a := signConfirmation(t, b); a.Code != http.StatusOK || a.Renewal.State != Issued || a.Renewal.Phone.State != Ready {
		t.Errorf("%s: %+v", a, a.Renewal.Phone)
	}
	x.sam.set("certificate", nil)
	if r := b.ok(t, "POST", "/renewal/issue", nil); r.Phone.State != Active {
		t.Errorf("phone %s when it is back", r.Phone.State)
	}
	b.ok(t, "POST", "/renewal/issue", nil)
	if x.issuer.count("issue") != 1 || x.sam.count("certificate") != 2 {
		t.Errorf("issued %d times, delivered %d times", x.issuer.count("issue"), x.sam.count("certificate"))
	}
}

// TestParallelIssue: however many ask at a time, one certificate is issued and kept.
func TestParallelIssue(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, Confirmed)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r := (&browser{site: x, cookie: b.cookie}).ok(t, "POST", "/renewal/issue", nil)
			mu.Lock()
			defer mu.Unlock()
			seen[r.Issued.Sha256] = true
		})
	}
	wg.Wait()
	if len(seen) != 1 {
		t.Errorf("%d certificates", len(seen))
	}
}

// TestParallelDrawUp: however many ask at a time, one application is drawn up, and all get it.
func TestParallelDrawUp(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, CertificateChosen)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r := (&browser{site: x, cookie: b.cookie}).ok(t, "POST", "/renewal/application", DrawUp{Language: Pl})
			if r.Application.Number != "W/TEST/1" {
				t.Errorf("application %s", r.Application.Number)
			}
		})
	}
	wg.Wait()
	if x.issuer.numbers != 1 || x.sam.number != 1 {
		t.Errorf("%d applications, %d enrolments", x.issuer.numbers, x.sam.number)
	}
}

// TestParallelSignatures: of several signatures at a time one is kept.
func TestParallelSignatures(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, TermsAccepted)
	signatures := make([]Signature, 6)
	for i := range signatures {
		signatures[i].Cms = b.signApplication(t, holder)
	}
	var mu sync.Mutex
	codes := map[int]int{}
	var wg sync.WaitGroup
	for _, s := range signatures {
		wg.Go(func() {
			a := (&browser{site: x, cookie: b.cookie}).do(t, "PUT", "/renewal/application/signature", s)
			mu.Lock()
			defer mu.Unlock()
			codes[a.Code]++
		})
	}
	wg.Wait()
	if codes[http.StatusOK] != 1 || codes[http.StatusConflict] != len(signatures)-1 {
		t.Errorf("answers %v", codes)
	}
}

func TestPhone(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, ApplicationSigned)
	contact := Contact{Email: testEmail, Phone: testPhone}
	if a := b.do(t, "PUT", "/renewal/contact", contact); a.Problem.Code != PhoneNotReady {
		t.Errorf("contact before the phone: %s", a)
	}
	b.walk(t, ContactGiven)
	x.sam.update(b.enrolment(t), func(e *enrolment) { e.State, e.Code, e.Statement = renewal.PhoneScanned, "", "" })
	if a := drawUpConfirmation(t, b); a.Problem.Code != PhoneNotReady {
		t.Errorf("confirmation while another phone is scanned: %s", a)
	}
	x.sam.ready(b.enrolment(t), "222222")
	b.walk(t, ConfirmationDrawnUp)
	cms := b.signConfirmation(t, holder)
	x.sam.ready(b.enrolment(t), "333333")
	if a := b.do(t, "PUT", "/renewal/confirmation/signature", Signature{Cms: cms}); a.Code != http.StatusConflict || a.Problem.Code != PhoneChanged {
		t.Errorf("confirmation for another phone: %s", a)
	}
	if r := b.ok(t, "GET", "/renewal", nil); r.State != ContactGiven || *r.Phone.Code != "333333" || *r.Contact != contact {
		t.Errorf("after the phone has changed: %s %+v", r.State, r.Phone)
	}
	b.walk(t, ConfirmationDrawnUp)
	// The phone changes between looking and fixing: the SAM has the last word.
	x.sam.set("confirm", refusal(409, "key_mismatch"))
	if a := signConfirmation(t, b); a.Problem.Code != PhoneChanged {
		t.Errorf("refused by the SAM: %s", a)
	}
	x.sam.set("confirm", nil)
	if a := signConfirmation(t, b); a.Renewal.State != Issued {
		t.Errorf("%s", a)
	}
}

// TestAuditLogFull: what the audit log does not take is not done, and is done when it takes it again.
func TestAuditLogFull(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, ConfirmationDrawnUp)
	whole := x.server.audit
	x.server.audit = full{}
	if a := signConfirmation(t, b); a.Code != http.StatusInternalServerError || a.Problem.Code != Internal {
		t.Errorf("unrecorded: %s", a)
	}
	if st := b.stored(t).State; st != renewal.ConfirmationDrawnUp {
		t.Errorf("unrecorded: %s", st)
	}
	x.server.audit = whole
	if a := signConfirmation(t, b); a.Renewal.State != Issued {
		t.Errorf("recorded: %s", a)
	}
}

// full is an audit log on a full disk.
type full struct{}

func (full) Append(string, ...audit.Field) error { return syscall.ENOSPC }
