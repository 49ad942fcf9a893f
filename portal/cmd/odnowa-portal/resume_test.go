package main

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/web"
)

// TestRestartedBetweenSteps: every process ends after every step, politely or not; the same browser goes
// on as if nothing had been, and each step that is done again gives the same.
func TestRestartedBetweenSteps(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	turn := 0
	for _, s := range steps {
		made := s.do(b).renewal()
		for _, name := range roles {
			how := []os.Signal{politely, crash}[turn%2]
			turn++
			w.restart(name, how)
		}
		now := b.renewal()
		if now.State != s.into || now.Version < made.Version {
			t.Fatalf("after restarts: %s, version %d after %d", now.State, now.Version, made.Version)
		}
		if a := b.open(); a.renewal().State != s.into {
			t.Errorf("entering the code again in the same browser: %s", a.body)
		}
		if again := s.do(b); again.code() == web.WrongState { // what was signed is not handed to the card again
			continue
		} else if r := again.renewal(); r.State != s.into || number(r) != number(now) {
			t.Errorf("%s again: %s, application %q after %q", s.into, r.State, number(r), number(now))
		}
	}
	b.once()
	if n := w.events("issuer", "application.drawn_up", number(b.renewal())); n != 1 {
		t.Errorf("%d applications", n)
	}
}

func number(r web.Renewal) string {
	if r.Application == nil {
		return ""
	}
	return r.Application.Number
}

// TestAnotherBrowser: after each step another browser opens the renewal with the code alone. It is told
// nothing of the person and begins at the start; what was drawn up is void everywhere, and so is a
// phone that was scanned from it. Then it is finished there, under a new number.
func TestAnotherBrowser(t *testing.T) {
	for _, s := range steps[:len(steps)-1] {
		t.Run(string(s.into), func(t *testing.T) {
			w := newWorld(t)
			first := w.browser()
			first.walk(s.into)
			before := first.renewal()

			second := first.other()
			if r := second.open().discreet("opening").renewal(); r.State != web.Opened || r.Certificate != nil || r.Application != nil || r.Phone != nil || r.Contact != nil {
				t.Fatalf("another browser gets %s", r.State)
			}
			for _, path := range paths {
				second.do("GET", path, nil).discreet(path)
				if a := first.do("GET", path, nil).discreet("the first browser, " + path); a.code() != web.NoSession {
					t.Errorf("the first browser still reads %s: %d", path, a.status)
				}
			}
			w.void(before, first.phone)

			if s.into == web.ConfirmationDrawnUp || s.into == web.ApplicationDrawnUp {
				second.walk(web.Issued)
				if r := second.renewal(); before.Application != nil && number(r) == number(before) {
					t.Errorf("the same number: %s", number(r))
				}
				second.once()
				if a := first.other().open(); a.code() != web.CodeUsed {
					t.Errorf("a third browser after issue: %d %s", a.status, a.body)
				}
			}
		})
	}
}

// paths are everything that can be read of a renewal.
var paths = []string{
	"/renewal", "/renewal/application.pdf", "/renewal/application/qr.svg", "/renewal/application/signing",
	"/renewal/confirmation/signing", "/renewal/confirmation.txt", "/renewal/confirmation.p7s", "/renewal/certificate.pem",
}

// void waits until issuer and SAM have been told that an application is void, and asks them.
func (w *world) void(r web.Renewal, p *phone) {
	w.t.Helper()
	if r.Application == nil {
		return
	}
	w.eventually("the application to be void", func() bool {
		_, err := w.issuer().Confirm(w.t.Context(), contract.ConfirmationRequest{
			Number: r.Application.Number, Contact: contract.Contact{Email: "a@b.example", Phone: "+48600100200"},
		})
		problem, ok := err.(*link.Problem)
		return ok && problem.Code == contract.ApplicationVoid
	})
	if r.Application.EnrolmentUrl == nil {
		return
	}
	if p != nil { // first, for a scan would take its place
		w.eventually("the phone to hear of it", func() bool { return p.state() == "enrolment_void" })
	}
	w.eventually("the QR code to be void", func() bool { return w.phone().scan(*r.Application.EnrolmentUrl) == "enrolment_void" })
}

