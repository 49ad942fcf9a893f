package card_test

import (
	"testing"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// The store's own cost, warm, over SoftHSM: worker, pipes, and what is asked of the module beside the signature.
func BenchmarkSign(b *testing.B) {
	c := cardtest.New(b)
	store := card.New([]card.Module{{Name: "SoftHSM", Path: c.Module, Env: c.Env}}, card.Options{})
	defer store.Close()
	for b.Loop() {
		if _, err := store.Sign(b.Context(), request(c, cardtest.Sign), typed(c.PIN)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	c := cardtest.New(b)
	store := card.New([]card.Module{{Name: "SoftHSM", Path: c.Module, Env: c.Env}}, card.Options{})
	defer store.Close()
	for b.Loop() {
		if _, err := store.List(b.Context(), bridge.Filter{}); err != nil {
			b.Fatal(err)
		}
	}
}
