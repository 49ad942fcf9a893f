package card_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/pivtest"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// pcscd ends while the card signs, and is started again: an answer with a code, and everything works afterwards.
func TestPIVServiceRestarted(t *testing.T) {
	t.Parallel()
	socket := shortDir(t) + "/s"
	store := openModules(t, card.Options{PollInterval: time.Hour}, openSC(t, "PCSCLITE_CSOCK_NAME="+socket))
	c := pivtest.StartWith(t, pivtest.Options{Socket: socket})
	wantNoError(t, signPIV(t.Context(), store, c, typed(pivtest.PIN)))
	<-c.Signing() // of this one
	watchStore(t, store)
	c.Delay(time.Minute)
	failed := make(chan error, 1)
	go func() { failed <- signPIV(t.Context(), store, c, typed(pivtest.PIN)) }()
	<-c.Signing()
	wantNoError(t, c.Close())
	var e *bridge.Error
	if err := <-failed; !errors.As(err, &e) || e.Code != bridge.CodeSigningFailed && e.Code != bridge.CodeCardRemoved {
		t.Errorf("pcscd ended while signing: got %v", err)
	}
	again := pivtest.StartWith(t, pivtest.Options{Socket: socket})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		list, err := store.List(t.Context(), bridge.Filter{})
		if err == nil && len(list.Certificates) == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the card is back: got %+v, %v", list, err)
		}
	}
	wantNoError(t, signPIV(t.Context(), store, again, typed(pivtest.PIN)))
}

// While a card signs, which may take long, its certificates are not gone.
func TestPIVListWhileSigning(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openModules(t, card.Options{PollInterval: time.Hour, Patience: 200 * time.Millisecond}, openSC(t, c.Env()...))
	watchStore(t, store)
	list := func() bridge.ListResult {
		t.Helper()
		list, err := store.List(t.Context(), bridge.Filter{})
		wantNoError(t, err)
		return list
	}
	for deadline := time.Now().Add(20 * time.Second); len(list().Certificates) != 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no certificates")
		}
	}
	c.Delay(2 * time.Second)
	signed := make(chan error, 1)
	go func() { signed <- signPIV(t.Context(), store, c, typed(pivtest.PIN)) }()
	<-c.Signing()
	// The module's line says that it is slow, unless an answer that came late before is still good.
	if got := list(); len(got.Certificates) != 2 || got.Modules[0].Code != "" && got.Modules[0].Code != bridge.CodeModuleSlow {
		t.Errorf("got %d certificates, modules %+v", len(got.Certificates), got.Modules)
	}
	wantNoError(t, <-signed)
}

// A second program reads the card and signs with it all the while: whatever fails for that has a code that asks to try
// again, no PIN is lost, and the next signature works.
func TestPIVSecondProgram(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var runs atomic.Int32 // of the other program
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			for _, args := range [][]string{{"opensc-tool", "-s", "00CB3FFF035C017E00"}, {"pkcs11-tool", "-O"}, {"pkcs11-tool", "--login", "--pin", pivtest.PIN, "--test"}} {
				command := exec.CommandContext(ctx, args[0], args[1:]...)
				command.Env = append(os.Environ(), c.Env()...)
				if command.Run() == nil {
					runs.Add(1)
				}
			}
		}
	}()
	signed, forgotten := 0, 0
	for i := 0; i < 300 && (signed < 10 || runs.Load() < 9); i++ {
		err := signPIV(t.Context(), store, c, typed(pivtest.PIN))
		var e *bridge.Error
		switch {
		case err == nil:
			signed++
		case errors.Is(err, card.ErrPINForgotten):
			forgotten++
		case !errors.As(err, &e) || e.Code != bridge.CodeSigningFailed && e.Code != bridge.CodeCardRemoved && e.Code != bridge.CodeModuleFailed:
			t.Errorf("beside another program: got %v", err)
		}
		if left := c.Tries(); left != pivtest.Tries {
			t.Fatalf("a try was lost: %d left", left)
		}
	}
	cancel()
	<-ended
	if runs.Load() < 9 || signed < 10 {
		t.Errorf("the other program ran %d times well, %d signatures were made", runs.Load(), signed)
	}
	t.Logf("%d signatures beside %d runs of another program; the PIN was forgotten %d times", signed, runs.Load(), forgotten)
	wantNoError(t, signPIV(t.Context(), store, c, typed(pivtest.PIN)))
}

// The other keys that a PIV card holds.
func TestPIVKeys(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	wantNoError(t, err)
	rsa3072, err := rsa.GenerateKey(rand.Reader, 3072)
	wantNoError(t, err)
	for _, key := range []crypto.Signer{p384, rsa3072} {
		c := pivtest.StartWith(t, pivtest.Options{Signature: identityOf(t, key)})
		store := openPIV(t, c, worker.Options{})
		_, certificate := c.Certificates()
		list, err := store.List(t.Context(), bridge.Filter{NonRepudiation: true})
		if err != nil || len(list.Certificates) != 1 {
			t.Fatalf("got %+v, %v", list, err)
		}
		for _, a := range list.Certificates[0].Algorithms {
			if err := signWith(t.Context(), store, certificate, cades.Algorithm(a), typed(pivtest.PIN)); err != nil {
				t.Errorf("%s-%d, %s: %v", list.Certificates[0].KeyType, list.Certificates[0].KeyBits, a, err)
			}
		}
		t.Logf("%s-%d: %v", list.Certificates[0].KeyType, list.Certificates[0].KeyBits, list.Certificates[0].Algorithms)
	}
}