// TestCodeAlone: whoever has only the code gets no personal data, no certificate, and can confirm nothing;
// nor with a card of their own, once the person has signed.
func TestCodeAlone(t *testing.T) {
	w := newWorld(t)
	victim := w.browser()
	victim.walk(web.ConfirmationDrawnUp)
	theirs := victim.phone

	thief := victim.other()
	thief.card = w.cards.stranger
	thief.open().discreet("opening")
	thief.walk(web.StartChosen)
	if a := stepInto(web.CertificateChosen).do(thief).discreet("certificate"); a.code() != web.CertificateOtherPerson {
		t.Errorf("a certificate of their own: %d %s", a.status, a.body)
	}
	for method, calls := range map[string]map[string]any{
		"POST": {"/renewal/application": web.DrawUp{Language: web.Pl}, "/renewal/confirmation": nil, "/renewal/issue": nil},
		"PUT": {
			"/renewal/application/signature":  web.Signature{Cms: []byte("x")},
			"/renewal/confirmation/signature": web.Signature{Cms: []byte("x")},
			"/renewal/contact":                web.Contact{Email: contactEmail, Phone: contactPhone},
		},
	} {
		for path, body := range calls {
			if a := thief.do(method, path, body).discreet(path); a.code() != web.WrongState {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			}
		}
	}
	for _, path := range paths {
		if a := thief.do("GET", path, nil).discreet(path); path != "/renewal" && a.code() != web.WrongState {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	// The person's certificate is public: it gets the thief an application, and nothing else.
	thief.card.cert = w.cards.holder.cert
	thief.walk(web.TermsAccepted)
	thief.card = w.cards.stranger
	if a := thief.sign("application"); a.code() != web.SignatureOtherCertificate {
		t.Errorf("signed with a card of their own: %d %s", a.status, a.body)
	}
	w.eventually("the person's phone to hear of it", func() bool { return theirs.state() == "enrolment_void" })

	// The person takes it back with code and card.
	back := victim.other()
	back.open()
	if a := thief.do("GET", "/renewal", nil); a.code() != web.NoSession {
		t.Errorf("the thief keeps the session: %d", a.status)
	}
	back.walk(web.Issued)
	back.once()
}

// TestApplicationAlone: whoever has only the saved application, so its QR code, can enrol a phone in the
// person's place, and no more: the person sees other digits, and nobody confirms.
func TestApplicationAlone(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.walk(web.ConfirmationDrawnUp)
	url, code := *b.renewal().Application.EnrolmentUrl, *b.renewal().Phone.Code
	signed, _ := b.signature("confirmation")

	thief := w.phone()
	thief.want("", thief.scan(url))
	b.phone.want("phone_replaced", b.phone.state())
	if a := b.do("PUT", "/renewal/confirmation/signature", signed); a.code() != web.PhoneChanged {
		t.Errorf("confirming while a second phone has scanned: %d %s", a.status, a.body)
	}
	if a := b.do("POST", "/renewal/confirmation", nil); a.code() != web.PhoneNotReady {
		t.Errorf("confirmation before the phone is ready: %d %s", a.status, a.body)
	}
	if thief.enrol(url) == code { // one in a million
		t.Log("the same digits by chance")
	}
	if a := b.do("PUT", "/renewal/confirmation/signature", signed); a.status == http.StatusOK {
		t.Error("a signature for one phone has confirmed another")
	}
	w.eventually("the page to show the other digits", func() bool {
		r := b.do("POST", "/renewal/confirmation", nil).renewal()
		return r.Phone.Code != nil && *r.Phone.Code != code
	})
	nobody := &browser{w: w}
	for _, path := range paths {
		if a := nobody.do("GET", path, nil).discreet(path); a.code() != web.NoSession {
			t.Errorf("%s without a session: %d", path, a.status)
		}
	}

	// The person scans again, sees the own digits, and confirms.
	b.phone = nil
	stepInto(web.ContactGiven).do(b).renewal()
	mine := b.renewal()
	thief.want("phone_replaced", thief.state())
	b.walk(web.ConfirmationDrawnUp)
	if r := b.sign("confirmation").renewal(); *r.Phone.Code != *mine.Phone.Code {
		t.Error("issued for another phone")
	}
	thief.want("phone_replaced", thief.state())
	thief.want("enrolment_active", thief.scan(url))
	b.once()
	for _, secret := range personal {
		if strings.Contains(thief.seen.String(), secret) {
			t.Errorf("the SAM has told the other phone %q", secret)
		}
	}
}

// TestTwoTabs: two tabs do every step at the same moment; one of them wins, nothing is doubled.
func TestTwoTabs(t *testing.T) {
	w := newWorld(t)
	tabs := []*browser{w.browser(), nil}
	for _, s := range steps {
		if s.into == web.ContactGiven {
			tabs[0].phone = w.phone()
			tabs[0].phone.enrol(*tabs[0].renewal().Application.EnrolmentUrl)
		}
		second := *tabs[0]
		tabs[1] = &second
		answers := make([]answer, len(tabs))
		var both sync.WaitGroup
		for i, tab := range tabs {
			both.Go(func() { answers[i] = s.do(tab) })
		}
		both.Wait()
		good := slices.IndexFunc(answers, func(a answer) bool { return a.status == http.StatusOK })
		if good < 0 {
			t.Fatalf("%s: both fail: %s, %s", s.into, answers[0].body, answers[1].body)
		}
		if a := answers[1-good]; a.status != http.StatusOK && a.code() != web.WrongState {
			t.Errorf("%s: the other tab: %d %s", s.into, a.status, a.body)
		}
		if r := tabs[0].renewal(); r.State != s.into {
			t.Fatalf("%s: the renewal is %s", s.into, r.State)
		}
	}
	tabs[0].once()
	// The button is clicked some more.
	var clicks sync.WaitGroup
	for range 8 {
		clicks.Go(func() { (&browser{w: w, cookie: tabs[0].cookie}).do("POST", "/renewal/issue", nil).renewal() })
	}
	clicks.Wait()
	tabs[0].once()
}
