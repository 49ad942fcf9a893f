package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/odnowa/odnowa/portal/web"
)

// TestDownAtEachStep: issuer and SAM are down, one at a time, at every step that needs them. Each time the
// person is told which, nothing that was done is lost, and the same step succeeds once it is back.
func TestDownAtEachStep(t *testing.T) {
	w := newWorld(t)
	needs := map[web.State]map[string]web.Code{
		web.CertificateChosen:   {"issuer": web.IssuerUnavailable},
		web.ApplicationDrawnUp:  {"issuer": web.IssuerUnavailable, "sam": web.SamUnavailable},
		web.ApplicationSigned:   {"issuer": web.IssuerUnavailable},
		web.ContactGiven:        {"sam": web.SamUnavailable},
		web.ConfirmationDrawnUp: {"issuer": web.IssuerUnavailable, "sam": web.SamUnavailable},
		web.Issued:              {"sam": web.SamUnavailable},
	}
	b := w.browser()
	for _, s := range steps {
		if s.into == web.ContactGiven { // phones need the SAM
			b.phone = w.phone()
			b.phone.enrol(*b.renewal().Application.EnrolmentUrl)
		}
		before := b.renewal()
		for _, name := range []string{"issuer", "sam"} {
			want, needed := needs[s.into][name]
			if !needed {
				continue
			}
			w.stop(name, politely)
			if a := s.do(b); a.status != http.StatusServiceUnavailable || a.code() != want {
				t.Errorf("%s without %s: %d %s, want %s", s.into, name, a.status, a.body, want)
			}
			if now := b.renewal(); now.State != before.State || number(now) != number(before) {
				t.Errorf("%s without %s has changed the renewal to %s", s.into, name, now.State)
			}
			w.start(name)
		}
		if s.into == web.Issued {
			w.stop("issuer", crash) // from here on what was signed is kept
			if a := s.do(b); a.code() != web.IssuerUnavailable {
				t.Errorf("issuing without issuer: %d %s", a.status, a.body)
			}
			if now := b.renewal(); now.State != web.Issuing {
				t.Errorf("issuing without issuer: %s", now.State)
			}
			if a := b.do("POST", "/renewal/issue", nil); a.code() != web.IssuerUnavailable {
				t.Errorf("asking again: %d %s", a.status, a.body)
			}
			w.start("issuer")
			b.do("POST", "/renewal/issue", nil).renewal()
			break
		}
		s.do(b).renewal()
	}
	b.once()
}

// TestFinishedByThePortal: the browser goes away while the issuer is down, or the SAM dies after the
// issue. The portal finishes by itself; starting it is one occasion.
func TestFinishedByThePortal(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.walk(web.ConfirmationDrawnUp)
	w.stop("issuer", politely)
	if a := b.sign("confirmation"); a.code() != web.IssuerUnavailable {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.stop("portal", crash)
	w.start("issuer")
	w.start("portal")
	w.eventually("the certificate", func() bool { return b.renewal().State == web.Issued })
	w.eventually("the phone to have it", func() bool { return b.renewal().Phone.State == web.Active })
	b.once()
}

// TestLostAnswers: the browser gives up somewhere in each step, again and again, and asks once more.
func TestLostAnswers(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	calls := map[web.State]struct {
		method, path string
		body         any
	}{
		web.CertificateChosen:   {"PUT", "/renewal/certificate", web.SetCertificate{Certificate: b.card.cert.Raw}},
		web.ApplicationDrawnUp:  {"POST", "/renewal/application", web.DrawUp{Language: web.Pl}},
		web.ConfirmationDrawnUp: {"POST", "/renewal/confirmation", nil},
	}
	for _, s := range steps {
		if c, ok := calls[s.into]; ok {
			for range 6 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rand.IntN(40))*time.Millisecond)
				b.attempt(ctx, c.method, c.path, c.body) //nolint:errcheck // it is to fail
				cancel()
			}
		}
		if s.into == web.ApplicationSigned || s.into == web.Issued {
			document := map[web.State]string{web.ApplicationSigned: "application", web.Issued: "confirmation"}[s.into]
			signature, _ := b.signature(document)
			for range 6 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rand.IntN(40))*time.Millisecond)
				b.attempt(ctx, "PUT", "/renewal/"+document+"/signature", signature) //nolint:errcheck // it is to fail
				cancel()
			}
			b.do("PUT", "/renewal/"+document+"/signature", signature).renewal()
		} else {
			s.do(b).renewal()
		}
		if r := b.renewal(); r.State != s.into {
			t.Fatalf("%s instead of %s", r.State, s.into)
		}
	}
	b.once()
}

// TestPortalKilledWhileDrawingUp: the portal dies in the middle of a draw-up; the next one does not have
// to wait for the first for long, and there is one application.
func TestPortalKilledWhileDrawingUp(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.walk(web.CertificateChosen)
	for range 3 {
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			b.attempt(t.Context(), "POST", "/renewal/application", web.DrawUp{Language: web.Pl}) //nolint:errcheck // it is to fail
		}()
		time.Sleep(time.Duration(2+rand.IntN(20)) * time.Millisecond) // somewhere in it
		w.restart("portal", crash)
		<-gone
	}
	begin := time.Now()
	b.walk(web.ApplicationDrawnUp)
	if took := time.Since(begin); took > 15*time.Second {
		t.Errorf("drawn up after %s", took)
	}
	b.walk(web.Issued)
	b.once()
}

// TestCertificates: each certificate that can't carry this renewal has its own code, and the person may
// choose another one.
func TestCertificates(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.walk(web.StartChosen)
	set := func(c card) answer {
		return b.do("PUT", "/renewal/certificate", web.SetCertificate{Certificate: c.cert.Raw})
	}
	for _, c := range []struct {
		name string
		card card
		want web.Code
	}{
		{"expired", w.cards.expired, web.CertificateExpired},
		{"revoked", w.cards.revoked, web.CertificateRevoked},
		{"another CA of the same name", w.cards.foreign, web.CertificateOtherCa},
		{"not qualified", w.cards.unqualified, web.CertificateNotQualified},
		{"for signing in", w.cards.forSignIn, web.CertificateKeyUsage},
		{"issued on a signature", w.cards.renewed, web.IdentityRequired},
		{"no record of how it was issued", w.cards.unregistered, web.IdentityRequired},
	} {
		if a := set(c.card).discreet(c.name); a.status != http.StatusUnprocessableEntity || a.code() != c.want {
			t.Errorf("%s: %d %s, want %s", c.name, a.status, a.body, c.want)
		}
	}
	if a := b.do("PUT", "/renewal/certificate", web.SetCertificate{Certificate: []byte("x")}); a.code() != web.CertificateMalformed {
		t.Errorf("no certificate: %d %s", a.status, a.body)
	}
	// A wrong card can be put right until somebody has signed.
	b.card = w.cards.stranger
	b.walk(web.TermsAccepted)
	b.do("DELETE", "/renewal/application", nil).renewal()
	b.card = w.cards.holder
	b.walk(web.ApplicationSigned)
	again := b.other()
	again.open()
	again.walk(web.StartChosen)
	again.card = w.cards.stranger
	if a := stepInto(web.CertificateChosen).do(again).discreet("another person"); a.code() != web.CertificateOtherPerson {
		t.Errorf("another person's certificate: %d %s", a.status, a.body)
	}
	again.card = w.cards.holdersOther
	again.walk(web.Issued)
	again.once()
}
