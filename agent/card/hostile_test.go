package card_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// The flags of the hostile module's token.
const (
	login   = "0x40C"
	low     = "0x1040C"
	final   = "0x2040C"
	locked  = "0x4040C"
	pad     = "0x50C"
	noLogin = "0x408" // no login

	writeProtected = "0x40E"
)

func openHostile(t *testing.T, orders, flags string, env ...string) (*card.Store, card.SignRequest, cardtest.Hostile) {
	t.Helper()
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	var o card.Options
	if strings.Contains(orders, "hang") {
		o.Worker = worker.Options{ListTimeout: time.Second, SignTimeout: time.Second}
	}
	store := openModules(t, o, card.Module{Name: "hostile", Path: h.Module, Env: append(h.Env(orders, flags), env...)})
	return store, card.SignRequest{CertificateID: h.Certificate.ID, Algorithm: cades.RS256, ToSign: []byte("1")}, h
}

// What a token returns has a code, and the PIN's state where it is about the PIN.
func TestSignCodes(t *testing.T) {
	one, none := 1, 0
	tests := []struct {
		name, orders, flags string
		pin                 string
		want                bridge.Code
		tries               *int
	}{
		{"wrong PIN", "", login, "000000", bridge.CodePINIncorrect, nil},
		{"wrong PIN, one try left", "", final, "000000", bridge.CodePINIncorrect, &one},
		{"wrong PIN has locked", "C_Login=rv:0xA4", final, "000000", bridge.CodePINLocked, &none},
		{"length", "C_Login=rv:0xA2", login, "000000", bridge.CodePINLength, nil},
		{"removed at login", "C_Login=rv:0x32", login, cardtest.PIN, bridge.CodeCardRemoved, nil},
		{"removed while signing", "C_Sign=rv:0x32", login, cardtest.PIN, bridge.CodeCardRemoved, nil},
		{"removed between calls", "C_SignInit=rv:0xB3", login, cardtest.PIN, bridge.CodeCardRemoved, nil},
		{"card error", "C_Sign=rv:0x30", login, cardtest.PIN, bridge.CodeSigningFailed, nil},
		{"login lost", "C_Sign=rv:0x101", login, cardtest.PIN, bridge.CodeSigningFailed, nil},
		{"login lost before", "C_SignInit=rv:0x101", login, cardtest.PIN, bridge.CodeSigningFailed, nil},
		{"locked while signing", "C_Sign=rv:0xA4", login, cardtest.PIN, bridge.CodePINLocked, &none},
		{"hang", "C_Sign=hang", login, cardtest.PIN, bridge.CodeModuleFailed, nil},
		{"crash", "C_Login=segv", login, cardtest.PIN, bridge.CodeModuleFailed, nil},
		{"hang while looking", "C_FindObjects=hang", login, cardtest.PIN, bridge.CodeModuleFailed, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store, request, _ := openHostile(t, test.orders, test.flags)
			_, err := store.Sign(t.Context(), request, typed(test.pin))
			e := wantCode(t, err, test.want)
			if (e.TriesLeft == nil) != (test.tries == nil) || e.TriesLeft != nil && *e.TriesLeft != *test.tries {
				t.Errorf("tries left: got %v, want %v", e.TriesLeft, test.tries)
			}
		})
	}
}

// A login that was lost is told apart from other failures, on tokens that want one: there the person may be asked again.
// The PIN that was typed goes to the token once, whatever happens.
func TestForgottenPIN(t *testing.T) {
	for _, test := range []struct {
		orders, flags, key string
		want               bool
	}{
		{"C_Sign=rv:0x101", login, "hidden", true},
		{"C_Sign=rv:0x101", pad, "hidden", true},
		{"C_SignInit=rv:0x101", login, "hidden", true},
		{"C_Login=rv:0x101", login, "hidden", false}, // the token never said that it was right
		{"C_Sign=rv:0x101", noLogin, "visible", false},
		{"C_Sign=rv:0x30", login, "hidden", false},
	} {
		store, request, h := openHostile(t, test.orders, test.flags, "HOSTILE_KEY="+test.key)
		_, err := store.Sign(t.Context(), request, typed(cardtest.PIN))
		wantCode(t, err, bridge.CodeSigningFailed)
		if got := errors.Is(err, card.ErrPINForgotten); got != test.want {
			t.Errorf("%+v: got %v (%v)", test, got, err)
		}
		if n := strings.Count(h.Calls(t), "C_Login"); n > 1 {
			t.Errorf("%+v: %d logins", test, n)
		}
	}
}

