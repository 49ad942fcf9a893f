package card_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestList(t *testing.T) {
	c := cardtest.New(t)
	got, err := open(t, c).List(t.Context(), bridge.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Certificates) != len(c.Certificates) || len(got.Refused) != 0 {
		t.Fatalf("got %d certificates, %d refused; want %d, 0", len(got.Certificates), len(got.Refused), len(c.Certificates))
	}
	if len(got.Modules) != 1 || got.Modules[0] != (bridge.Module{Name: "SoftHSM"}) {
		t.Errorf("modules: got %+v", got.Modules)
	}
	want := map[string]struct {
		keyType    string
		bits       int
		algorithms []string
		usage      string
	}{
		cardtest.Sign:    {"RSA", 2048, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, "nonRepudiation"},
		cardtest.Auth:    {"RSA", 2048, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, "digitalSignature"},
		cardtest.EC:      {"EC", 256, []string{"ES256"}, "nonRepudiation"},
		cardtest.Always:  {"RSA", 2048, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, "nonRepudiation"},
		cardtest.Expired: {"EC", 256, []string{"ES256"}, "nonRepudiation"},
	}
	for name, w := range want {
		certificate := c.Certificate(name)
		i := slices.IndexFunc(got.Certificates, func(b bridge.Certificate) bool { return b.ID == certificate.ID })
		if i < 0 {
			t.Errorf("%s: not listed", name)
			continue
		}
		g := got.Certificates[i]
		if !bytes.Equal(g.DER, certificate.Raw) || g.Token != c.Label || g.Reader == "" || g.Source != bridge.SourceCard {
			t.Errorf("%s: got token %q, reader %q, source %q", name, g.Token, g.Reader, g.Source)
		}
		if g.KeyType != w.keyType || g.KeyBits != w.bits || !slices.Equal(g.Algorithms, w.algorithms) || !slices.Equal(g.KeyUsage, []string{w.usage}) {
			t.Errorf("%s: got %s %d %v %v, want %+v", name, g.KeyType, g.KeyBits, g.Algorithms, g.KeyUsage, w)
		}
		if g.PIN != bridge.PINOK || g.PINPad {
			t.Errorf("%s: got PIN %s, pad %v", name, g.PIN, g.PINPad)
		}
		if len(g.Chain) != 1 || !bytes.Equal(g.Chain[0], c.CA.Raw) {
			t.Errorf("%s: got a chain of %d, want the CA", name, len(g.Chain))
		}
	}
}

// TestListAgain: what is remembered of a certificate's chain is as it would be found anew.
func TestListAgain(t *testing.T) {
	c := cardtest.New(t)
	store := open(t, c)
	chains := func(filter bridge.Filter, want int) {
		t.Helper()
		got, err := store.List(t.Context(), filter)
		if err != nil || len(got.Certificates) == 0 {
			t.Fatalf("got %+v, %v", got, err)
		}
		for _, b := range got.Certificates {
			if len(b.Chain) != want {
				t.Errorf("%s: got a chain of %d, want %d", b.ID, len(b.Chain), want)
			}
		}
	}
	chains(bridge.Filter{NonRepudiation: true}, 1)
	refused := c.Certificate(cardtest.Auth)
	if b := store.Certificate(t.Context(), refused.ID); b == nil || len(b.Chain) != 1 || !bytes.Equal(b.DER, refused.Raw) {
		t.Errorf("one that the filter refused: got %+v", b)
	}
	chains(bridge.Filter{}, 1)
	c.RemoveCA(t)
	if err := store.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	chains(bridge.Filter{}, 0)
	if b := store.Certificate(t.Context(), refused.ID); b == nil || len(b.Chain) != 0 {
		t.Errorf("after the CA's certificate was removed: got %+v", b)
	}
}

