package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/rsign/rsigntest"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// clouded is a computer whose website has rSign, with a browser that has said hello.
func clouded(t *testing.T, change func(*rig)) (*rig, *browser, *windowtest.Pinentry, *rsigntest.Server) {
	t.Helper()
	cloud := rsigntest.New(t)
	r, b, person := staged(t, func(r *rig) {
		r.policy.Origins[0].RSign = cloud.Base
		r.policy.Origins[0].Documents = policy.Document
		if change != nil {
			change(r)
		}
	})
	return r, b, person, cloud
}

// progress waits for a notification of this method and reads its params.
func (b *browser) progress(method string, params any) {
	b.t.Helper()
	for {
		select {
		case a := <-b.notified:
			if a.Method != method {
				continue
			}
			if err := json.Unmarshal(a.Params, params); err != nil {
				b.t.Fatal(err)
			}
			return
		case <-time.After(20 * time.Second):
			b.t.Fatalf("no %s", method)
		}
	}
}

// activate goes through an activation from the page.
func (b *browser) activate(cloud *rsigntest.Server) bridge.Certificate {
	b.t.Helper()
	id, ch := b.send(bridge.MethodActivateRSign, bridge.ActivateParams{Caller: testCaller, Offer: "offer"})
	var p bridge.ActivationProgress
	b.progress(bridge.NotifyRSignProgress, &p)
	if p.RequestID != id || p.State != bridge.ActivationWaiting || !cloud.Type(p.Code, "found") {
		b.t.Fatalf("got %+v", p)
	}
	b.progress(bridge.NotifyRSignProgress, &p)
	if p.State != bridge.ActivationFound || !cloud.Type(p.Code, "active") {
		b.t.Fatalf("got %+v", p)
	}
	a := b.wait(ch)
	var result bridge.ActivateResult
	if a.Error != nil {
		b.t.Fatalf("rsign.activate: %+v", *a.Error)
	}
	if err := json.Unmarshal(a.Result, &result); err != nil || result.State != bridge.ActivationActive {
		b.t.Fatalf("got %s", a.Result)
	}
	return result.Certificate
}

func cloudDocument(certificate bridge.Certificate) bridge.SignParams {
	return bridge.SignParams{
		Caller: testCaller, CertificateID: certificate.ID, Format: bridge.FormatCAdES,
		Document: bridge.Document{Name: "umowa.txt", MediaType: "text/plain", Bytes: []byte("TEST umowa")},
	}
}

// TestCloud: activated from the page, listed, and signing for the page.
func TestCloud(t *testing.T) {
	r, b, person, cloud := clouded(t, func(r *rig) { r.withService(t) })
	if features := b.hello("pl").Features; !slices.Contains(features, bridge.FeatureRSign) {
		t.Errorf("features are %q", features)
	}
	certificate := b.activate(cloud)
	list := b.list(bridge.Filter{})
	last := list.Certificates[len(list.Certificates)-1]
	if last.ID != certificate.ID || last.Source != bridge.SourceRSign || !bytes.Equal(last.DER, cloud.Person.Raw) {
		t.Errorf("listed %+v", last)
	}
	if computers := cloud.Computers(); len(computers) != 1 || computers[0].Offer != "offer" || !strings.HasSuffix(computers[0].Name, "(Linux)") {
		t.Errorf("registered %+v", computers)
	}

	person.Plan(t, windowtest.Yes)
	p := cloudDocument(certificate)
	id, ch := b.send(bridge.MethodCreateSignature, p)
	asked := cloud.Pending()
	var progress bridge.Progress
	b.progress(bridge.NotifySignatureProgress, &progress)
	if progress != (bridge.Progress{RequestID: id, State: bridge.WaitingForPhone}) {
		t.Errorf("progress %+v", progress)
	}
	text := person.Asked(t)[0].Texts["SETDESC"]
	for _, want := range []string{testOrigin, "umowa.txt", "Żaneta TESTOWA", grouped(asked.Hash)} {
		if !strings.Contains(text, want) {
			t.Errorf("window shows %q, want %q", text, want)
		}
	}
	if asked.Label != "dokument umowa.txt" {
		t.Errorf("the phone shows %q", asked.Label)
	}
	cloud.Answer(asked.Handle, "approved")
	wantCloudCMS(t, b.wait(ch), cloud, p.Document.Bytes)

	if got, want := r.outcomes(t), []string{"activated", "signed"}; !slices.Equal(got, want) {
		t.Errorf("audit: got %q, want %q", got, want)
	}
	for _, secret := range []string{"TESTOWA", "umowa", cloud.Computers()[0].Code} {
		if strings.Contains(r.logs(), secret) {
			t.Errorf("log contains %q", secret)
		}
	}
	if !strings.Contains(r.auditText(t), `"action":"rsign_activate"`) {
		t.Error("the activation is not recorded as one")
	}
}

