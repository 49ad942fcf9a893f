package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/card/pivtest"
	"github.com/odnowa/odnowa/agent/doctor"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// examined runs the doctor and gives the states of all checks, by id, and the findings.
func (r *rig) examined(t *testing.T) (map[string]string, map[string]doctor.Finding) {
	t.Helper()
	out, err := r.command("doctor", "--json").Output()
	var result struct{ Checks []doctor.Finding }
	if e := json.Unmarshal(out, &result); e != nil {
		t.Fatalf("%v, %v: %s", err, e, out)
	}
	states, all := map[string]string{}, map[string]doctor.Finding{}
	for _, f := range result.Checks {
		states[f.ID] = strings.TrimSuffix(string(f.State)+" "+string(f.Code), " ")
		all[f.ID] = f
	}
	if failed := doctor.Failed(result.Checks); failed != (err != nil) {
		t.Errorf("exit: %v, though failed is %v", err, failed)
	}
	return states, all
}

// register writes the manifests of both browsers into the user's places.
func (r *rig) register(t *testing.T, program string) {
	t.Helper()
	for place, text := range map[string]string{
		".config/chromium/NativeMessagingHosts": fmt.Sprintf(`{"name":"pl.odnowa.agent","path":%q,"type":"stdio","allowed_origins":["chrome-extension://%s/"]}`, program, testExtension),
		".mozilla/native-messaging-hosts":       fmt.Sprintf(`{"name":"pl.odnowa.agent","path":%q,"type":"stdio","allowed_extensions":[%q]}`, program, r.policy.Extensions.Firefox[0]),
	} {
		dir := filepath.Join(r.dir, place)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "pl.odnowa.agent.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func self(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("odnowa-agent")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func wantState(t *testing.T, when string, states map[string]string, want map[string]string) {
	t.Helper()
	for id, state := range want {
		if states[id] != state {
			t.Errorf("%s: %s is %q, want %q (all: %v)", when, id, states[id], state, states)
		}
	}
}

// TestDoctor breaks one thing after the other and looks whether the doctor finds it.
func TestDoctor(t *testing.T) {
	person := windowtest.New(t)
	r := newRig(t, func(r *rig) {
		r.policy.Pinentry = person.Path
		r.withService(t)
	})
	r.register(t, self(t))
	states, _ := r.examined(t)
	wantState(t, "nothing started", states, map[string]string{"service": "failed service_stopped", "session": "warning no_session", "browser": "ok", "modules": "unknown"})
	service := r.start(t, "service")
	r.start(t, "session")
	states, all := r.examined(t)
	for id, state := range states {
		if state != "ok" {
			t.Errorf("all well: %s is %s: %+v", id, state, all[id])
		}
	}
	log := filepath.Join(r.policy.StateDir, auditFile)
	if err := os.WriteFile(log, []byte("TEST\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	states, all = r.examined(t)
	wantState(t, "log that is none", states, map[string]string{"audit": "warning audit_failed"})
	if ds := all["audit"].Details; len(ds) != 1 || len(ds[0].Facts) != 1 || !strings.Contains(ds[0].Facts[0], auditFile+":1: ") || ds[0].Cure == "" {
		t.Errorf("audit: %+v", ds)
	}
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	if ds := all["certificate"].Details; len(ds) < 4 || ds[0].Name == "" || len(ds[0].Facts) != 4 {
		t.Errorf("certificates: %+v", ds)
	}
	r.register(t, "/nonexistent/agent")
	states, all = r.examined(t)
	wantState(t, "manifests that lead nowhere", states, map[string]string{"browser": "failed host_not_registered", "certificate": "ok"})
	if got := all["browser"].Details[0].Reason; got != "manifest_path" {
		t.Errorf("reason %q", got)
	}
	r.register(t, self(t))
	if err := os.Remove(filepath.Join(r.dir, ".config/chromium/NativeMessagingHosts/pl.odnowa.agent.json")); err != nil {
		t.Fatal(err)
	}
	states, _ = r.examined(t)
	wantState(t, "one manifest removed", states, map[string]string{"browser": "warning host_not_registered"})
	service.Process.Signal(syscall.SIGTERM)
	service.Wait()
	states, all = r.examined(t)
	wantState(t, "service stopped", states, map[string]string{"service": "failed service_stopped", "session": "ok", "certificate": "unknown"})
	if got := all["service"].Details[0].Reason; got != "service_missing" && got != "" {
		t.Errorf("reason %q", got)
	}
	r.wantCommand(t, 1, "FAILED   service (service_stopped)\n", "doctor")
}

// TestDoctorModules: modules that are not there, are none, hang, and see no reader.
func TestDoctorModules(t *testing.T) {
	var h cardtest.Hostile
	for _, c := range []struct {
		name    string
		modules func(*rig) []policy.Module
		want    map[string]string
	}{
		{"none", func(*rig) []policy.Module { return nil }, map[string]string{"modules": "failed no_module", "reader": "unknown"}},
		{"missing", func(*rig) []policy.Module { return []policy.Module{{Name: "gone", Path: "/nonexistent/a.so"}} }, map[string]string{"modules": "failed module_missing"}},
		{"missing, beside one that works", func(r *rig) []policy.Module {
			return append(r.policy.Modules, policy.Module{Name: "gone", Path: "/nonexistent/a.so"})
		}, map[string]string{"modules": "warning module_missing", "certificate": "ok"}},
		{"no library", func(r *rig) []policy.Module {
			path := filepath.Join(r.dir, "text.so")
			if err := os.WriteFile(path, []byte("not a library"), 0o755); err != nil {
				t.Fatal(err)
			}
			return []policy.Module{{Name: "text", Path: installed(t, path)}}
		}, map[string]string{"modules": "failed module_failed"}},
		{"no reader", func(*rig) []policy.Module {
			return []policy.Module{{Name: "h", Path: installed(t, h.Module), Env: h.Env("C_GetSlotList=nothing", "")}}
		}, map[string]string{"certificate": "unknown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(r *rig) {
				h = cardtest.NewHostile(t, r.card.Certificate(cardtest.Sign))
				r.policy.Modules = c.modules(r)
			})
			states, all := r.examined(t)
			wantState(t, c.name, states, c.want)
			if c.name == "no reader" && states["reader"] != "failed no_reader" && states["pcsc"] != "failed pcsc_stopped" {
				t.Errorf("got %v", states)
			}
			for _, d := range all["modules"].Details {
				if d.Code != "" && (d.Cause == "" || d.Cure == "" || len(d.Facts) == 0) {
					t.Errorf("got %+v", d)
				}
			}
		})
	}
}

// TestDoctorCard: a real PC/SC stack: card in and out, PIN wrong up to locked, pcscd stopped.
func TestDoctorCard(t *testing.T) {
	module, err := pivtest.OpenSC()
	if err != nil {
		t.Fatal(err)
	}
	card := pivtest.StartWith(t, pivtest.Options{})
	person := windowtest.New(t)
	r := newRig(t, func(r *rig) {
		r.policy.Pinentry = person.Path
		r.policy.Modules = []policy.Module{{Name: "OpenSC", Path: module, Env: card.Env()}}
	})
	r.register(t, self(t))
	states, all := r.examined(t)
	wantState(t, "card in", states, map[string]string{"pcsc": "ok", "modules": "ok", "reader": "ok", "card": "ok", "certificate": "ok"})
	if got := all["reader"].Details[0].Name; got != pivtest.ReaderName {
		t.Errorf("reader %q", got)
	}
	if err := card.Remove(); err != nil {
		t.Fatal(err)
	}
	states, _ = r.examined(t)
	wantState(t, "card out", states, map[string]string{"pcsc": "ok", "reader": "ok", "card": "failed no_card", "certificate": "unknown"})
	if err := card.Insert(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(r.dir, "a.txt")
	if err := os.WriteFile(file, []byte("TEST"), 0o600); err != nil {
		t.Fatal(err)
	}
	person.Plan(t, windowtest.Yes, "000000", "000001", windowtest.Cancel) // the last try is not used
	r.wantCommand(t, 1, "user_cancelled", "sign", file)
	states, _ = r.examined(t)
	wantState(t, "one try left", states, map[string]string{"certificate": "warning"})
	person.Plan(t, windowtest.Yes, windowtest.Yes, "000002")
	r.wantCommand(t, 1, "pin_locked", "sign", file)
	states, _ = r.examined(t)
	wantState(t, "locked", states, map[string]string{"card": "ok", "certificate": "failed pin_locked"})
	if err := card.Close(); err != nil {
		t.Fatal(err)
	}
	states, _ = r.examined(t)
	wantState(t, "pcscd stopped", states, map[string]string{"pcsc": "failed " + string(bridge.CodePCSCStopped), "modules": "ok", "reader": "unknown", "certificate": "unknown"})
}
