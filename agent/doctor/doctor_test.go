package doctor

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/pcsc"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestChecks(t *testing.T) {
	working := bridge.Module{Name: "a"}
	failing := bridge.Module{Name: "b", Code: bridge.CodeModuleFailed}
	full := card.Status{Modules: []bridge.Module{working}, Readers: []card.Reader{{Name: "r", Card: true}}}
	running := pcsc.State{Running: true}
	for _, c := range []struct {
		name         string
		service      *bool
		window       error
		status       card.Status
		statusErr    error
		certificates int
		want         string
	}{
		{name: "all well, readers without PC/SC", status: full, certificates: 1, want: "agent:ok window:ok modules:ok reader:ok card:ok certificate:ok"},
		{name: "with service", service: ptr(true), status: full, certificates: 1, want: "agent:ok service:ok window:ok modules:ok reader:ok card:ok certificate:ok"},
		{name: "service stopped", service: ptr(false), status: full, certificates: 1,
			want: "agent:ok service:failed/service_stopped window:ok modules:unknown reader:unknown card:unknown certificate:unknown"},
		{name: "no window", window: errors.New("x"), status: full, certificates: 1, want: "agent:ok window:failed/window_unavailable modules:ok reader:ok card:ok certificate:ok"},
		{name: "no module", want: "agent:ok window:ok modules:failed/no_module reader:unknown card:unknown certificate:unknown"},
		{name: "module failed", status: card.Status{Modules: []bridge.Module{failing}, PCSC: running}, want: "agent:ok window:ok pcsc:ok modules:failed/module_failed reader:unknown card:unknown certificate:unknown"},
		{name: "status failed", statusErr: errors.New("x"), want: "agent:ok window:ok modules:failed/module_failed reader:unknown card:unknown certificate:unknown"},
		{name: "one module of two", status: card.Status{Modules: []bridge.Module{working, failing}, Readers: full.Readers}, certificates: 1,
			want: "agent:ok window:ok modules:warning/module_failed reader:ok card:ok certificate:ok"},
		{name: "no reader", status: card.Status{Modules: full.Modules, PCSC: running}, want: "agent:ok window:ok pcsc:ok modules:ok reader:failed/no_reader card:unknown certificate:unknown"},
		{name: "PC/SC runs", status: card.Status{Modules: full.Modules, Readers: full.Readers, PCSC: running}, certificates: 1, want: "agent:ok window:ok pcsc:ok modules:ok reader:ok card:ok certificate:ok"},
		{name: "PC/SC stopped", status: card.Status{Modules: full.Modules},
			want: "agent:ok window:ok pcsc:failed/pcsc_stopped modules:ok reader:unknown card:unknown certificate:unknown"},
		{name: "slow module", status: card.Status{Modules: []bridge.Module{{Name: "a", Code: bridge.CodeModuleSlow}}, Readers: full.Readers}, certificates: 1,
			want: "agent:ok window:ok modules:warning/module_slow reader:ok card:ok certificate:ok"},
		{name: "no card", status: card.Status{Modules: full.Modules, Readers: []card.Reader{{Name: "r"}}}, want: "agent:ok window:ok modules:ok reader:ok card:failed/no_card certificate:unknown"},
		{name: "no certificate", status: full, want: "agent:ok window:ok modules:ok reader:ok card:ok certificate:failed/no_certificate"},
	} {
		p := Probe{
			Window: func() error { return c.window },
			Status: func(context.Context) (card.Status, error) { return c.status, c.statusErr },
			List: func(context.Context, bridge.Filter) (bridge.ListResult, error) {
				one := bridge.Certificate{DER: selfSigned(t, time.Hour), KeyUsage: []string{"nonRepudiation"}}
				return bridge.ListResult{Certificates: slices.Repeat([]bridge.Certificate{one}, c.certificates)}, nil
			},
		}
		if c.service != nil {
			p.Service = func() bool { return *c.service }
		}
		for _, lang := range []window.Language{window.Polish, window.English} {
			var got []string
			for _, check := range Checks(p.Findings(t.Context(), lang)) {
				s := check.ID + ":" + string(check.State)
				if check.Code != "" {
					s += "/" + string(check.Code)
					if check.Cause == "" || check.Cure == "" {
						t.Errorf("%s, %s: no words for %s", c.name, lang, check.Code)
					}
				}
				got = append(got, s)
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%s:\ngot  %s\nwant %s", c.name, text, c.want)
			}
		}
	}
}

func ptr[T any](v T) *T { return &v }

