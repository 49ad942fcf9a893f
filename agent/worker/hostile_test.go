package worker_test

import (
	"context"
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/pkcs11"
	"github.com/odnowa/odnowa/agent/worker"
)

// deadline of the calls to a module that hangs.
const deadline = time.Second

func hostile(t *testing.T, orders, flags string) (*worker.Worker, cardtest.Hostile) {
	t.Helper()
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	o := worker.Options{Env: h.Env(orders, flags)}
	if strings.Contains(orders, "hang") || strings.Contains(orders, "spin") {
		o.SignTimeout = deadline
		// What does not hang may take its time on a busy machine.
		if !strings.HasPrefix(orders, "C_Sign=") && !strings.HasPrefix(orders, "C_Login=") {
			o.ListTimeout = deadline
		}
	}
	w := worker.Start(h.Module, o)
	t.Cleanup(func() { w.Close() })
	return w, h
}

func sign(t *testing.T, w *worker.Worker, h cardtest.Hostile, pin []byte) ([]byte, error) {
	t.Helper()
	return w.Sign(t.Context(), worker.SignRequest{
		Certificate: h.Certificate.Hash(), Scheme: pkcs11.PKCS1, Hash: crypto.SHA256,
		Message: []byte("1"), PIN: pin,
	})
}

// However a module fails, the call ends with ErrModuleFailed in time and the next one works.
func TestModuleFails(t *testing.T) {
	for _, action := range []string{"hang", "spin", "segv", "abort", "exit", "smash", "fds"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w, h := hostile(t, "C_Sign="+action, "")
			if slots, err := w.List(t.Context(), worker.RefreshNever); err != nil || len(slots) != 1 {
				t.Fatalf("before: got %v, %v", slots, err)
			}
			began := time.Now()
			_, err := sign(t, w, h, []byte(cardtest.PIN))
			if took := time.Since(began); !errors.Is(err, worker.ErrModuleFailed) || took > 4*deadline {
				t.Errorf("got %v after %v, want ErrModuleFailed", err, took)
			}
			slots, err := w.List(t.Context(), worker.RefreshNever)
			if err != nil || len(slots) != 1 || len(slots[0].Token.Certificates) != 1 {
				t.Errorf("afterwards: got %v, %v; want the certificate", slots, err)
			}
		})
	}
}

// A module that fails from the start fails each time, and does not make Poll start it again and again.
func TestModuleFailsToStart(t *testing.T) {
	for _, order := range []string{
		"C_Initialize=hang", "C_Initialize=segv", "C_Initialize=exit", "C_Initialize=rv:0x30",
		"C_GetFunctionList=rv:5", "C_GetFunctionList=nothing", "C_GetFunctionList=abort",
	} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			w, h := hostile(t, order, "")
			for range 2 {
				if _, err := w.List(t.Context(), worker.RefreshNever); !errors.Is(err, worker.ErrModuleFailed) {
					t.Errorf("got %v, want ErrModuleFailed", err)
				}
			}
			started := len(h.Processes(t))
			if _, err := w.Poll(t.Context(), worker.RefreshNever); !errors.Is(err, worker.ErrModuleFailed) || started == 0 || len(h.Processes(t)) != started {
				t.Errorf("Poll: got %v, want ErrModuleFailed, and no new process beside %d", err, started)
			}
		})
	}
}

func TestNoModule(t *testing.T) {
	for _, path := range []string{"/nonexistent/module.so", "libsofthsm2.so", os.DevNull} {
		if _, err := start(t, path).List(t.Context(), worker.RefreshNever); !errors.Is(err, worker.ErrModuleFailed) {
			t.Errorf("%s: got %v, want ErrModuleFailed", path, err)
		}
	}
}

// What a module prints or reads does not get between parent and child.
func TestModulePrintsAndReads(t *testing.T) {
	orders := "C_Initialize=stdout,C_GetSlotList=stdin,C_Login=stdout,C_SignInit=stdin,C_Sign=stdout"
	w, h := hostile(t, orders, "")
	for range 2 {
		if signature, err := sign(t, w, h, []byte(cardtest.PIN)); err != nil || len(signature) != 256 {
			t.Errorf("got %d bytes, %v", len(signature), err)
		}
	}
}

// Lengths that a module makes up are errors, and do not end the process.
func TestModuleLies(t *testing.T) {
	for _, order := range []string{"C_GetSlotList=many", "C_Sign=many", "C_Sign=nothing", "C_GetAttributeValue=many"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			w, h := hostile(t, order, "")
			if signature, err := sign(t, w, h, []byte(cardtest.PIN)); err == nil && order != "C_Sign=nothing" {
				t.Errorf("got a signature of %d bytes, want an error", len(signature))
			}
		})
	}
	t.Run("C_FindObjects=many", func(t *testing.T) {
		t.Parallel()
		w, _ := hostile(t, "C_FindObjects=many", "")
		if slots, err := w.List(t.Context(), worker.RefreshNever); err != nil || len(slots[0].Token.Certificates) != 256 {
			t.Errorf("got %v, want as many certificates as are read at most", err)
		}
	})
}

