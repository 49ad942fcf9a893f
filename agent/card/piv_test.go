package card_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/pivtest"
	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// These tests are of the real OpenSC and pcscd with a virtual PIV card, for what SoftHSM cannot show.

// openPIV makes a store over OpenSC that sees this card.
func openPIV(t *testing.T, c *pivtest.Card, o worker.Options) *card.Store {
	t.Helper()
	return openModules(t, card.Options{Worker: o, PollInterval: 20 * time.Millisecond}, openSC(t, c.Env()...))
}

func openSC(t *testing.T, env ...string) card.Module {
	t.Helper()
	path, err := pivtest.OpenSC()
	if err != nil {
		t.Fatal(err)
	}
	return card.Module{Name: "OpenSC", Path: path, Env: append(env, subprocesstest.Env())}
}

func idOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// signPIV signs with the key in slot 9C and verifies the signature.
func signPIV(ctx context.Context, store *card.Store, c *pivtest.Card, pin card.PINFunc) error {
	_, certificate := c.Certificates()
	return signWith(ctx, store, certificate, cades.RS256, pin)
}

func signWith(ctx context.Context, store *card.Store, certificate *x509.Certificate, algorithm cades.Algorithm, pin card.PINFunc) error {
	request, err := cades.NewRequest(cades.CAdES, algorithm, certificate, nil, algorithm.Sum([]byte("the application")), time.Now())
	if err != nil {
		return err
	}
	value, err := store.Sign(ctx, card.SignRequest{
		CertificateID: idOf(certificate), Algorithm: algorithm, ToSign: request.ToSign(),
	}, pin)
	if err != nil {
		return err
	}
	_, err = request.Assemble(value)
	return err
}

func wantNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantTries(t *testing.T, c *pivtest.Card, want int) {
	t.Helper()
	if got := c.Tries(); got != want {
		t.Errorf("tries left on the card: got %d, want %d", got, want)
	}
}

// listedPIN is the state of the PIN in the list.
func listedPIN(t *testing.T, store *card.Store) bridge.PINState {
	t.Helper()
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) == 0 {
		t.Fatalf("list: got %+v, %v", list, err)
	}
	return list.Certificates[0].PIN
}

func TestPIVList(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	authentication, signature := c.Certificates()
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != 2 || len(list.Refused) != 0 {
		t.Fatalf("got %+v, %v; want two certificates", list, err)
	}
	for _, want := range []*x509.Certificate{authentication, signature} {
		if !slices.ContainsFunc(list.Certificates, func(b bridge.Certificate) bool { return b.ID == idOf(want) }) {
			t.Errorf("key usage %b: not listed", want.KeyUsage)
		}
	}
	list, err = store.List(t.Context(), bridge.Filter{NonRepudiation: true, Valid: true})
	if err != nil || len(list.Certificates) != 1 || len(list.Refused) != 1 || list.Refused[0].Reason != bridge.ReasonKeyUsage {
		t.Fatalf("non-repudiation: got %+v, %v", list, err)
	}
	got := list.Certificates[0]
	if got.ID != idOf(signature) || got.Reader != pivtest.ReaderName || got.Token != "Żaneta TESTOWA" || got.PIN != bridge.PINOK || got.PINPad {
		t.Errorf("got %+v", got)
	}
	if !slices.Contains(got.Algorithms, "RS256") || got.KeyType != "RSA" || got.KeyBits != 2048 {
		t.Errorf("got %s %d %v", got.KeyType, got.KeyBits, got.Algorithms)
	}
	wantTries(t, c, pivtest.Tries)
}