// A module that cannot be used is a line with the reason, which agent.diagnose does not tell.
func TestModuleProblem(t *testing.T) {
	const problem = "others than the administrator can write"
	for _, code := range []bridge.Code{bridge.CodeModuleMissing, bridge.CodeModuleRefused, bridge.CodeModuleFailed, bridge.CodeModuleSlow} {
		f := modules(window.English, card.Status{
			Modules:  []bridge.Module{{Name: "good"}, {Name: "bad", Code: code}},
			Paths:    map[string]string{"good": "/opt/good.so", "bad": "/opt/a.so"},
			Problems: map[string]string{"bad": problem},
		})
		if len(f.Details) != 2 || !slices.Equal(f.Details[0].Facts, []string{"/opt/good.so"}) || !slices.Equal(f.Details[1].Facts, []string{"/opt/a.so", problem}) || f.Details[1].Cause == "" {
			t.Errorf("%s: got %+v", code, f.Details)
		}
		if f.State != bridge.CheckWarning || strings.Contains(f.Cause+f.Cure, "/opt") {
			t.Errorf("%s: got %+v", code, f.Check)
		}
	}
}

func TestWords(t *testing.T) {
	for code := range words[window.Polish] {
		if _, ok := words[window.English][code]; !ok {
			t.Errorf("%s has no English words", code)
		}
	}
	if len(words[window.Polish]) != len(words[window.English]) {
		t.Error("the languages have different codes")
	}
}

func TestPrint(t *testing.T) {
	var out bytes.Buffer
	Print(&out, window.English, []Finding{
		{Check: bridge.Check{ID: "agent", State: bridge.CheckOK}},
		{Check: bridge.Check{ID: "certificate", State: bridge.CheckOK}, Details: []Detail{
			{Name: "a", State: bridge.CheckFailed, Reason: "r", Cause: "Not for that.", Cure: "Take another.", Facts: []string{"f"}},
		}},
		{Check: bridge.Check{ID: "card", State: bridge.CheckFailed, Code: bridge.CodeNoCard, Cause: "A.", Cure: "B."}, Details: []Detail{
			{Name: "x\x1b[2J\ny", State: bridge.CheckFailed, Reason: "r", Cause: "C.", Cure: "D.", Facts: []string{"f\n\u202eg"}},
		}},
	})
	want := "OK       agent\nOK       certificate\n         - a: Not for that.\n           f\nFAILED   card (no_card)\n         A.\n         B.\n" +
		"         - x[2J y: FAILED (r)\n           f g\n           C.\n           D.\n"
	if got := out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestCertificates: what a certificate can be used for, and which of them makes the check fail.
func TestCertificates(t *testing.T) {
	for _, c := range []struct {
		name   string
		usage  []string
		after  time.Duration
		pin    bridge.PINState
		want   bridge.CheckState
		code   bridge.Code
		reason reason
	}{
		{"good", []string{"nonRepudiation"}, time.Hour, bridge.PINOK, bridge.CheckOK, "", ""},
		{"for logging in", []string{"digitalSignature"}, time.Hour, bridge.PINOK, bridge.CheckFailed, bridge.CodeNoCertificate, certificateLogin},
		{"expired", []string{"nonRepudiation"}, -time.Hour, bridge.PINOK, bridge.CheckFailed, bridge.CodeNoCertificate, certificatePast},
		{"locked", []string{"nonRepudiation"}, time.Hour, bridge.PINLocked, bridge.CheckFailed, bridge.CodePINLocked, ""},
		{"low", []string{"nonRepudiation"}, time.Hour, bridge.PINLow, bridge.CheckWarning, "", pinIsLow},
		{"last try", []string{"nonRepudiation"}, time.Hour, bridge.PINFinal, bridge.CheckWarning, "", pinIsFinal},
	} {
		one := bridge.Certificate{DER: selfSigned(t, c.after), KeyUsage: c.usage, PIN: c.pin}
		for _, lang := range []window.Language{window.Polish, window.English} {
			f := certificates(lang, bridge.ListResult{Certificates: []bridge.Certificate{one}}, nil)
			d := f.Details[0]
			if f.State != c.want || f.Code != c.code || d.Reason != string(c.reason) || d.Name != "Żaneta TESTOWA" || !d.personal || len(d.Facts) != 4 {
				t.Errorf("%s: got %+v", c.name, f)
			}
			if (f.State != bridge.CheckOK) != (f.Cause != "" && f.Cure != "" && d.Cause != "" && d.Cure != "") {
				t.Errorf("%s: explained %q, %q", c.name, f.Cause, d.Cause)
			}
		}
		// One that is good beside it is enough.
		good := bridge.Certificate{DER: selfSigned(t, time.Hour), KeyUsage: []string{"nonRepudiation"}, PIN: bridge.PINOK}
		if f := certificates(window.English, bridge.ListResult{Certificates: []bridge.Certificate{one, good}}, nil); f.State == bridge.CheckFailed {
			t.Errorf("%s and a good one: got %+v", c.name, f)
		}
	}
}

func selfSigned(t *testing.T, ends time.Duration) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Żaneta TESTOWA"},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(ends),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
