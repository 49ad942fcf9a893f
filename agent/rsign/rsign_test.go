package rsign

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/rsign/rsigntest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// person is a user with a computer, at a server.
type person struct {
	*testing.T
	server *rsigntest.Server
	store  *Store
}

func newPerson(t *testing.T) *person {
	t.Helper()
	s := rsigntest.New(t)
	return &person{t, s, newStore(filepath.Join(t.TempDir(), "rsign"))}
}

func newStore(dir string) *Store {
	return New(Options{Dir: dir, Computer: "test (Linux)", Now: time.Now, Log: zap.NewNop()})
}

func (p *person) portals() []string { return []string{p.server.Base} }

// activate starts an activation and types its code with this outcome: "active", "refused", ...
func (p *person) activate(ctx context.Context, outcome string) (*bridge.Certificate, error) {
	p.Helper()
	return p.store.Activate(ctx, Activation{Portal: p.server.Base, Offer: "offer", Progress: func(_ bridge.ActivationState, code string) {
		if outcome != "" && !p.server.Type(code, outcome) {
			p.Error("the phone knows no computer with this code")
		}
	}})
}

func (p *person) mustActivate() *bridge.Certificate {
	p.Helper()
	c, err := p.activate(p.Context(), "active")
	if err != nil {
		p.Fatal(err)
	}
	return c
}

func (p *person) list() []bridge.Certificate {
	p.Helper()
	found, _, err := p.store.List(p.Context(), p.portals(), bridge.Filter{})
	if err != nil {
		p.Fatal(err)
	}
	return found
}

// sign asks for a signature over what the tests call a document, and answers on the phone.
func (p *person) sign(id, answer string) ([]byte, error) {
	p.Helper()
	digest := sha256.Sum256([]byte("TEST"))
	q := SignRequest{Portals: p.portals(), CertificateID: id, Digest: digest[:], Label: "dokument TEST\u202e\n" + strings.Repeat("ż", 200)}
	if answer != "" {
		q.Progress = func(s bridge.ProgressState) {
			if s == bridge.WaitingForPhone {
				p.server.Answer(p.server.Pending().Handle, answer)
			}
		}
	}
	return p.store.Sign(p.Context(), q)
}

func wantCode(t *testing.T, err error, want bridge.Code) {
	t.Helper()
	if codeOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestActivateAndSign(t *testing.T) {
	p := newPerson(t)
	c := p.mustActivate()
	if c.Source != bridge.SourceRSign || c.KeyType != "EC" || c.KeyBits != 256 || !bytes.Equal(c.DER, p.server.Person.Raw) ||
		len(c.Chain) != 1 || c.Reader != "" || c.PIN != bridge.PINOK {
		t.Errorf("got %+v", c)
	}
	if computers := p.server.Computers(); len(computers) != 1 || computers[0].Name != "test (Linux)" || computers[0].Offer != "offer" {
		t.Errorf("registered %+v", computers)
	}
	// Another process of the same user finds it.
	p.store = newStore(p.store.Dir)
	if list := p.list(); len(list) != 1 || list[0].ID != c.ID {
		t.Errorf("listed %+v", list)
	}
	value, err := p.sign(c.ID, "approved")
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("TEST"))
	if !ecdsa.VerifyASN1(p.server.Person.PublicKey.(*ecdsa.PublicKey), digest[:], value) {
		t.Error("signature is not over the digest")
	}
	status, err := p.store.Status(t.Context(), p.portals())
	if err != nil || len(status) != 1 || status[0].Code != "" || status[0].Since.IsZero() {
		t.Errorf("status %+v, %v", status, err)
	}
}

// TestFilter: what the filter refuses is told by reason only, and another portal's is not there at all.
func TestFilter(t *testing.T) {
	p := newPerson(t)
	p.mustActivate()
	for _, c := range []struct {
		name   string
		filter bridge.Filter
		reason bridge.Reason
	}{
		{"all", bridge.Filter{NonRepudiation: true, Valid: true, Issuers: [][]byte{p.server.CA.RawSubject}}, ""},
		{"issuer", bridge.Filter{Issuers: [][]byte{{0x30, 0}}}, bridge.ReasonIssuer},
	} {
		found, refused, err := p.store.List(t.Context(), p.portals(), c.filter)
		if err != nil || (len(found) == 1) != (c.reason == "") || (len(refused) == 1) != (c.reason != "") {
			t.Errorf("%s: %v, %v, %v", c.name, found, refused, err)
		} else if c.reason != "" && (refused[0] != bridge.Refused{Reason: c.reason}) {
			t.Errorf("%s: %+v", c.name, refused)
		}
	}
	p.store.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if _, refused, _ := p.store.List(t.Context(), p.portals(), bridge.Filter{Valid: true}); len(refused) != 1 || refused[0].Reason != bridge.ReasonExpired {
		t.Errorf("expired: %+v", refused)
	}
	if found, refused, _ := p.store.List(t.Context(), []string{"https://other.example/csc/v2"}, bridge.Filter{}); len(found)+len(refused) != 0 {
		t.Error("another portal's website sees the certificate")
	}
	if _, err := p.store.Certificate([]string{"https://other.example/csc/v2"}, p.list()[0].ID); codeOf(err) != bridge.CodeCertificateUnknown {
		t.Errorf("another portal's website: %v", err)
	}
}

