//go:build unix

package card_test

import (
	"testing"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/card/pivtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// absentWorld is a module that fails, beside others.
type absentWorld struct {
	t     *testing.T
	fails cardtest.Hostile
	soft  cardtest.Card
	store *card.Store
}

// beside makes a store of the module that fails and these.
func (w *absentWorld) beside(modules ...card.Module) {
	broken := card.Module{Name: "broken", Path: w.fails.Module, Env: w.fails.Env("C_GetSlotList=segv", login)}
	w.store = openModules(w.t, card.Options{}, append([]card.Module{broken}, modules...)...)
}

func (w *absentWorld) besideSoftHSM() {
	w.beside(card.Module{Name: "SoftHSM", Path: w.soft.Module, Env: w.soft.Env})
}

func (w *absentWorld) besidePIV(o pivtest.Options) *pivtest.Card {
	c := pivtest.StartWith(w.t, o)
	w.beside(openSC(w.t, c.Env()...))
	return c
}

// listed lists while the module works, which fails afterwards.
func (w *absentWorld) listed() {
	w.t.Helper()
	w.fails.Mend(w.t)
	w.list(true)
	w.fails.Break(w.t)
}

// list wants the hostile module's certificate, or not.
func (w *absentWorld) list(want bool) {
	w.t.Helper()
	list, err := w.store.List(w.t.Context(), bridge.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	got := false
	for _, c := range list.Certificates {
		got = got || c.ID == w.fails.Certificate.ID
	}
	if got != want {
		w.t.Fatalf("listed: %v, want %v; modules %+v", got, want, list.Modules)
	}
}

// A certificate that is not there, beside a module that fails: the module is only blamed where it may matter.
func TestAbsent(t *testing.T) {
	for name, test := range map[string]struct {
		make func(*absentWorld)
		want bridge.Code
	}{
		"the only module": {func(w *absentWorld) { w.beside() }, bridge.CodeModuleFailed},
		"never worked":    {(*absentWorld).besideSoftHSM, bridge.CodeCertificateUnknown},
		"listed it": {func(w *absentWorld) {
			w.besideSoftHSM()
			w.listed()
		}, bridge.CodeModuleFailed},
		"another listed it, and its card is out": {func(w *absentWorld) {
			w.fails.Certificate = w.soft.Certificate(cardtest.Sign)
			w.besideSoftHSM()
			w.list(true)
			w.soft.Remove(w.t)
		}, bridge.CodeCertificateUnknown},
		"a card that the other knows":   {func(w *absentWorld) { w.besidePIV(pivtest.Options{}) }, bridge.CodeCertificateUnknown},
		"a card that nobody else knows": {func(w *absentWorld) { w.besidePIV(pivtest.Options{Foreign: true}) }, bridge.CodeModuleFailed},
		"no card in the reader": {func(w *absentWorld) {
			wantNoError(w.t, w.besidePIV(pivtest.Options{}).Remove())
		}, bridge.CodeCertificateUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &absentWorld{t: t, soft: cardtest.New(t)}
			other := cardtest.New(t)
			w.fails = cardtest.NewHostile(t, other.Add(t, cardtest.Key{Name: "absent", Kind: "rsa:2048", ID: "41"}))
			test.make(w)
			w.list(false)
			wantCode(t, w.store.Absent(t.Context(), w.fails.Certificate.ID), test.want)
			_, err := w.store.Sign(t.Context(), card.SignRequest{CertificateID: w.fails.Certificate.ID, Algorithm: cades.RS256}, neverAsked(t))
			wantCode(t, err, test.want)
		})
	}
}
