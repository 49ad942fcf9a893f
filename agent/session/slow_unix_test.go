//go:build unix

package session

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestMain(m *testing.M) { cardtest.Main(m) }

// A certificate whose card takes longer to be read than a list waits is not unknown.
func TestCertificateOfASlowModule(t *testing.T) {
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	store := card.New([]card.Module{{Name: "slow", Path: h.Module, Env: h.Env("C_GetSlotList=sleep:200", "")}},
		card.Options{Patience: 20 * time.Millisecond})
	defer store.Close()
	s := &Session{Options: Options{Cards: store}}
	got, err := s.certificate(t.Context(), order{}, h.Certificate.ID)
	if err != nil || got.ID != h.Certificate.ID {
		t.Fatalf("got %v, %v", got, err)
	}
	var e *bridge.Error
	_, err = s.certificate(t.Context(), order{}, strings.Repeat("0", 64))
	if !errors.As(err, &e) || e.Code != bridge.CodeCertificateUnknown {
		t.Errorf("one that is not there: got %v", err)
	}
}
