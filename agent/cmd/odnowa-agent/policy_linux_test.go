package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/service/servicetest"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// writePolicy replaces the policy as an administrator's tool does.
func (r *rig) writePolicy(t *testing.T, data []byte) {
	t.Helper()
	path := filepath.Join(r.dir, "policy.json")
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) changePolicy(t *testing.T, change func(*policy.Policy)) {
	t.Helper()
	change(&r.policy)
	data, err := json.Marshal(r.policy)
	if err != nil {
		t.Fatal(err)
	}
	r.writePolicy(t, data)
}

// TestPolicyChanges: a changed policy counts at the next request of a connection that stands, and not for the
// request that runs.
func TestPolicyChanges(t *testing.T) {
	r, b, person := staged(t, nil)
	sign := r.card.Certificate(cardtest.Sign)
	application, signed := r.application(t, sign)
	person.Plan(t, windowtest.Wait, windowtest.Answer(r.card.PIN))
	_, ch := b.send(bridge.MethodCreateSignature, application)
	person.WaitAsked(t, 1)

	origins := r.policy.Origins
	r.changePolicy(t, func(p *policy.Policy) { p.Origins = nil })
	list := bridge.ListParams{Caller: testCaller}
	if got := b.refused(bridge.MethodListCertificate, list); got != bridge.CodeOriginNotAllowed {
		t.Errorf("website taken off the policy: got %s", got)
	}
	r.changePolicy(t, func(p *policy.Policy) { p.Origins, p.Modules, p.DiscoverModules = origins, nil, new(bool) })
	var got bridge.ListResult
	b.call(bridge.MethodListCertificate, list, &got)
	if len(got.Certificates) != 0 || len(got.Modules) != 0 {
		t.Errorf("module taken off the policy: got %+v", got)
	}
	// What the person has begun under the old policy ends under it: its module is still there.
	person.Go(t)
	verify(t, b.wait(ch), cades.PAdES, signed, sign)

	r.writePolicy(t, []byte(`{"port":1}`))
	b.call(bridge.MethodListCertificate, list, &got)
	var d bridge.DiagnoseResult
	b.call(bridge.MethodDiagnose, bridge.DiagnoseParams{Caller: testCaller}, &d)
	if i := slices.IndexFunc(d.Checks, func(c bridge.Check) bool { return c.Code == bridge.CodePolicyInvalid }); i < 0 || d.Checks[i].Cure == "" {
		t.Errorf("bad policy: diagnosis says %+v", d.Checks)
	}
	if !r.logged("the changed policy is bad") {
		t.Error("bad policy: nothing in the log")
	}
	r.changePolicy(t, func(p *policy.Policy) {
		p.Modules = []policy.Module{{Name: "SoftHSM", Path: r.card.Module, Env: r.card.Env}}
	})
	if got := b.list(bridge.Filter{}); len(got.Certificates) == 0 {
		t.Error("mended policy: no certificates")
	}
}

// TestPolicyChangesService: the service follows a changed policy, too: who is no longer listed is not let in, and
// who was in gets nothing more.
func TestPolicyChangesService(t *testing.T) {
	person := windowtest.New(t, windowtest.Yes)
	r := newRig(t, func(r *rig) { r.policy.Pinentry = person.Path; r.withService(t) })
	r.start(t, "service")
	r.start(t, "session")
	if !r.logged("service reached") { // or there is nobody to pair with
		t.Fatal("the session does not reach the service")
	}
	address := fmt.Sprintf("127.0.0.1:%d", r.policy.Port)
	const origin = "chrome-extension://" + testExtension
	e := servicetest.Dial(t, address, origin, nil)
	p, _ := e.Pair("")
	e.Prove(p)
	e.Hello(testOrigin)
	extensions := r.policy.Extensions
	r.changePolicy(t, func(p *policy.Policy) { p.Extensions.Chromium = nil })
	if ws, status := servicetest.Knock(address, origin, nil); ws != nil || status != http.StatusForbidden {
		t.Errorf("extension taken off the policy: status %d", status)
	}
	if got := e.Call(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller}, nil); got != bridge.CodeOriginNotAllowed {
		t.Errorf("extension that was in: got %s", got)
	}
	r.changePolicy(t, func(p *policy.Policy) { p.Extensions = extensions })
	again := servicetest.Dial(t, address, origin, nil)
	again.Prove(p)
	again.Hello(testOrigin)
}

// TestPolicyInvalid: a browser learns why no session starts, at once.
func TestPolicyInvalid(t *testing.T) {
	r := newRig(t, nil)
	r.writePolicy(t, []byte(`{`))
	b := r.browse(t, chromiumArgument)
	begun := time.Now()
	if got := b.refused(bridge.MethodHello, bridge.HelloParams{Caller: testCaller, Versions: []int{1}}); got != bridge.CodePolicyInvalid {
		t.Errorf("got %s", got)
	}
	if d := time.Since(begun); d > 5*time.Second {
		t.Errorf("after %s", d)
	}
}

// TestBuildForCA: a CA's list becomes part of the program without touching the sources, and counts where there is no
// policy; the environment then does not.
func TestBuildForCA(t *testing.T) {
	dir := t.TempDir()
	list, overlay, program := filepath.Join(dir, "list.json"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "odnowa-agent")
	if err := os.WriteFile(list, []byte(`{"origins":[{"origin":"https://built-in.example"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	replaced, err := filepath.Abs("../../policy/build.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[string]any{"Replace": map[string]string{replaced: list}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, data, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	show := exec.Command(program, "policy")
	show.Env = append(os.Environ(), policy.Environment+"="+filepath.Join(dir, "none.json"))
	out, err := show.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "built-in.example") || !strings.Contains(string(out), "build ") {
		t.Errorf("%v: %s", err, out)
	}
}
