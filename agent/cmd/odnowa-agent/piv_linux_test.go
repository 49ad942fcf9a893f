package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/card/pivtest"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// These tests are of the whole agent with a real PC/SC stack: a browser's host, a session, OpenSC, pcscd and a virtual
// PIV card.

// pivStage is a rig whose one module is OpenSC, with this card.
type pivStage struct {
	*rig
	t      *testing.T
	card   *pivtest.Card
	b      *browser
	person *windowtest.Pinentry
}

func newPIVStage(t *testing.T) *pivStage {
	t.Helper()
	s := pivStageOf(t, pivtest.StartWith(t, pivtest.Options{Socket: shortDir(t) + "/s"}))
	s.wantListed(2)
	return s
}

func pivStageOf(t *testing.T, card *pivtest.Card) *pivStage {
	t.Helper()
	s := &pivStage{t: t, card: card}
	module, err := pivtest.OpenSC()
	if err != nil {
		t.Fatal(err)
	}
	s.rig, s.b, s.person = staged(t, func(r *rig) {
		r.policy.Modules = []policy.Module{{Name: "OpenSC", Path: module, Env: append(s.card.Env(), subprocesstest.Env())}}
	})
	return s
}

// signature is the certificate in slot 9C.
func (s *pivStage) signature() cardtest.Certificate {
	_, c := s.card.Certificates()
	sum := sha256.Sum256(c.Raw)
	return cardtest.Certificate{Name: "9C", ID: hex.EncodeToString(sum[:]), Certificate: c}
}

// wantListed wants so many certificates, soon.
func (s *pivStage) wantListed(n int) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var list bridge.ListResult
		s.b.call(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller}, &list)
		if len(list.Certificates) == n {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%d certificates, want %d: %+v", len(list.Certificates), n, list.Modules)
		}
	}
}

// sign answers the window like this and wants a good signature, or this code.
func (s *pivStage) sign(want bridge.Code, plan ...windowtest.Answer) {
	s.t.Helper()
	application, signed := s.application(s.t, s.signature())
	s.person.Plan(s.t, plan...)
	_, ch := s.b.send(bridge.MethodCreateSignature, application)
	a := s.b.wait(ch)
	switch {
	case want == "":
		verify(s.t, a, cades.PAdES, signed, s.signature())
	case a.Error == nil || a.Error.Data.Code != want:
		s.t.Errorf("got %+v, want %s", a, want)
	}
	if got := len(s.person.Asked(s.t)); got != len(plan) {
		s.t.Errorf("asked %d times, want %d", got, len(plan))
	}
}

// TestForgottenPIN: a card that another program resets between PIN and signature. The same window asks again, a few times,
// says why, and no try is used.
func TestForgottenPIN(t *testing.T) {
	s := newPIVStage(t)
	const pin = windowtest.Answer(pivtest.PIN)
	s.card.Forget(1)
	s.sign("", windowtest.Yes, pin, pin)
	asked := s.person.Asked(t)
	if text := asked[1].Texts["SETERROR"]; text != "" {
		t.Errorf("asked for the first time with %q", text)
	}
	if text := asked[2].Texts["SETERROR"]; !strings.Contains(text, "The card forgot the PIN") {
		t.Errorf("asked again with %q", text)
	}
	s.card.Forget(1000)
	s.sign(bridge.CodeSigningFailed, windowtest.Yes, pin, pin, pin)
	s.card.Forget(0)
	s.sign("", windowtest.Yes, pin)
	s.card.Forget(1)
	s.sign("", windowtest.Yes, pin, "000000", pin) // a wrong one in between is counted as always
	if text := s.person.Asked(t)[3].Texts["SETERROR"]; !strings.Contains(text, "The PIN is wrong.") || strings.Contains(text, "forgot") {
		t.Errorf("after a wrong PIN: asked with %q", text)
	}
	if got := s.card.Tries(); got != pivtest.Tries {
		t.Errorf("%d tries left, want %d", got, pivtest.Tries)
	}
}