// Slot 9C wants the PIN for each signature; whoever types it once signs once, again and again.
func TestPIVSign(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	authentication, signature := c.Certificates()
	for _, a := range []cades.Algorithm{cades.RS256, cades.RS512, cades.RS256} {
		if err := signWith(t.Context(), store, signature, a, typed(pivtest.PIN)); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	if err := signWith(t.Context(), store, authentication, cades.ES256, typed(pivtest.PIN)); err != nil {
		t.Errorf("slot 9A: %v", err)
	}
	wantTries(t, c, pivtest.Tries)
}

func TestPIVWrongPIN(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	wrong := func(want bridge.Code, tries *int, left int) {
		t.Helper()
		e := wantCode(t, signPIV(t.Context(), store, c, typed("000000")), want)
		if (e.TriesLeft == nil) != (tries == nil) || tries != nil && *e.TriesLeft != *tries {
			t.Errorf("tries left: got %v, want %v", e.TriesLeft, tries)
		}
		wantTries(t, c, left)
	}
	one, none := 1, 0
	wrong(bridge.CodePINIncorrect, nil, 2)
	wrong(bridge.CodePINIncorrect, &one, 1)
	if got := listedPIN(t, store); got != bridge.PINFinal {
		t.Errorf("before the last try: listed as %s", got)
	}
	var asked bridge.PINState
	wantNoError(t, signPIV(t.Context(), store, c, func(_ context.Context, s bridge.PINState, _ *int) ([]byte, error) {
		asked = s
		return []byte(pivtest.PIN), nil
	}))
	if asked != bridge.PINFinal {
		t.Errorf("asked with state %s", asked)
	}
	wantTries(t, c, 3)
	if got := listedPIN(t, store); got != bridge.PINOK {
		t.Errorf("after the right PIN: listed as %s", got)
	}
	wrong(bridge.CodePINIncorrect, nil, 2)
	wrong(bridge.CodePINIncorrect, &one, 1)
	wrong(bridge.CodePINLocked, &none, 0)
	wantCode(t, signPIV(t.Context(), store, c, neverAsked(t)), bridge.CodePINLocked)
	if got := listedPIN(t, store); got != bridge.PINLocked {
		t.Errorf("locked: listed as %s", got)
	}
}

// A PIN that was locked is seen by another session too, and so is that it has been unlocked.
func TestPIVLockedBefore(t *testing.T) {
	t.Parallel()
	c := pivtest.StartWith(t, pivtest.Options{Tries: 1})
	first := openPIV(t, c, worker.Options{})
	wantCode(t, signPIV(t.Context(), first, c, typed("000000")), bridge.CodePINLocked)
	store := openPIV(t, c, worker.Options{})
	wantCode(t, signPIV(t.Context(), store, c, neverAsked(t)), bridge.CodePINLocked)
	wantNoError(t, c.SetPIN(pivtest.PIN))
	for _, s := range []*card.Store{first, store} {
		wantNoError(t, s.Refresh(t.Context()))
		if err := signPIV(t.Context(), s, c, typed(pivtest.PIN)); err != nil {
			t.Errorf("unlocked: %v", err)
		}
	}
}

func TestPIVPINLength(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	for _, pin := range []string{"", "123", "123456789", strings.Repeat("1", 256)} {
		wantCode(t, signPIV(t.Context(), store, c, typed(pin)), bridge.CodePINLength)
	}
	wantTries(t, c, pivtest.Tries)
}

func TestPIVRemovedDuringSignature(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	c.Delay(time.Minute)
	failed := make(chan error, 1)
	go func() { failed <- signPIV(t.Context(), store, c, typed(pivtest.PIN)) }()
	<-c.Signing()
	wantNoError(t, c.Remove())
	wantCode(t, <-failed, bridge.CodeCardRemoved)
	wantCode(t, signPIV(t.Context(), store, c, neverAsked(t)), bridge.CodeNoCard)
	if status, err := store.Status(t.Context()); err != nil || status.Code != bridge.CodeNoCard {
		t.Errorf("status: got %+v, %v", status, err)
	}
	c.Delay(0)
	wantNoError(t, c.Insert())
	wantNoError(t, signPIV(t.Context(), store, c, typed(pivtest.PIN)))
}

func TestPIVRemovedBeforePIN(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	err := signPIV(t.Context(), store, c, func(context.Context, bridge.PINState, *int) ([]byte, error) {
		return []byte(pivtest.PIN), c.Remove()
	})
	wantCode(t, err, bridge.CodeCardRemoved)
	wantNoError(t, c.Insert())
	wantNoError(t, signPIV(t.Context(), store, c, func(context.Context, bridge.PINState, *int) ([]byte, error) {
		return []byte(pivtest.PIN), errors.Join(c.Remove(), c.Insert()) // it is there when it counts
	}))
	wantTries(t, c, pivtest.Tries)
}

// Another card than the one whose certificate was chosen does not sign for it, and no PIN goes to it.
func TestPIVExchanged(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	_, first := c.Certificates()
	second := otherPerson(t)
	wantCode(t, signWith(t.Context(), store, first, cades.RS256, func(context.Context, bridge.PINState, *int) ([]byte, error) {
		return []byte("000000"), errors.Join(c.Remove(), c.Exchange(pivtest.Options{Signature: second}), c.Insert())
	}), bridge.CodeCardRemoved)
	wantTries(t, c, pivtest.Tries)
	wantCode(t, signWith(t.Context(), store, first, cades.RS256, neverAsked(t)), bridge.CodeCertificateUnknown)
	if err := signPIV(t.Context(), store, c, typed(pivtest.PIN)); err != nil {
		t.Errorf("the other card: %v", err)
	}
}

// otherPerson has a certificate for an RSA key, as the test person has.
func otherPerson(t *testing.T) *pivtest.Identity {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return identityOf(t, key)
}

func identityOf(t *testing.T, key crypto.Signer) *pivtest.Identity {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Jan TESTOWY"}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageContentCommitment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &pivtest.Identity{Certificate: certificate, Key: key}
}

// What a card answers to a signature. OpenSC tries once more by itself, for which slot 9C wants the PIN again.
func TestPIVCardErrors(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	authentication, _ := c.Certificates()
	for status, want := range map[uint16]bridge.Code{
		0x6F00: bridge.CodeSigningFailed, // no precise diagnosis
		0x6581: bridge.CodeSigningFailed, // memory failure
		0x6982: bridge.CodeSigningFailed, // security status not satisfied
		0x6985: bridge.CodeSigningFailed, // conditions of use not satisfied
		0x6A80: bridge.CodeSigningFailed, // incorrect data
		0x6700: bridge.CodeSigningFailed, // wrong length
		0x6983: bridge.CodePINLocked,     // authentication method blocked
	} {
		c.FailNext(status, 2)
		wantCode(t, signWith(t.Context(), store, authentication, cades.ES256, typed(pivtest.PIN)), want)
		c.FailNext(status, 1)
		wantCode(t, signPIV(t.Context(), store, c, typed(pivtest.PIN)), bridge.CodeSigningFailed)
		if err := signPIV(t.Context(), store, c, typed(pivtest.PIN)); err != nil {
			t.Errorf("after %04X: %v", status, err)
		}
	}
	wantTries(t, c, pivtest.Tries)
}

func TestPIVSlowCard(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{SignTimeout: 5 * time.Second})
	c.Delay(time.Second)
	wantNoError(t, signPIV(t.Context(), store, c, typed(pivtest.PIN)))

	hasty := openPIV(t, c, worker.Options{SignTimeout: 500 * time.Millisecond})
	wantCode(t, signPIV(t.Context(), hasty, c, typed(pivtest.PIN)), bridge.CodeModuleFailed)
	c.Delay(0)
	err := signPIV(t.Context(), hasty, c, typed(pivtest.PIN))
	for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); {
		wantCode(t, err, bridge.CodeModuleFailed) // the new process's start counts, on a busy machine
		err = signPIV(t.Context(), hasty, c, typed(pivtest.PIN))
	}
	wantNoError(t, err)
}

