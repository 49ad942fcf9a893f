package card_test

import (
	"testing"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/pivtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// Two cards in two readers of the same kind at once: each certificate is listed with its reader, each PIN goes to its own
// card, and one card's leaving is not the other's.
func TestPIVTwoReaders(t *testing.T) {
	t.Parallel()
	first, second := pivtest.StartPair(t, pivtest.Options{}, pivtest.Options{Authentication: otherPerson(t), Signature: otherPerson(t), PIN: "314159"})
	store := openModules(t, card.Options{}, openSC(t, first.Env()...))
	_, one := first.Certificates()
	_, two := second.Certificates()
	readers := map[string]string{idOf(one): pivtest.ReaderName, idOf(two): pivtest.SecondReaderName}
	list, err := store.List(t.Context(), bridge.Filter{NonRepudiation: true, Valid: true})
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, c := range list.Certificates {
		if want := readers[c.ID]; want != "" {
			listed++
			if c.Reader != want {
				t.Errorf("%s is listed in %q, want %q", c.Token, c.Reader, want)
			}
		}
	}
	if listed != 2 {
		t.Fatalf("%d of the two certificates listed: %+v", listed, list.Modules)
	}
	wantNoError(t, signWith(t.Context(), store, one, cades.RS256, typed(pivtest.PIN)))
	wantNoError(t, signWith(t.Context(), store, two, cades.RS256, typed("314159")))
	wantCode(t, signWith(t.Context(), store, two, cades.RS256, typed("000000")), bridge.CodePINIncorrect)
	wantTries(t, first, pivtest.Tries)
	wantTries(t, second, pivtest.Tries-1)

	wantNoError(t, first.Remove())
	wantNoError(t, signWith(t.Context(), store, two, cades.RS256, typed("314159")))
	wantCode(t, signWith(t.Context(), store, one, cades.RS256, neverAsked(t)), bridge.CodeCertificateUnknown)
	wantNoError(t, first.Insert())
	wantNoError(t, second.Remove())
	wantNoError(t, signWith(t.Context(), store, one, cades.RS256, typed(pivtest.PIN)))
	wantTries(t, first, pivtest.Tries)
}
