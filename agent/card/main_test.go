package card_test

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestMain(m *testing.M) { cardtest.Main(m) }

// open makes a store over the cards' modules.
func open(t *testing.T, cards ...cardtest.Card) *card.Store {
	t.Helper()
	var modules []card.Module
	for _, c := range cards {
		modules = append(modules, card.Module{Name: "SoftHSM", Path: c.Module, Env: c.Env})
	}
	return openModules(t, card.Options{}, modules...)
}

func openModules(t *testing.T, o card.Options, modules ...card.Module) *card.Store {
	t.Helper()
	// The machine's own readers are none of the tests' business; a module's Env may name others.
	o.PCSC.Env = []string{"PCSCLITE_CSOCK_NAME=/nonexistent/socket", subprocesstest.Env()}
	o.Patience = cmp.Or(o.Patience, time.Minute) // a busy machine makes no module slow
	s := card.New(modules, o)
	t.Cleanup(func() { s.Close() })
	return s
}

// typed is a person who types this PIN.
func typed(pin string) card.PINFunc {
	return func(context.Context, bridge.PINState, *int) ([]byte, error) { return []byte(pin), nil }
}

// neverAsked fails the test when somebody asks for a PIN.
func neverAsked(t *testing.T) card.PINFunc {
	return func(context.Context, bridge.PINState, *int) ([]byte, error) {
		t.Error("the PIN was asked for")
		return nil, errors.New("asked")
	}
}

func wantCode(t *testing.T, err error, want bridge.Code) *bridge.Error {
	t.Helper()
	var e *bridge.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a bridge error %s", err, want)
	}
	if e.Code != want {
		t.Fatalf("got %v, want code %s", err, want)
	}
	return e
}