// Who cancels while the card works is not kept waiting for it.
func TestPIVCancelledDuringSignature(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openPIV(t, c, worker.Options{})
	c.Delay(time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { failed <- signPIV(ctx, store, c, typed(pivtest.PIN)) }()
	<-c.Signing()
	cancel()
	wantCode(t, <-failed, bridge.CodeRequestCancelled)
	c.Delay(0)
	wantNoError(t, signPIV(t.Context(), store, c, typed(pivtest.PIN)))
}

// A card that OpenSC does not know is there, and has no certificate.
func TestPIVForeignCard(t *testing.T) {
	t.Parallel()
	c := pivtest.StartWith(t, pivtest.Options{Foreign: true})
	store := openPIV(t, c, worker.Options{})
	status, err := store.Status(t.Context())
	if err != nil || status.Code != bridge.CodeNoCertificate {
		t.Fatalf("status: got %+v, %v", status, err)
	}
	if r := status.Readers[0]; !r.Card || r.Known || r.Name != pivtest.ReaderName {
		t.Errorf("reader: got %+v", r)
	}
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates)+len(list.Refused) != 0 || list.Modules[0].Code != "" {
		t.Errorf("list: got %+v, %v", list, err)
	}
	wantCode(t, signPIV(t.Context(), store, c, neverAsked(t)), bridge.CodeCertificateUnknown)
}

