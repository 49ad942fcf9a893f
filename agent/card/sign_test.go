package card_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// Every kind of key signs a CMS that package cades accepts.
func TestSign(t *testing.T) {
	c := cardtest.New(t)
	store := open(t, c)
	tests := []struct {
		certificate string
		algorithm   cades.Algorithm
	}{
		{cardtest.Sign, cades.RS256},
		{cardtest.Sign, cades.RS512},
		{cardtest.Sign, cades.PS256},
		{cardtest.Sign, cades.PS384},
		{cardtest.EC, cades.ES256},
		{cardtest.Always, cades.RS256},
		{cardtest.Always, cades.PS512},
	}
	for _, test := range tests {
		t.Run(test.certificate+" "+string(test.algorithm), func(t *testing.T) {
			certificate := c.Certificate(test.certificate).Certificate
			content := test.algorithm.Sum([]byte("the application"))
			request, err := cades.NewRequest(cades.CAdES, test.algorithm, certificate, nil, content, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			pin := []byte(c.PIN)
			var told []bridge.ProgressState
			value, err := store.Sign(t.Context(), card.SignRequest{
				CertificateID: c.Certificate(test.certificate).ID,
				Algorithm:     test.algorithm,
				ToSign:        request.ToSign(),
				Progress:      func(s bridge.ProgressState) { told = append(told, s) },
			}, func(_ context.Context, state bridge.PINState, tries *int) ([]byte, error) {
				if state != bridge.PINOK || tries != nil {
					t.Errorf("PIN state: got %s, %v", state, tries)
				}
				return pin, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := request.Assemble(value); err != nil {
				t.Error(err)
			}
			if slices.Max(pin) != 0 {
				t.Error("the PIN was not wiped")
			}
			if !slices.Equal(told, []bridge.ProgressState{bridge.WaitingForPIN, bridge.Signing}) {
				t.Errorf("progress: got %v", told)
			}
		})
	}
}

func request(c cardtest.Card, name string) card.SignRequest {
	return card.SignRequest{CertificateID: c.Certificate(name).ID, Algorithm: cades.RS256, ToSign: []byte("1")}
}

func TestSignWithWrongPIN(t *testing.T) {
	c := cardtest.New(t)
	store := open(t, c)
	_, err := store.Sign(t.Context(), request(c, cardtest.Sign), typed("000000"))
	wantCode(t, err, bridge.CodePINIncorrect)
	var pin *card.PINError
	if !errors.As(err, &pin) || pin.State != bridge.PINLow || pin.TriesLeft != nil {
		t.Errorf("got %+v, want the token's state low", pin)
	}
	if strings.Contains(err.Error(), "000000") {
		t.Error("the error tells the PIN")
	}
	result, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || result.Certificates[0].PIN != bridge.PINLow {
		t.Errorf("list: got %v, %v; want PIN low", result.Certificates, err)
	}
	var asked bridge.PINState
	_, err = store.Sign(t.Context(), request(c, cardtest.Sign), func(_ context.Context, s bridge.PINState, _ *int) ([]byte, error) {
		asked = s
		return []byte(c.PIN), nil
	})
	if err != nil || asked != bridge.PINLow {
		t.Errorf("right PIN afterwards: got %v, asked with state %s", err, asked)
	}
}

func TestSignRefuses(t *testing.T) {
	c := cardtest.New(t)
	store := open(t, c)
	ok := request(c, cardtest.Sign)
	unknown, malformed, algorithm := ok, ok, ok
	unknown.CertificateID = strings.Repeat("0", 64)
	malformed.CertificateID = "../../x"
	algorithm.Algorithm = "none"
	long := ok
	long.ToSign = make([]byte, 32<<10+1)
	failing := func(err error) card.PINFunc {
		return func(context.Context, bridge.PINState, *int) ([]byte, error) { return nil, err }
	}
	tests := []struct {
		name    string
		request card.SignRequest
		pin     card.PINFunc
		want    bridge.Code
	}{
		{"PIN too short", ok, typed("123"), bridge.CodePINLength},
		{"PIN too long", ok, typed(strings.Repeat("1", 256)), bridge.CodePINLength},
		{"empty PIN", ok, typed(""), bridge.CodePINLength},
		{"unknown certificate", unknown, neverAsked(t), bridge.CodeCertificateUnknown},
		{"malformed id", malformed, neverAsked(t), bridge.CodeCertificateUnknown},
		{"unknown algorithm", algorithm, neverAsked(t), bridge.CodeInvalidRequest},
		{"too much to sign", long, neverAsked(t), bridge.CodeInvalidRequest},
		{"cancelled in the window", ok, failing(bridge.Errorf(bridge.CodeUserCancelled, nil)), bridge.CodeUserCancelled},
		{"window timed out", ok, failing(context.DeadlineExceeded), bridge.CodeTimeout},
		{"window failed", ok, failing(errors.New("no display")), bridge.CodeInternal},
		{"algorithm of another key", card.SignRequest{CertificateID: ok.CertificateID, Algorithm: cades.ES256}, typed(c.PIN), bridge.CodeSigningFailed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := store.Sign(t.Context(), test.request, test.pin)
			wantCode(t, err, test.want)
		})
	}
	most := ok
	most.ToSign = long.ToSign[1:]
	if _, err := store.Sign(t.Context(), most, typed(c.PIN)); err != nil {
		t.Errorf("as much as can be signed: %v", err)
	}
	// None of them used a try.
	result, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || result.Certificates[0].PIN != bridge.PINOK {
		t.Errorf("afterwards: got %v, %v; want PIN ok", result, err)
	}
}

func TestSignWithoutCard(t *testing.T) {
	full, empty := cardtest.New(t), cardtest.Empty(t)
	_, err := open(t, empty).Sign(t.Context(), request(full, cardtest.Sign), neverAsked(t))
	wantCode(t, err, bridge.CodeNoCard)
	_, err = open(t).Sign(t.Context(), request(full, cardtest.Sign), neverAsked(t))
	wantCode(t, err, bridge.CodeNoModule)
}

// The card is swapped while the person types.
func TestSignCardRemovedBeforePIN(t *testing.T) {
	c := cardtest.New(t)
	_, err := open(t, c).Sign(t.Context(), request(c, cardtest.Sign), func(context.Context, bridge.PINState, *int) ([]byte, error) {
		c.Remove(t)
		return []byte(c.PIN), nil
	})
	wantCode(t, err, bridge.CodeCardRemoved)
}

func TestSignCancelled(t *testing.T) {
	c := cardtest.New(t)
	store := open(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := store.Sign(ctx, request(c, cardtest.Sign), func(context.Context, bridge.PINState, *int) ([]byte, error) {
		cancel()
		return []byte(c.PIN), nil
	})
	wantCode(t, err, bridge.CodeRequestCancelled)
	if _, err := store.Sign(t.Context(), request(c, cardtest.Sign), typed(c.PIN)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