// TestCardMoves: a page is told within a second that a card was put in or taken out, and lists what is there.
func TestCardMoves(t *testing.T) {
	s := newPIVStage(t)
	s.quiet()
	var took []time.Duration
	for i, move := range []func() error{s.card.Remove, s.card.Insert, s.card.Remove, s.card.Insert} {
		began := time.Now()
		if err := move(); err != nil {
			t.Fatal(err)
		}
		took = append(took, s.told(began))
		s.wantListed(2 * (i % 2))
		s.quiet()
	}
	t.Logf("told of removal, insertion, removal, insertion after %v", took)
	// The best, as other programs may have the processor; a watch that polls every second or two misses it.
	if removed, inserted := min(took[0], took[2]), min(took[1], took[3]); removed > time.Second || inserted > time.Second {
		t.Errorf("removal %v, insertion %v: want 1 s at most", removed, inserted)
	}
}

// told waits for certificates.changed and gives the time since began.
func (s *pivStage) told(began time.Time) time.Duration {
	s.t.Helper()
	for {
		select {
		case a := <-s.b.notified:
			if a.Method == bridge.NotifyCertificatesChanged {
				return time.Since(began)
			}
		case <-time.After(20 * time.Second):
			s.t.Fatal("the page is not told")
		}
	}
}

// quiet waits until nothing more is told.
func (s *pivStage) quiet() {
	for {
		select {
		case <-s.b.notified:
		case <-time.After(500 * time.Millisecond):
			return
		}
	}
}

// TestServiceRestartedAtOnce: pcscd ends and is there again within a second, with the same card, as after an update.
// The page is told and the next signature works, with the PIN typed once.
func TestServiceRestartedAtOnce(t *testing.T) {
	s := newPIVStage(t)
	const pin = windowtest.Answer(pivtest.PIN)
	s.sign("", windowtest.Yes, pin)
	s.quiet()
	for range 2 {
		began := time.Now()
		if err := s.card.Restart(); err != nil {
			t.Fatal(err)
		}
		t.Logf("pcscd was restarted within %v", time.Since(began))
		s.sign("", windowtest.Yes, pin)
		t.Logf("the page was told after %v", s.told(began))
		s.wantListed(2)
	}
	// While the window is open: the PIN goes to the card that is there then.
	application, signed := s.application(t, s.signature())
	s.person.Plan(t, windowtest.Yes, windowtest.WaitThen(pivtest.PIN))
	_, ch := s.b.send(bridge.MethodCreateSignature, application)
	s.person.WaitAsked(t, 2)
	if err := s.card.Restart(); err != nil {
		t.Fatal(err)
	}
	s.person.Go(t)
	verify(t, s.b.wait(ch), cades.PAdES, signed, s.signature())
}

// TestTwoReaders: with a card in each of two readers the window says which one it is about, and the PIN goes there.
func TestTwoReaders(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other := &pivtest.Identity{Certificate: selfSigned(t, key), Key: key}
	first, second := pivtest.StartPair(t, pivtest.Options{}, pivtest.Options{Signature: other, PIN: "314159"})
	s := pivStageOf(t, first)
	s.wantListed(3) // both have the test person's certificate in 9A
	for _, c := range []struct {
		card   *pivtest.Card
		reader string
		pin    windowtest.Answer
	}{{first, pivtest.ReaderName, pivtest.PIN}, {second, pivtest.SecondReaderName, "314159"}} {
		s.card = c.card
		s.sign("", windowtest.Yes, c.pin)
		if text := s.person.Asked(t)[0].Texts["SETDESC"]; !strings.Contains(text, "Reader: "+c.reader) {
			t.Errorf("the window says %q, want reader %s", text, c.reader)
		}
		if got := c.card.Tries(); got != pivtest.Tries {
			t.Errorf("%s: %d tries left", c.reader, got)
		}
	}
}

func selfSigned(t *testing.T, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Jan TESTOWY"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageContentCommitment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
