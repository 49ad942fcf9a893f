//go:build unix

package card_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// A certificate that was listed is given as the list would, and only while its card says that it has it.
func TestCertificate(t *testing.T) {
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	h.Mend(t)
	s := card.New([]card.Module{{Name: "hostile", Path: h.Module, Env: h.Env("C_GetTokenInfo=rv:0xE0", "")}}, card.Options{})
	defer s.Close()
	id := h.Certificate.ID
	if got := s.Certificate(t.Context(), id); got != nil {
		t.Errorf("before the first list: %+v", got)
	}
	list, err := s.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if got := s.Certificate(t.Context(), id); got == nil || !reflect.DeepEqual(*got, list.Certificates[0]) {
		t.Errorf("got %+v, want %+v", got, list.Certificates[0])
	}
	for _, other := range []string{"", "x", strings.Repeat("0", 64), id + "0"} {
		if got := s.Certificate(t.Context(), other); got != nil {
			t.Errorf("%q: got %+v", other, got)
		}
	}
	h.Break(t)
	if got := s.Certificate(t.Context(), id); got != nil {
		t.Errorf("without a card: %+v", got)
	}
}