// PC/SC that is not there, or ends, is told, until it is back.
func TestPIVWithoutPCSC(t *testing.T) {
	t.Parallel()
	socket := shortDir(t) + "/s"
	store := openModules(t, card.Options{}, openSC(t, "PCSCLITE_CSOCK_NAME="+socket))
	stopped := func() {
		t.Helper()
		if status, err := store.Status(t.Context()); err != nil || status.Code != bridge.CodePCSCStopped {
			t.Fatalf("status: got %+v, %v", status, err)
		}
	}
	stopped()
	for range 2 {
		c := pivtest.StartWith(t, pivtest.Options{Socket: socket})
		wantNoError(t, signPIV(t.Context(), store, c, typed(pivtest.PIN)))
		wantNoError(t, c.Close())
		stopped()
		wantCode(t, signPIV(t.Context(), store, c, neverAsked(t)), bridge.CodePCSCStopped)
	}
}

// PC/SC tells of a card within a second, and the module is not asked meanwhile.
func TestPIVWatch(t *testing.T) {
	t.Parallel()
	c := pivtest.Start(t)
	store := openModules(t, card.Options{PollInterval: time.Hour}, openSC(t, c.Env()...))
	changes := watchStore(t, store)
	for end := time.Now().Add(20 * time.Second); !card.Looked(store); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no first look")
		}
	}
	select {
	case <-changes:
		t.Error("a change was reported where nothing had changed")
	case <-time.After(300 * time.Millisecond):
	}
	var took [4]time.Duration
	for i, move := range []func() error{c.Remove, c.Insert, c.Remove, c.Insert} {
		wantNoError(t, move())
		began := time.Now()
		select {
		case <-changes:
		case <-time.After(10 * time.Second):
			t.Fatal("no change reported")
		}
		took[i] = time.Since(began)
		list, err := store.List(t.Context(), bridge.Filter{})
		if err != nil || len(list.Certificates) != 2*(i%2) {
			t.Errorf("move %d: got %d certificates, %v", i, len(list.Certificates), err)
		}
	}
	t.Logf("told after %v", took)
	// The better of two: something else may have the computer busy for a moment.
	if removed, inserted := min(took[0], took[2]), min(took[1], took[3]); removed > time.Second || inserted > time.Second {
		t.Errorf("told of a removal after %v, of an insertion after %v", removed, inserted)
	}
}

// watchStore watches until the test ends.
func watchStore(t *testing.T, store *card.Store) <-chan struct{} {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	changes, ended := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(ended)
		store.Watch(ctx, func() { changes <- struct{}{} })
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return changes
}

// shortDir is a temporary directory whose name fits into a socket's.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "piv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