// A PIN is presented once, whatever the token answers, and each login ends.
func TestPINIsPresentedOnce(t *testing.T) {
	tests := []struct {
		name, orders, flags string
		pin                 []byte
		want                string
		code                pkcs11.Error
	}{
		{"right", "", "", []byte(cardtest.PIN), "C_Login user 1, PIN\nC_Sign\nC_Logout\n", pkcs11.OK},
		{"wrong", "", "", []byte("000000"), "C_Login user 1, PIN\nC_Logout\n", pkcs11.ErrPINIncorrect},
		{"token fails", "C_Login=rv:0x30", "", []byte(cardtest.PIN), "C_Login user 1, PIN\nC_Logout\n", pkcs11.ErrDevice},
		{
			"already logged in", "C_Login=rv:0x100", "", []byte(cardtest.PIN),
			"C_Login user 1, PIN\nC_Logout\n", pkcs11.ErrUserAlreadyLoggedIn,
		},
		{"pad", "", "0x50C", nil, "C_Login user 1, pad\nC_Sign\nC_Logout\n", pkcs11.OK},
		{"pad gets no PIN", "", "0x50C", []byte(cardtest.PIN), "C_Login user 1, pad\nC_Sign\nC_Logout\n", pkcs11.OK},
		{"pad cancelled", "C_Login=rv:0x50", "0x50C", nil, "C_Login user 1, pad\nC_Logout\n", pkcs11.ErrFunctionCanceled},
		{
			"logout fails", "C_Logout=rv:5", "", []byte(cardtest.PIN),
			"C_Login user 1, PIN\nC_Sign\nC_Logout\nC_Finalize\n", pkcs11.OK,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, h := hostile(t, test.orders, test.flags)
			_, err := sign(t, w, h, test.pin)
			var code pkcs11.Error
			errors.As(err, &code)
			if code != test.code || (err == nil) != (test.code == pkcs11.OK) {
				t.Errorf("got %v, want %v", err, test.code)
			}
			if got := h.Calls(t); got != test.want {
				t.Errorf("calls: got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// A PIN is not presented to a token that gives the same serial number and has other certificates: the one that was found
// on it has been exchanged.
func TestOtherTokenOfTheSameNumber(t *testing.T) {
	card := cardtest.New(t)
	h := cardtest.NewHostile(t, card.Certificate(cardtest.Sign))
	file := filepath.Join(t.TempDir(), "certificate.der")
	show := func(c cardtest.Certificate) {
		if err := os.WriteFile(file, c.Raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	show(h.Certificate)
	w := worker.Start(h.Module, worker.Options{Env: append(h.Env("", ""), "HOSTILE_CERT="+file)})
	t.Cleanup(func() { w.Close() })
	for range 2 {
		if _, err := w.Find(t.Context(), h.Certificate.Hash()); err != nil {
			t.Fatal(err)
		}
	}
	show(card.Certificate(cardtest.Auth))
	if _, err := sign(t, w, h, []byte(cardtest.PIN)); !errors.Is(err, worker.ErrUnknownCertificate) {
		t.Errorf("got %v, want ErrUnknownCertificate", err)
	}
	if calls := h.Calls(t); strings.Contains(calls, "C_Login") {
		t.Errorf("calls: got %q, want no login", calls)
	}
}

func TestPINRequired(t *testing.T) {
	w, h := hostile(t, "", "")
	if _, err := sign(t, w, h, nil); !errors.Is(err, worker.ErrPINRequired) {
		t.Errorf("got %v, want ErrPINRequired", err)
	}
	if calls := h.Calls(t); calls != "C_Logout\n" {
		t.Errorf("calls: got %q, want no login", calls)
	}
}

// When the caller gives up, the child that may be about to sign is killed.
func TestSignInterrupted(t *testing.T) {
	w, h := hostile(t, "C_Login=hang", "")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for h.Calls(t) == "" { // until C_Login
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, err := w.Sign(ctx, worker.SignRequest{
		Certificate: h.Certificate.Hash(), Scheme: pkcs11.PKCS1, Hash: crypto.SHA256,
		Message: []byte("1"), PIN: []byte(cardtest.PIN), Pad: true,
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if _, err := w.Status(t.Context(), worker.RefreshNever); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Whoever waits for another's call may give up, and Poll does not wait at all.
func TestCallsRunOneAfterTheOther(t *testing.T) {
	w, _ := hostile(t, "C_GetSlotList=hang", "")
	began := make(chan struct{})
	first := make(chan error, 1)
	go func() {
		close(began)
		_, err := w.List(t.Context(), worker.RefreshNever)
		first <- err
	}()
	<-began
	for { // until the list has the turn
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := w.Poll(ctx, worker.RefreshNever)
		cancel()
		if errors.Is(err, worker.ErrBusy) {
			break
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := w.Status(ctx, worker.RefreshNever); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
	if err := <-first; !errors.Is(err, worker.ErrModuleFailed) {
		t.Errorf("the first: got %v, want ErrModuleFailed", err)
	}
}

// Close does not wait for a call that hangs.
func TestCloseEndsCalls(t *testing.T) {
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	w := worker.Start(h.Module, worker.Options{Env: h.Env("C_Login=hang", "")})
	go func() {
		for h.Calls(t) == "" { // until C_Login
			time.Sleep(time.Millisecond)
		}
		w.Close()
	}()
	if _, err := sign(t, w, h, []byte(cardtest.PIN)); !errors.Is(err, worker.ErrModuleFailed) {
		t.Errorf("got %v, want ErrModuleFailed", err)
	}
}

func TestClose(t *testing.T) {
	w, _ := hostile(t, "", "")
	if _, err := w.Status(t.Context(), worker.RefreshNever); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := w.Status(t.Context(), worker.RefreshNever); !errors.Is(err, worker.ErrModuleFailed) {
		t.Errorf("got %v, want ErrModuleFailed", err)
	}
}