// TestActivationRefused: nothing is kept of an activation that came to nothing.
func TestActivationRefused(t *testing.T) {
	for _, c := range []struct {
		outcome string
		want    bridge.Code
	}{
		{"refused", bridge.CodeRSignRefused},
		{"expired", bridge.CodeRSignExpired},
		{"of a newer service", bridge.CodeRSignUnavailable},
	} {
		p := newPerson(t)
		_, err := p.activate(t.Context(), c.outcome)
		wantCode(t, err, c.want)
		p.wantFiles(0)
	}
}

func (p *person) wantFiles(want int) {
	p.Helper()
	entries, err := os.ReadDir(p.store.Dir)
	if err != nil && !os.IsNotExist(err) || len(entries) != want {
		p.Errorf("%d files, want %d (%v)", len(entries), want, err)
	}
}

// TestFound: the person hears that the phone has found the computer.
func TestFound(t *testing.T) {
	p := newPerson(t)
	var states []bridge.ActivationState
	_, err := p.store.Activate(t.Context(), Activation{Portal: p.server.Base, Progress: func(s bridge.ActivationState, code string) {
		states = append(states, s)
		next := map[bridge.ActivationState]string{bridge.ActivationWaiting: "found", bridge.ActivationFound: "active"}[s]
		p.server.Type(code, next)
	}})
	if err != nil || len(states) != 2 || states[1] != bridge.ActivationFound {
		t.Errorf("got %v, %v", states, err)
	}
}

// TestCancelled: a page that cancels has the registration closed and the key forgotten; one activation runs at a
// time.
func TestCancelled(t *testing.T) {
	p := newPerson(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	waiting := make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := p.store.Activate(ctx, Activation{Portal: p.server.Base, Progress: func(bridge.ActivationState, string) { close(waiting) }})
		done <- err
	}()
	<-waiting
	_, err := p.activate(t.Context(), "")
	wantCode(t, err, bridge.CodeBusy)
	p.wantFiles(1)
	cancel(bridge.Errorf(bridge.CodeRequestCancelled, nil))
	wantCode(t, <-done, bridge.CodeRequestCancelled)
	p.wantFiles(0)
	if computers := p.server.Computers(); len(computers) != 1 || computers[0].State != "cancelled" {
		t.Errorf("at the service: %+v", computers)
	}
}

