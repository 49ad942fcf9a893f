package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// TestChain is the whole path on real parts: browser's pipes, native host, session, seal, pinentry
// on a display with a person who types, module worker, SoftHSM, CMS.
func TestChain(t *testing.T) {
	display := windowtest.StartDisplay(t)
	r := newRig(t, func(r *rig) {
		r.policy.Pinentry = windowtest.Need(t, "pinentry-gtk-2", "pinentry-gtk2")
		r.env = append(r.env, "DISPLAY="+display.Name)
		r.withService(t)
	})
	r.start(t, "service")
	r.start(t, "session")
	b := r.browse(t, "chrome-extension://"+testExtension+"/")
	if got := b.hello("pl"); got.Version != bridge.Version {
		t.Fatalf("hello: %+v", got)
	}
	if list := b.list(bridge.Filter{NonRepudiation: true, Valid: true}); len(list.Certificates) == 0 {
		t.Fatal("no certificate listed")
	}
	var checks bridge.DiagnoseResult
	b.call(bridge.MethodDiagnose, bridge.DiagnoseParams{Caller: testCaller}, &checks)
	for _, c := range checks.Checks {
		if c.State != bridge.CheckOK {
			t.Errorf("diagnose: %+v", c)
		}
	}
	// Clients want lists where the schema says lists.
	_, raw := b.send(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller})
	if a := b.wait(raw); bytes.Contains(a.Result, []byte("null")) {
		t.Errorf("the list has a null: %s", a.Result)
	}
	certificate := r.card.Certificate(cardtest.Sign)

	application, signed := r.application(t, certificate)
	_, ch := b.send(bridge.MethodCreateSignature, application)
	answerWindow(t, display, "application", "alt+d")
	enterPIN(t, display, "pin-wrong", "000000")
	enterPIN(t, display, "pin-again", r.card.PIN)
	verify(t, b.wait(ch), cades.PAdES, signed, certificate)

	confirmation := r.confirmation(t, certificate)
	_, ch = b.send(bridge.MethodCreateSignature, confirmation)
	answerWindow(t, display, "phone-code", "alt+t")
	answerWindow(t, display, "confirmation", "alt+d")
	enterPIN(t, display, "pin", r.card.PIN)
	verify(t, b.wait(ch), cades.CAdES, confirmation.Document.Bytes, certificate)

	if got, want := r.outcomes(t), []string{"signed", "signed"}; !slices.Equal(got, want) {
		t.Errorf("audit: got %q, want %q", got, want)
	}
	for _, secret := range []string{r.card.PIN, "TESTOWA", "135790", "zaneta@", "W/TEST/1"} {
		if strings.Contains(r.logs(), secret) {
			t.Errorf("log contains %q", secret)
		}
	}
}

func verify(t *testing.T, a answer, p cades.Profile, signed []byte, c cardtest.Certificate) {
	t.Helper()
	if a.Error != nil {
		t.Fatalf("signature.create: %+v", *a.Error)
	}
	var r bridge.SignResult
	if err := bridge.Decode(a.Result, &r); err != nil {
		t.Fatal(err)
	}
	s, err := cades.Parse(r.CMS)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(p, s.Algorithm.Sum(signed), c.Certificate); err != nil {
		t.Fatal(err)
	}
}

// answerWindow presses a button's key in the next window.
func answerWindow(t *testing.T, d *windowtest.Display, picture, key string) {
	t.Helper()
	d.Await(t, "Odnowa", picture)
	d.Key(t, key)
}

// enterPIN types a PIN into the next window.
func enterPIN(t *testing.T, d *windowtest.Display, picture, pin string) {
	t.Helper()
	d.Await(t, "Odnowa", picture)
	d.Type(t, pin)
}
