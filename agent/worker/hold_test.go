package worker_test

import (
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/worker"
)

// What find opened serves the signature that follows, for its certificate, and is let go at any other call.
func TestFindHoldsSession(t *testing.T) {
	for _, c := range []struct {
		name    string
		between func(*worker.Worker, cardtest.Hostile) error
		held    bool
	}{
		{"sign at once", func(*worker.Worker, cardtest.Hostile) error { return nil }, true},
		{"find again", func(w *worker.Worker, h cardtest.Hostile) error {
			_, err := w.Find(t.Context(), h.Certificate.Hash())
			return err
		}, true},
		{"status", func(w *worker.Worker, _ cardtest.Hostile) error {
			_, err := w.Status(t.Context(), worker.RefreshNever)
			return err
		}, false},
		{"another certificate", func(w *worker.Worker, _ cardtest.Hostile) error { _, _ = w.Find(t.Context(), [32]byte{1}); return nil }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, h := hostile(t, "C_OpenSession=rv:5", "")
			h.Mend(t)
			if _, err := w.Find(t.Context(), h.Certificate.Hash()); err != nil {
				t.Fatal(err)
			}
			h.Break(t)
			if err := c.between(w, h); err != nil {
				t.Fatal(err)
			}
			if _, err := sign(t, w, h, []byte(cardtest.PIN)); (err == nil) != c.held {
				t.Errorf("got %v, held %v", err, c.held)
			}
			if _, err := sign(t, w, h, []byte(cardtest.PIN)); err == nil {
				t.Error("a second signature in the same session")
			}
		})
	}
}

// A PIN never goes to a card that may be another than the one that was found.
func TestHeldSessionIsCheckedAgain(t *testing.T) {
	for _, order := range []string{
		"C_GetSlotInfo=rv:0x32", "C_GetTokenInfo=rv:0xE0",
		"C_GetAttributeValue=garbage", "C_GetAttributeValue=rv:0xB3", "C_GetAttributeValue=many",
	} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			w, h := hostile(t, order, "")
			h.Mend(t)
			if _, err := w.Find(t.Context(), h.Certificate.Hash()); err != nil {
				t.Fatal(err)
			}
			h.Break(t)
			if _, err := sign(t, w, h, []byte(cardtest.PIN)); err == nil {
				t.Error("signed")
			}
			if calls := h.Calls(t); strings.Contains(calls, "C_Login") {
				t.Errorf("calls: got %q, want no login", calls)
			}
			h.Mend(t)
			if _, err := sign(t, w, h, []byte(cardtest.PIN)); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}