// TestCancelledAlone: the key goes even where the service does not answer, and nobody waits for it long.
func TestCancelledAlone(t *testing.T) {
	p := newPerson(t)
	asked := make(chan string, 10)
	p.server.Hook(func(w http.ResponseWriter, r *http.Request, path string, _ []byte) bool {
		if !strings.HasSuffix(path, "/cancel") {
			return false
		}
		asked <- path
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := p.store.Activate(ctx, Activation{Portal: p.server.Base, Progress: func(bridge.ActivationState, string) {
		cancel(bridge.Errorf(bridge.CodeRequestCancelled, nil))
	}})
	wantCode(t, err, bridge.CodeRequestCancelled)
	p.wantFiles(0)
	if len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
}

// TestInterrupted: a session that ends while the person reaches for the phone loses nothing.
func TestInterrupted(t *testing.T) {
	p := newPerson(t)
	ctx, cancel := context.WithCancel(t.Context())
	var digits string
	_, err := p.store.Activate(ctx, Activation{Portal: p.server.Base, Progress: func(_ bridge.ActivationState, code string) {
		digits = code
		cancel()
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	p.wantFiles(1)
	p.store = newStore(p.store.Dir)
	if list := p.list(); len(list) != 0 {
		t.Errorf("listed before the phone confirmed: %+v", list)
	}
	if !p.server.Type(digits, "active") {
		t.Fatal("code is gone")
	}
	if list := p.list(); len(list) != 1 {
		t.Errorf("not listed after the phone confirmed")
	}
}

// TestInterruptedAndRefused: what the phone refused meanwhile goes.
func TestInterruptedAndRefused(t *testing.T) {
	p := newPerson(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, _ = p.store.Activate(ctx, Activation{Portal: p.server.Base, Progress: func(bridge.ActivationState, string) { cancel() }})
	p.server.Set("refused")
	if list := p.list(); len(list) != 0 {
		t.Errorf("listed: %+v", list)
	}
	p.wantFiles(0)
}

// TestAgain: a second activation for the same certificate takes the first one's place.
func TestAgain(t *testing.T) {
	p := newPerson(t)
	p.mustActivate()
	c := p.mustActivate()
	p.wantFiles(1)
	if computers := p.server.Computers(); len(computers) != 2 {
		t.Errorf("registered %+v", computers)
	}
	if _, err := p.sign(c.ID, "approved"); err != nil {
		t.Error(err)
	}
}

func TestPhoneAnswers(t *testing.T) {
	for _, c := range []struct {
		answer string
		want   bridge.Code
	}{
		{"refused", bridge.CodeRSignRefused},
		{"expired", bridge.CodeRSignExpired},
	} {
		p := newPerson(t)
		_, err := p.sign(p.mustActivate().ID, c.answer)
		wantCode(t, err, c.want)
	}
}

func TestLabel(t *testing.T) {
	p := newPerson(t)
	id := p.mustActivate().ID
	digest := sha256.Sum256([]byte("TEST"))
	_, err := p.store.Sign(t.Context(), SignRequest{
		Portals: p.portals(), CertificateID: id, Digest: digest[:], Label: "umowa\u202e\n.pdf" + strings.Repeat("ż", 200),
		Progress: func(s bridge.ProgressState) {
			if s != bridge.WaitingForPhone {
				return
			}
			r := p.server.Pending()
			if !strings.HasPrefix(r.Label, "umowa.pdf") || len([]rune(r.Label)) != maxLabel || !bytes.Equal(r.Hash, digest[:]) {
				t.Errorf("the phone is shown %+v", r)
			}
			p.server.Answer(r.Handle, "approved")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRemoved: a computer that the phone removed learns it, and a signature that is cancelled ends at once.
func TestRemoved(t *testing.T) {
	p := newPerson(t)
	id := p.mustActivate().ID
	ctx, cancel := context.WithCancelCause(t.Context())
	digest := sha256.Sum256(nil)
	_, err := p.store.Sign(ctx, SignRequest{Portals: p.portals(), CertificateID: id, Digest: digest[:], Progress: func(bridge.ProgressState) {
		cancel(bridge.Errorf(bridge.CodeRequestCancelled, nil))
	}})
	wantCode(t, err, bridge.CodeRequestCancelled)
	p.server.Set("removed")
	_, err = p.sign(id, "")
	wantCode(t, err, bridge.CodeRSignRefused)
	status, err := p.store.Status(t.Context(), p.portals())
	if err != nil || len(status) != 1 || status[0].Code != bridge.CodeRSignRefused {
		t.Errorf("status %+v, %v", status, err)
	}
}

// TestNetworkGone: while the phone is waited for, a server that fails is asked again.
func TestNetworkGone(t *testing.T) {
	p := newPerson(t)
	failures := 2
	p.server.Hook(func(w http.ResponseWriter, r *http.Request, path string, _ []byte) bool {
		if r.Method != http.MethodGet && path != "/credentials/authorizeCheck" || failures == 0 {
			return false
		}
		failures--
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	c := p.mustActivate()
	failures = 1
	if _, err := p.sign(c.ID, "approved"); err != nil || failures != 0 {
		t.Errorf("%v, %d failures not met", err, failures)
	}
}

// The vectors were made by a third implementation; service and phone run them too.
func TestCodeVectors(t *testing.T) {
	data, err := os.ReadFile("../../protocol/vectors/rsign/computer-codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Codes []struct {
			Key, SAMKey, Nonce []byte
			Code               string
		}
	}
	if err := json.Unmarshal(data, &v); err != nil || len(v.Codes) == 0 {
		t.Fatalf("no vectors (%v)", err)
	}
	for i, c := range v.Codes {
		if got := code(c.Key, c.SAMKey, c.Nonce); got != c.Code {
			t.Errorf("code %d: got %s, want %s", i, got, c.Code)
		}
	}
}