// A token that cannot be written to refuses sessions that could, as the hostile module does for every token: none is
// needed to list or to sign.
func TestWriteProtected(t *testing.T) {
	store, request, h := openHostile(t, "", writeProtected)
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != 1 || list.Modules[0].Code != "" {
		t.Errorf("list: got %+v, %v", list, err)
	}
	if _, err := store.Sign(t.Context(), request, typed(cardtest.PIN)); err != nil {
		t.Error(err)
	}
	if calls := h.Calls(t); calls != "C_Login user 1, PIN\nC_Sign\nC_Logout\n" {
		t.Errorf("calls: %q", calls)
	}
}

// What the token says of its PIN reaches the one who asks for it.
func TestPINStates(t *testing.T) {
	for flags, want := range map[string]bridge.PINState{login: bridge.PINOK, low: bridge.PINLow, final: bridge.PINFinal} {
		store, request, _ := openHostile(t, "", flags)
		var asked bridge.PINState
		var tries *int
		_, err := store.Sign(t.Context(), request, func(_ context.Context, s bridge.PINState, n *int) ([]byte, error) {
			asked, tries = s, n
			return []byte(cardtest.PIN), nil
		})
		if err != nil || asked != want || (tries != nil) != (want == bridge.PINFinal) {
			t.Errorf("flags %s: asked with %s, %v (%v), want %s", flags, asked, tries, err, want)
		}
		list, err := store.List(t.Context(), bridge.Filter{})
		if err != nil || list.Certificates[0].PIN != want {
			t.Errorf("flags %s: listed %v, %v, want %s", flags, list, err, want)
		}
	}
}

func TestLockedPINIsNotAskedFor(t *testing.T) {
	store, request, h := openHostile(t, "", locked)
	_, err := store.Sign(t.Context(), request, neverAsked(t))
	wantCode(t, err, bridge.CodePINLocked)
	var pin *card.PINError
	if !errors.As(err, &pin) || pin.State != bridge.PINLocked {
		t.Errorf("got %v, want state locked", err)
	}
	if calls := h.Calls(t); calls != "" {
		t.Errorf("the token noticed: %q", calls)
	}
}

func TestPINPad(t *testing.T) {
	store, request, _ := openHostile(t, "", pad)
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || !list.Certificates[0].PINPad {
		t.Errorf("list: got %v, %v; want a PIN pad", list, err)
	}
	var told []bridge.ProgressState
	request.Progress = func(s bridge.ProgressState) { told = append(told, s) }
	if _, err := store.Sign(t.Context(), request, neverAsked(t)); err != nil {
		t.Error(err)
	}
	if len(told) != 1 || told[0] != bridge.WaitingForPIN {
		t.Errorf("progress: got %v", told)
	}
	store, request, _ = openHostile(t, "C_Login=rv:0x50", pad)
	_, err = store.Sign(t.Context(), request, neverAsked(t))
	wantCode(t, err, bridge.CodeUserCancelled)
}

// On a token without login a certificate without a visible key has none.
func TestNoPrivateKey(t *testing.T) {
	store, request, _ := openHostile(t, "", noLogin)
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != 0 || len(list.Refused) != 1 || list.Refused[0].Reason != bridge.ReasonNoKey {
		t.Errorf("list: got %+v, %v", list, err)
	}
	_, err = store.Sign(t.Context(), request, neverAsked(t))
	wantCode(t, err, bridge.CodeSigningFailed)
	status, err := store.Status(t.Context())
	if err != nil || status.Code != bridge.CodeNoCertificate {
		t.Errorf("status: got %+v, %v; want no_certificate", status, err)
	}
}

// Readers and cards that come, go or mean nothing to the module.
func TestStatusOfOddSlots(t *testing.T) {
	for orders, want := range map[string]bridge.Code{
		"C_GetSlotList=nothing":     bridge.CodePCSCStopped,
		"C_GetSlotInfo=rv:3":        bridge.CodePCSCStopped,
		"C_GetTokenInfo=rv:0xE0":    bridge.CodeNoCard,
		"C_OpenSession=rv:0x32":     bridge.CodeNoCard,
		"C_GetTokenInfo=rv:0xE1":    bridge.CodeNoCertificate,
		"C_FindObjects=rv:5":        bridge.CodeModuleFailed,
		"C_GetMechanismList=rv:5":   bridge.CodeModuleFailed,
		"C_Initialize=hang":         bridge.CodeModuleFailed,
		"C_GetFunctionList=nothing": bridge.CodeModuleFailed,
	} {
		t.Run(orders, func(t *testing.T) {
			t.Parallel()
			store, _, _ := openHostile(t, orders, login)
			status, err := store.Status(t.Context())
			if err != nil || status.Code != want {
				t.Errorf("got %+v, %v; want %s", status, err, want)
			}
		})
	}
}

func TestListInterrupted(t *testing.T) {
	store, _, _ := openHostile(t, "C_GetSlotList=hang", login)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := store.List(ctx, bridge.Filter{})
	wantCode(t, err, bridge.CodeTimeout)
}
