package doctor

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestChecks(t *testing.T) {
	working := bridge.Module{Name: "a"}
	failing := bridge.Module{Name: "b", Code: bridge.CodeModuleFailed}
	full := card.Status{Modules: []bridge.Module{working}, Readers: []card.Reader{{Name: "r", Card: true}}}
	for _, c := range []struct {
		name         string
		service      *bool
		window       error
		status       card.Status
		statusErr    error
		certificates int
		want         string
	}{
		{name: "all well", status: full, certificates: 1, want: "agent:ok window:ok modules:ok reader:ok card:ok certificate:ok"},
		{name: "with service", service: ptr(true), status: full, certificates: 1, want: "agent:ok service:ok window:ok modules:ok reader:ok card:ok certificate:ok"},
		{name: "service stopped", service: ptr(false), status: full, certificates: 1,
			want: "agent:ok service:failed/service_stopped window:ok modules:unknown reader:unknown card:unknown certificate:unknown"},
		{name: "no window", window: errors.New("x"), status: full, certificates: 1, want: "agent:ok window:failed/window_unavailable modules:ok reader:ok card:ok certificate:ok"},
		{name: "no module", want: "agent:ok window:ok modules:failed/no_module reader:unknown card:unknown certificate:unknown"},
		{name: "module failed", status: card.Status{Modules: []bridge.Module{failing}}, want: "agent:ok window:ok modules:failed/module_failed reader:unknown card:unknown certificate:unknown"},
		{name: "status failed", statusErr: errors.New("x"), want: "agent:ok window:ok modules:failed/module_failed reader:unknown card:unknown certificate:unknown"},
		{name: "one module of two", status: card.Status{Modules: []bridge.Module{working, failing}, Readers: full.Readers}, certificates: 1,
			want: "agent:ok window:ok modules:warning/module_failed reader:ok card:ok certificate:ok"},
		{name: "no reader", status: card.Status{Modules: full.Modules}, want: "agent:ok window:ok modules:ok reader:failed/no_reader card:unknown certificate:unknown"},
		{name: "no card", status: card.Status{Modules: full.Modules, Readers: []card.Reader{{Name: "r"}}}, want: "agent:ok window:ok modules:ok reader:ok card:failed/no_card certificate:unknown"},
		{name: "no certificate", status: full, want: "agent:ok window:ok modules:ok reader:ok card:ok certificate:failed/no_certificate"},
	} {
		p := Probe{
			Window: func() error { return c.window },
			Status: func(context.Context) (card.Status, error) { return c.status, c.statusErr },
			List: func(context.Context, bridge.Filter) (bridge.ListResult, error) {
				return bridge.ListResult{Certificates: make([]bridge.Certificate, c.certificates)}, nil
			},
		}
		if c.service != nil {
			p.Service = func() bool { return *c.service }
		}
		for _, lang := range []window.Language{window.Polish, window.English} {
			var got []string
			for _, check := range p.Checks(t.Context(), lang) {
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
	Print(&out, []bridge.Check{{ID: "agent", State: bridge.CheckOK}, {ID: "card", State: bridge.CheckFailed, Code: bridge.CodeNoCard, Cause: "A.", Cure: "B."}})
	if got, want := out.String(), "OK       agent\nFAILED   card (no_card)\n         A.\n         B.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