func (r *rig) auditText(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.policy.StateDir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// grouped is the beginning of a hash as phone and window show it.
func grouped(hash []byte) string {
	digits := regexp.MustCompile("....").FindAllString(hexText(hash), 4)
	return strings.Join(digits, " ")
}

func hexText(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}

func wantCloudCMS(t *testing.T, a answer, cloud *rsigntest.Server, content []byte) {
	t.Helper()
	if a.Error != nil {
		t.Fatalf("signature.create: %+v", *a.Error)
	}
	var r bridge.SignResult
	if err := json.Unmarshal(a.Result, &r); err != nil {
		t.Fatal(err)
	}
	s, err := cades.Parse(r.CMS)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(content)
	if err := s.Verify(cades.CAdES, digest[:], cloud.Person); err != nil || r.Algorithm != "ES256" {
		t.Errorf("%s, %v", r.Algorithm, err)
	}
}

// TestCloudRefusals: what does not become a signature.
func TestCloudRefusals(t *testing.T) {
	r, b, person, cloud := clouded(t, nil)
	other := rsigntest.New(t)
	certificate := b.activate(cloud)
	p := cloudDocument(certificate)
	instead := func(sign func(hash []byte) []byte) rsigntest.Hook {
		return func(w http.ResponseWriter, _ *http.Request, path string, body []byte) bool {
			if path != "/signatures/signHash" {
				return false
			}
			var q struct{ Hashes [][]byte }
			if err := json.Unmarshal(body, &q); err != nil {
				return false
			}
			rsigntest.Write(w, 200, map[string]any{"signatures": [][]byte{sign(q.Hashes[0])}})
			return true
		}
	}
	for _, c := range []struct {
		name   string
		window windowtest.Answer
		phone  string
		hook   rsigntest.Hook
		want   bridge.Code
	}{
		{"cancelled in the window", windowtest.Cancel, "", nil, bridge.CodeUserCancelled},
		{"refused on the phone", windowtest.Yes, "refused", nil, bridge.CodeRSignRefused},
		{"nobody at the phone", windowtest.Yes, "expired", nil, bridge.CodeRSignExpired},
		{"another hash's signature", windowtest.Yes, "approved", instead(func([]byte) []byte { return cloud.Sign(make([]byte, 32)) }), bridge.CodeSigningFailed},
		{"another key's signature", windowtest.Yes, "approved", instead(func(h []byte) []byte { return other.Sign(h) }), bridge.CodeSigningFailed},
		{"no ECDSA signature", windowtest.Yes, "approved", instead(func([]byte) []byte { return []byte("nonsense") }), bridge.CodeSigningFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			person.Plan(t, c.window)
			cloud.Hook(c.hook)
			_, ch := b.send(bridge.MethodCreateSignature, p)
			if c.phone != "" {
				cloud.Answer(cloud.Pending().Handle, c.phone)
			}
			if a := b.wait(ch); a.Error == nil || a.Error.Data.Code != c.want {
				t.Errorf("got %+v, want %s", a, c.want)
			}
		})
	}
	cloud.Hook(nil)
	sealed := p
	sealed.Format = bridge.FormatPAdES
	if got := b.refused(bridge.MethodCreateSignature, sealed); got != bridge.CodeDocumentRefused {
		t.Errorf("pades without a seal: got %s", got)
	}
	cancelActivation(t, r, b)
}

