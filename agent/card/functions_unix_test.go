//go:build unix

package card_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// functions are all of PKCS#11 that package pkcs11 calls, taken from its source so that none is forgotten.
func functions(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("../pkcs11/pkcs11.go")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"C_GetFunctionList"}
	for _, m := range regexp.MustCompile(`(?m)^\tfn([A-Z]\w+) +=`).FindAllStringSubmatch(string(source), -1) {
		names = append(names, "C_"+m[1])
	}
	if len(names) != 18 {
		t.Fatalf("got %d functions: %v", len(names), names)
	}
	return names
}

// notReached are functions that a list, or a signature that works, does not need.
func notReached(function string) bool { return function == "C_Finalize" }

// Every function fails in every way: other modules go on, the answer comes in time and has the right code, the
// process is gone, and a module that was mended works.
func TestEveryFunctionFails(t *testing.T) {
	failed := []bridge.Code{bridge.CodeModuleFailed}
	actions := map[string][]bridge.Code{
		"hang": failed, "segv": failed, "exit": failed, "abort": failed,
		// What a function returns may also be taken for what it means.
		"rv:0x32": {bridge.CodeCardRemoved, bridge.CodeCertificateUnknown, bridge.CodeModuleFailed},
		"rv:5":    {bridge.CodeModuleFailed, bridge.CodeSigningFailed, bridge.CodeCertificateUnknown},
		"nothing": {bridge.CodeModuleFailed, bridge.CodeSigningFailed, bridge.CodeCertificateUnknown},
		"garbage": {bridge.CodeModuleFailed, bridge.CodeSigningFailed, bridge.CodeCertificateUnknown, bridge.CodePINLocked, bridge.CodePINLength},
		"stdout":  nil,
	}
	other := cardtest.New(t)
	for action, codes := range actions {
		t.Run(action, func(t *testing.T) {
			var group sync.WaitGroup // beside each other: most only wait
			places := make(chan struct{}, 9)
			for _, function := range functions(t) {
				places <- struct{}{}
				group.Go(func() {
					defer func() { <-places }()
					failure{t, function, action, codes}.run(other)
				})
			}
			group.Wait()
		})
	}
}

type failure struct {
	t                *testing.T
	function, action string
	codes            []bridge.Code
}

// deadline of a call. It also bounds what the module that works may take on a busy machine, and is waited for only
// where one hangs.
func (f failure) deadline() time.Duration {
	if f.action == "hang" {
		return 4 * time.Second
	}
	return 20 * time.Second
}

func (f failure) errorf(format string, args ...any) {
	f.t.Helper()
	f.t.Errorf(f.function+"="+f.action+": "+format, args...)
}

func (f failure) run(other cardtest.Card) {
	h := cardtest.NewHostile(f.t, other.Certificate(cardtest.Sign))
	// The certificate is shown by SoftHSM too, so it is asked for from a store that has the hostile module alone.
	pair := card.New([]card.Module{
		{Name: "hostile", Path: h.Module, Env: h.Env(f.function+"="+f.action, login)},
		{Name: "SoftHSM", Path: other.Module, Env: other.Env},
	}, f.options())
	f.listOthers(pair, other)
	pair.Close()
	alone := card.New([]card.Module{{Name: "hostile", Path: h.Module, Env: h.Env(f.function+"="+f.action, login)}}, f.options())
	defer alone.Close()
	f.sign(alone, h)
	if ends := f.action == "hang" || f.action == "segv" || f.action == "exit" || f.action == "abort"; ends && !notReached(f.function) {
		f.gone(h)
	}
	h.Mend(f.t)
	f.works(alone, h)
}

func (f failure) options() card.Options {
	o := card.Options{Worker: worker.Options{ListTimeout: f.deadline(), SignTimeout: f.deadline()}, Patience: f.deadline()}
	o.PCSC.Env = []string{"PCSCLITE_CSOCK_NAME=/nonexistent/socket", subprocesstest.Env()}
	return o
}

// listOthers wants all certificates of the module that works.
func (f failure) listOthers(store *card.Store, other cardtest.Card) {
	began := time.Now()
	list, err := store.List(f.t.Context(), bridge.Filter{})
	if took := time.Since(began); err != nil || took > 2*f.deadline() {
		f.errorf("list: got %v after %v", err, took)
		return
	}
	for _, c := range other.Certificates {
		if !slices.ContainsFunc(list.Certificates, func(b bridge.Certificate) bool { return b.ID == c.ID }) {
			f.errorf("the other module's certificate %s is not listed: %+v", c.Name, list.Modules)
		}
	}
	if len(list.Modules) != 2 || list.Modules[1].Code != "" {
		f.errorf("modules: got %+v", list.Modules)
	}
}

func (f failure) request(h cardtest.Hostile) card.SignRequest {
	return card.SignRequest{CertificateID: h.Certificate.ID, Algorithm: cades.RS256, ToSign: []byte("1")}
}

func (f failure) sign(store *card.Store, h cardtest.Hostile) {
	began := time.Now()
	_, err := store.Sign(f.t.Context(), f.request(h), typed(cardtest.PIN))
	if took := time.Since(began); took > 3*f.deadline() {
		f.errorf("sign: answer after %v", took)
	}
	var e *bridge.Error
	switch {
	case err == nil && (f.action == "hang" || f.action == "segv" || f.action == "exit" || f.action == "abort") && !notReached(f.function):
		f.errorf("sign: got a signature")
	case err == nil:
	case !errors.As(err, &e):
		f.errorf("sign: got %v, want a bridge error", err)
	case !slices.Contains(f.allowed(), e.Code):
		f.errorf("sign: got %v, want one of %v", err, f.codes)
	}
}

// allowed: where there is no card at all, Sign says what is missing.
func (f failure) allowed() []bridge.Code {
	if strings.HasPrefix(f.action, "rv:") || f.action == "nothing" || f.action == "garbage" {
		return append(f.codes[:len(f.codes):len(f.codes)], bridge.CodeNoCard, bridge.CodeNoReader, bridge.CodePCSCStopped)
	}
	return f.codes
}

// gone wants all processes that the module was in to have ended, or to be about to.
func (f failure) gone(h cardtest.Hostile) {
	deadline := time.Now().Add(5 * time.Second)
	for _, pid := range h.Processes(f.t) {
		for running(pid) {
			if time.Now().After(deadline) {
				f.errorf("process %d still runs", pid)
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// works wants a list and a signature of a module that was mended, soon.
func (f failure) works(store *card.Store, h cardtest.Hostile) {
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	for {
		list, err := store.List(ctx, bridge.Filter{})
		if err == nil && len(list.Certificates) == 1 {
			break
		}
		if ctx.Err() != nil {
			f.errorf("mended: list: got %+v, %v", list, err)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := store.Sign(ctx, f.request(h), typed(cardtest.PIN)); err != nil {
		f.errorf("mended: sign: %v", err)
	}
}
