//go:build unix

package card_test

import (
	"context"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// withSlow is a store of SoftHSM and a module that takes its time over listing.
func withSlow(t *testing.T, order string, o card.Options) (*card.Store, cardtest.Card, cardtest.Hostile) {
	t.Helper()
	c := cardtest.New(t)
	other := cardtest.New(t)
	h := cardtest.NewHostile(t, other.Add(t, cardtest.Key{Name: "slow", Kind: "rsa:2048", ID: "41"}))
	store := openModules(t, o,
		card.Module{Name: "slow", Path: h.Module, Env: h.Env(order, login)},
		card.Module{Name: "SoftHSM", Path: c.Module, Env: c.Env})
	return store, c, h
}

// Who asks gets what there is, and is told when the slow module has answered; the next list has it at once.
func TestSlowModule(t *testing.T) {
	store, c, h := withSlow(t, "C_GetSlotList=wait", card.Options{Patience: time.Second, PollInterval: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := store.Sign(ctx, request(c, cardtest.Sign), typed(c.PIN)); err != nil { // loads SoftHSM
		t.Fatal(err)
	}
	list := func() bridge.ListResult {
		t.Helper()
		list, err := store.List(ctx, bridge.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	changed := make(chan struct{}, 100)
	first := list()
	if len(first.Certificates) != len(c.Certificates) || first.Modules[0].Code != bridge.CodeModuleSlow || first.Modules[1].Code != "" {
		t.Errorf("got %d certificates, modules %v", len(first.Certificates), first.Modules)
	}
	go store.Watch(ctx, func() { changed <- struct{}{} })
	// Meanwhile the other module signs.
	if _, err := store.Sign(ctx, request(c, cardtest.Sign), typed(c.PIN)); err != nil {
		t.Error(err)
	}
	h.Mend(t)
	select {
	case <-changed:
	case <-time.After(20 * time.Second):
		t.Fatal("nobody told of the slow module's answer")
	}
	second := list() // at once, or it would be without the slow module again
	if len(second.Certificates) != len(c.Certificates)+1 || second.Modules[0].Code != "" {
		t.Errorf("got %d certificates, modules %v", len(second.Certificates), second.Modules)
	}
}

// Patience of a person at a terminal.
func TestSlowModuleWaitedFor(t *testing.T) {
	store, c, _ := withSlow(t, "C_GetSlotList=sleep:200", card.Options{Patience: time.Minute})
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != len(c.Certificates)+1 {
		t.Errorf("got %+v, %v", list.Modules, err)
	}
}

// A module that hung is not waited for again, until it has answered.
func TestHungModuleIsNotWaitedFor(t *testing.T) {
	o := card.Options{Worker: worker.Options{ListTimeout: time.Second}, Patience: 30 * time.Second}
	store, c, h := withSlow(t, "C_GetSlotList=hang", o)
	works := func() {
		t.Helper()
		h.Mend(t)
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			list, err := store.List(t.Context(), bridge.Filter{})
			if err == nil && len(list.Certificates) == len(c.Certificates)+1 {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("mended: got %+v, %v", list.Modules, err)
			}
		}
	}
	works() // so that SoftHSM is loaded, which takes its time on a busy machine
	h.Break(t)
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || list.Modules[0].Code != bridge.CodeModuleFailed || len(list.Certificates) != len(c.Certificates) {
		t.Fatalf("got %+v, %v", list.Modules, err)
	}
	began := time.Now()
	list, err = store.List(t.Context(), bridge.Filter{})
	if took := time.Since(began); err != nil || list.Modules[0].Code != bridge.CodeModuleFailed || took > 900*time.Millisecond {
		t.Errorf("got %+v, %v after %v", list.Modules, err, took)
	}
	works()
}

// That a module hangs is told once, though each list has it tried again.
func TestHungModuleIsToldOnce(t *testing.T) {
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	o := card.Options{Worker: worker.Options{ListTimeout: time.Second}, Patience: 100 * time.Millisecond, PollInterval: time.Hour}
	store := openModules(t, o, card.Module{Name: "slow", Path: h.Module, Env: h.Env("C_GetSlotInfo=hang", login)})
	changes := watchStore(t, store)
	for len(h.Processes(t)) < 4 { // each is one hang
		if _, err := store.List(t.Context(), bridge.Filter{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if told := len(changes); told != 1 {
		t.Errorf("told %d times, want once", told)
	}
}

// Modules that are not to be loaded are lines, and their codes say why nothing is there.
func TestModulesThatAreNotLoaded(t *testing.T) {
	c := cardtest.New(t)
	missing := card.Module{Name: "missing", Path: "/nonexistent/a.so", Code: bridge.CodeModuleMissing, Problem: "no such file"}
	refused := card.Module{Name: "refused", Path: c.Module, Env: c.Env, Code: bridge.CodeModuleRefused, Problem: "others can write"}
	store := openModules(t, card.Options{}, missing, refused, card.Module{Name: "SoftHSM", Path: c.Module, Env: c.Env})
	list, err := store.List(t.Context(), bridge.Filter{})
	want := []bridge.Module{{Name: "missing", Code: bridge.CodeModuleMissing}, {Name: "refused", Code: bridge.CodeModuleRefused}, {Name: "SoftHSM"}}
	if err != nil || len(list.Certificates) != len(c.Certificates) || len(list.Modules) != 3 || list.Modules[0] != want[0] || list.Modules[1] != want[1] || list.Modules[2] != want[2] {
		t.Errorf("got %+v, %v", list.Modules, err)
	}
	for name, test := range map[string]struct {
		modules []card.Module
		want    bridge.Code
	}{
		"missing": {[]card.Module{missing}, bridge.CodeModuleMissing},
		"refused": {[]card.Module{refused}, bridge.CodeModuleRefused},
		"both":    {[]card.Module{missing, refused}, bridge.CodeModuleFailed},
	} {
		store := openModules(t, card.Options{}, test.modules...)
		store.Restart() // has nothing to restart
		status, err := store.Status(t.Context())
		if err != nil || status.Code != test.want || status.Problems[test.modules[0].Name] != test.modules[0].Problem {
			t.Errorf("%s: got %+v, %v", name, status, err)
		}
		_, err = store.Sign(t.Context(), request(c, cardtest.Sign), neverAsked(t))
		wantCode(t, err, test.want)
	}
}