func TestListFilters(t *testing.T) {
	c := cardtest.New(t)
	store := open(t, c)
	tests := []struct {
		name    string
		filter  bridge.Filter
		want    []string
		refused []bridge.Reason
	}{
		{
			"non-repudiation", bridge.Filter{NonRepudiation: true},
			[]string{cardtest.Sign, cardtest.EC, cardtest.Always, cardtest.Expired}, []bridge.Reason{bridge.ReasonKeyUsage},
		},
		{
			"valid", bridge.Filter{Valid: true},
			[]string{cardtest.Sign, cardtest.Auth, cardtest.EC, cardtest.Always}, []bridge.Reason{bridge.ReasonExpired},
		},
		{
			"issuer", bridge.Filter{Issuers: [][]byte{c.CA.RawSubject}, NonRepudiation: true, Valid: true},
			[]string{cardtest.Sign, cardtest.EC, cardtest.Always}, []bridge.Reason{bridge.ReasonExpired, bridge.ReasonKeyUsage},
		},
		{
			"other issuer", bridge.Filter{Issuers: [][]byte{[]byte("other")}}, nil, slices.Repeat([]bridge.Reason{bridge.ReasonIssuer}, 5),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := store.List(t.Context(), test.filter)
			if err != nil {
				t.Fatal(err)
			}
			var want, got []string
			for _, name := range test.want {
				want = append(want, c.Certificate(name).ID)
			}
			for _, one := range result.Certificates {
				got = append(got, one.ID)
			}
			var refused []bridge.Reason
			for _, one := range result.Refused {
				refused = append(refused, one.Reason)
			}
			slices.Sort(want)
			slices.Sort(got)
			slices.Sort(refused)
			if !slices.Equal(got, want) || !slices.Equal(refused, test.refused) {
				t.Errorf("got %v, refused %v; want %v, refused %v", got, refused, want, test.refused)
			}
		})
	}
}

func TestListNamesTheModuleThatFails(t *testing.T) {
	c := cardtest.New(t)
	store := openModules(t, card.Options{},
		card.Module{Name: "absent", Path: "/nonexistent/module.so"},
		card.Module{Name: "SoftHSM", Path: c.Module, Env: c.Env},
		card.Module{Name: "twin", Path: c.Module, Env: c.Env})
	got, err := store.List(t.Context(), bridge.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []bridge.Module{{Name: "absent", Code: bridge.CodeModuleFailed}, {Name: "SoftHSM"}, {Name: "twin"}}
	if !slices.Equal(got.Modules, want) {
		t.Errorf("modules: got %v, want %v", got.Modules, want)
	}
	if len(got.Certificates) != len(c.Certificates) {
		t.Errorf("got %d certificates, want %d, each once", len(got.Certificates), len(c.Certificates))
	}
}

// A token made or deleted by another process shows at the next list.
func TestListSeesTokensComeAndGo(t *testing.T) {
	full, here := cardtest.New(t), cardtest.Empty(t)
	store := open(t, here)
	count := func() int {
		t.Helper()
		got, err := store.List(t.Context(), bridge.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Modules[0].Code != "" {
			t.Fatalf("module: %s", got.Modules[0].Code)
		}
		return len(got.Certificates)
	}
	if n := count(); n != 0 {
		t.Fatalf("got %d certificates without a card", n)
	}
	here.Insert(t, full)
	if n := count(); n != len(full.Certificates) {
		t.Errorf("got %d certificates after the card was put in", n)
	}
	here.Remove(t)
	if n := count(); n != 0 {
		t.Errorf("got %d certificates after the card was taken out", n)
	}
}

// A second card in a module that sees one already.
func TestRefresh(t *testing.T) {
	c := cardtest.New(t)
	store := open(t, c)
	known := func() (n int) {
		t.Helper()
		status, err := store.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range status.Readers {
			if r.Known {
				n++
			}
		}
		return n
	}
	if n := known(); n != 1 {
		t.Fatalf("got %d cards, want 1", n)
	}
	c.AddBlank(t)
	if n := known(); n != 1 {
		t.Fatalf("got %d cards before Refresh, want 1", n)
	}
	if err := store.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := known(); n != 2 {
		t.Errorf("got %d cards, want 2", n)
	}
}
