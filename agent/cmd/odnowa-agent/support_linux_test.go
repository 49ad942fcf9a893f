package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// planted are personal data that must not be in a pack, wherever they come from.
var planted = []string{
	"85010112345", "PNOPL-85010112345", "zaneta.testowa@przyklad.example", "+48 600 700 800", "600700800", "Kowalska-Testowa",
	"umowa z bankiem.pdf", "Tajny-Dokument.docx", "4A:5B:6C:7D:8E:9F:10:11", "4a5b6c7d8e9f10114a5b", "sekret-w-zmiennej", "271828",
}

// TestSupport plants personal data wherever the pack takes something from, and looks for them in it.
func TestSupport(t *testing.T) {
	person := windowtest.New(t)
	r := newRig(t, func(r *rig) {
		home := filepath.Join(r.dir, "home", "zaneta-kowalska")
		if err := os.MkdirAll(home, 0o700); err != nil {
			t.Fatal(err)
		}
		r.env = append(r.env, "HOME="+home, "DESKTOP_SESSION=zaneta.testowa@przyklad.example")
		r.policy.Pinentry = person.Path
		r.policy.Viewer = filepath.Join(home, "viewer")
		r.policy.Modules = append(r.policy.Modules, policy.Module{
			Name: "85010112345", Path: filepath.Join(home, "Tajny-Dokument.docx"), Env: []string{"X=sekret-w-zmiennej"},
		})
	})
	home := filepath.Join(r.dir, "home", "zaneta-kowalska")
	certificate := r.card.Certificate(cardtest.Sign)
	state := filepath.Join(home, ".local/state/odnowa-agent")
	r.start(t, "session")
	b := r.browse(t, chromiumArgument)
	b.hello("pl")
	application, _ := r.application(t, certificate)
	person.Plan(t, windowtest.Cancel)
	b.refused(bridge.MethodCreateSignature, application)
	info, err := os.Stat(filepath.Join(state, "session.jsonl"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the session's log: %v, %v", info, err)
	}
	// A log that holds what no version of ours would write.
	f, err := os.OpenFile(filepath.Join(state, "session.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	everything := append(planted, base64.StdEncoding.EncodeToString(certificate.Raw), certificate.Subject.CommonName, home+"/umowa z bankiem.pdf")
	for _, p := range everything {
		for _, line := range []map[string]any{
			{"level": "info", "msg": p}, {"level": "info", "msg": "x", "cause": fmt.Sprintf("opening %q: %s", p, strings.ReplaceAll(p, " ", "_"))},
			{"level": p, "msg": "x", "subject": p}, {"msg": "x", "anything": map[string]any{p: p}}, {"time": p, "role": p, "pid": p, "error": p},
		} {
			data, _ := json.Marshal(line)
			f.Write(append(data, '\n'))
		}
	}
	fmt.Fprintf(f, "no JSON: %s\n{\"msg\":\"x\",\"pid\":85010112345}\n", strings.Join(everything, " "))
	f.Close()
	pack := filepath.Join(r.dir, "pack.zip")
	r.wantCommand(t, 0, "pack.zip", "support", "--out", pack)
	text := unpack(t, pack)
	for _, p := range append(everything, home, "zaneta", "kowalska", "Tajny", "umowa") {
		if p != "" && strings.Contains(strings.ToLower(text), strings.ToLower(p)) {
			t.Errorf("the pack has %q: %s", p, around(text, p))
		}
	}
	for _, want := range []string{`"user_cancelled"`, `"agent": "`, `"id": "certificate"`, testOrigin, testExtension, "module_missing", "SoftHSM", "signature.create"} {
		if !strings.Contains(text, want) {
			t.Errorf("the pack lacks %q", want)
		}
	}
	if info, err := os.Stat(pack); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	r.wantCommand(t, 1, "exists", "support", "--out", pack)
}

// unpack gives all files of a pack as one text.
func unpack(t *testing.T, path string) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var b bytes.Buffer
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n== %s\n", f.Name)
		if _, err := io.Copy(&b, in); err != nil {
			t.Fatal(err)
		}
		in.Close()
	}
	if dir := os.Getenv(windowtest.Pictures); dir != "" {
		os.WriteFile(filepath.Join(dir, "pack.txt"), b.Bytes(), 0o600)
	}
	return b.String()
}

func around(text, p string) string {
	at := regexp.MustCompile("(?i)" + regexp.QuoteMeta(p)).FindStringIndex(text)
	if at == nil {
		return ""
	}
	return text[max(0, at[0]-80):min(len(text), at[1]+80)]
}