// cancelActivation: one at a time, cancelled by the page; nothing stays but the active one.
func cancelActivation(t *testing.T, r *rig, b *browser) {
	t.Helper()
	id, ch := b.send(bridge.MethodActivateRSign, bridge.ActivateParams{Caller: testCaller})
	var p bridge.ActivationProgress
	b.progress(bridge.NotifyRSignProgress, &p)
	if got := b.refused(bridge.MethodActivateRSign, bridge.ActivateParams{Caller: testCaller}); got != bridge.CodeBusy {
		t.Errorf("second activation: got %s", got)
	}
	var cancelled bridge.CancelResult
	b.call(bridge.MethodCancel, bridge.CancelParams{Caller: testCaller, RequestID: id}, &cancelled)
	if a := b.wait(ch); !cancelled.Cancelled || a.Error == nil || a.Error.Data.Code != bridge.CodeRequestCancelled {
		t.Errorf("got %+v, want request_cancelled", a)
	}
	if keys := r.keys(t); len(keys) != 1 {
		t.Errorf("keys left: %q", keys)
	}
}

func (r *rig) keys(t *testing.T) []string {
	t.Helper()
	keys, err := filepath.Glob(filepath.Join(r.dir, ".local/state/odnowa-agent/rsign/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestCloudNotAllowed: a website whose policy has no rSign sees nothing of it.
func TestCloudNotAllowed(t *testing.T) {
	_, b, _ := staged(t, nil)
	if features := b.hello("en").Features; slices.Contains(features, bridge.FeatureRSign) {
		t.Errorf("features are %q", features)
	}
	if got := b.refused(bridge.MethodActivateRSign, bridge.ActivateParams{Caller: testCaller}); got != bridge.CodeRSignUnavailable {
		t.Errorf("got %s", got)
	}
	if got := b.refused(bridge.MethodActivateRSign, map[string]any{"origin": testOrigin, "portal": "https://evil.example"}); got != bridge.CodeInvalidRequest {
		t.Errorf("address of the page's: got %s", got)
	}
}

// TestCloudSessionRestarts: the session crashes while the person types the code; the next one finishes.
func TestCloudSessionRestarts(t *testing.T) {
	person := windowtest.New(t)
	cloud := rsigntest.New(t)
	r := newRig(t, func(r *rig) {
		r.policy.Pinentry = person.Path
		r.policy.Origins[0].RSign = cloud.Base
	})
	session := r.start(t, "session")
	b := r.browse(t, chromiumArgument)
	b.hello("en")
	b.send(bridge.MethodActivateRSign, bridge.ActivateParams{Caller: testCaller})
	var p bridge.ActivationProgress
	b.progress(bridge.NotifyRSignProgress, &p)
	if err := session.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	session.Wait()
	<-b.ended
	if !cloud.Type(p.Code, "active") {
		t.Fatal("code is gone")
	}
	r.start(t, "session")
	again := r.browse(t, chromiumArgument)
	again.hello("en")
	list := again.list(bridge.Filter{})
	if last := list.Certificates[len(list.Certificates)-1]; last.Source != bridge.SourceRSign {
		t.Errorf("listed last %+v", last)
	}
}

// TestCloudCommands: activated and signing in a terminal; openssl agrees.
func TestCloudCommands(t *testing.T) {
	person := windowtest.New(t)
	cloud := rsigntest.New(t)
	r := newRig(t, func(r *rig) {
		r.policy.Pinentry = person.Path
		r.policy.Origins[0].RSign = cloud.Base
	})
	r.wantCommand(t, 0, "not active", "rsign", "status")
	r.activateByCommand(t, cloud)
	r.wantCommand(t, 0, "ok", "rsign", "status")
	r.wantCommand(t, 0, "rSign", "certificates")
	r.wantCommand(t, 1, "names no rSign for this website", "rsign", "activate", "--origin", "https://other.example")

	file := filepath.Join(r.dir, "umowa.docx")
	if err := os.WriteFile(file, []byte("TEST umowa"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.wantCommand(t, 1, "several certificates", "sign", file)
	r.wantCommand(t, 1, "certificate_unknown", "sign", "--certificate", strings.Repeat("0", 64), file)
	id := sha256.Sum256(cloud.Person.Raw)
	person.Plan(t, windowtest.Yes)
	signing := r.command("sign", "--certificate", hexText(id[:8]), file)
	var out bytes.Buffer
	signing.Stdout, signing.Stderr = &out, &out
	if err := signing.Start(); err != nil {
		t.Fatal(err)
	}
	pending := cloud.Pending()
	cloud.Answer(pending.Handle, "approved")
	if err := signing.Wait(); err != nil || !strings.Contains(out.String(), file+".p7s\n") || !strings.Contains(out.String(), grouped(pending.Hash)) {
		t.Fatalf("%v: %s", err, out.String())
	}
	asked := person.Asked(t)
	if len(asked) != 1 || asked[0].Texts["SETNOTOK"] != "" || !strings.Contains(asked[0].Texts["SETDESC"], "odnowa-agent") {
		t.Errorf("asked %+v", asked)
	}
	opensslVerifies(t, r.dir, file, cloud)
	r.wantCommand(t, 1, "exists already", "sign", file)
	r.wantCommand(t, 1, "not a file", "sign", r.dir)
	if err := os.Remove(file + ".p7s"); err != nil {
		t.Fatal(err)
	}
	person.Plan(t, windowtest.Cancel)
	r.wantCommand(t, 1, "user_cancelled", "sign", "--certificate", hexText(id[:]), file)
	if _, err := os.Lstat(file + ".p7s"); err == nil {
		t.Error("a signature that was cancelled is there")
	}
	r.wantOwnRecords(t, "activated", "signed", "user_cancelled")
	cloud.Set("removed")
	r.wantCommand(t, 1, "rsign_refused", "rsign", "status")
}

// activateByCommand reads the code from the terminal and types it on the phone.
func (r *rig) activateByCommand(t *testing.T, cloud *rsigntest.Server) {
	t.Helper()
	cmd := r.command("rsign", "activate")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 0, 100)
	digits := regexp.MustCompile(`([0-9]{3}) ([0-9]{3})`)
	for buf := make([]byte, 100); !digits.Match(text); {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("%v after %q", err, text)
		}
		text = append(text, buf[:n]...)
	}
	m := digits.FindSubmatch(text)
	if !cloud.Type(string(m[1])+string(m[2]), "active") {
		t.Fatalf("the phone knows no computer with the code in %q", text)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// wantCommand runs a command and wants its exit code and a part of what it says.
func (r *rig) wantCommand(t *testing.T, code int, part string, args ...string) {
	t.Helper()
	cmd := r.command(args...)
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code || !strings.Contains(string(out), part) {
		t.Errorf("%q: exit code %d, want %d, and %q in:\n%s", args, got, code, part, out)
	}
}

// wantOwnRecords wants these outcomes in the user's own audit log, all without a website.
func (r *rig) wantOwnRecords(t *testing.T, want ...string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, ".local/state/odnowa-agent/audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(data)) {
		var record audit.Record
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.User != local.Self() || record.Origin != "" {
			t.Errorf("audit record %s (%v)", line, err)
		}
		got = append(got, record.Outcome)
	}
	if !slices.Equal(got, want) {
		t.Errorf("audit: got %q, want %q", got, want)
	}
}

func opensslVerifies(t *testing.T, dir, file string, cloud *rsigntest.Server) {
	t.Helper()
	ca := filepath.Join(dir, "ca.der")
	if err := os.WriteFile(ca, cloud.CA.Raw, 0o644); err != nil {
		t.Fatal(err)
	}
	pem := filepath.Join(dir, "ca.pem")
	if out, err := exec.Command(windowtest.Need(t, "openssl", "openssl"), "x509", "-inform", "DER", "-in", ca, "-out", pem).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", file+".p7s", "-content", file,
		"-CAfile", pem, "-purpose", "any", "-out", os.DevNull).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "CAdES Verification successful") {
		t.Errorf("%v: %s", err, out)
	}
}
