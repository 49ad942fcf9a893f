package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/protocol/cades/cadestest"
	"github.com/odnowa/odnowa/protocol/conformance"
)

func try(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"nothing":           {nil, 2, "usage: "},
		"surplus":           {[]string{"--config", "x", "y"}, 2, "usage: "},
		"unknown flag":      {[]string{"--fast"}, 2, "not defined"},
		"help":              {[]string{"--help"}, 0, "scenes"},
		"no such file":      {[]string{"--config", "nowhere.json"}, 2, "nowhere.json"},
		"bad configuration": {[]string{"--config", "main.go"}, 2, "reading configuration main.go"},
	} {
		if code, _, stderr := try(t, c.args...); code != c.code || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s: exit code %d, %q", name, code, stderr)
		}
	}
	if code, stdout, _ := try(t, "--list"); code != 0 || strings.Count(stdout, "\n| `") != len(conformance.Checks()) {
		t.Errorf("--list: exit code %d, %d checks", code, strings.Count(stdout, "\n| `"))
	}
}

// TestReports: a server that does nothing right is told so, in text and as JSON, with exit code 1.
func TestReports(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	dir, pki := t.TempDir(), cadestest.NewPKI()
	key, err := x509.MarshalPKCS8PrivateKey(pki.P256.Key)
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{
		"baseUrl": server.URL, "codes": map[string]string{"fresh": "AAAA-BBBB-CCCC-DDDD"}, "sealKeys": []string{"holder.pem"},
		"holder": map[string]string{"certificate": "holder.pem", "key": "holder.key"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"config.json": config, "holder.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"holder.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pki.P256.Cert.Raw}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "config.json")
	code, text, stderr := try(t, "--config", path, "--only", "site,door")
	if code != 1 || !strings.Contains(text, "FAILED   site.portal") || !strings.Contains(text, "cure ") || stderr != "" {
		t.Errorf("exit code %d, %q\n%s", code, stderr, text)
	}
	code, text, _ = try(t, "--config", path, "--json")
	var report conformance.Report
	if err := json.Unmarshal([]byte(text), &report); code != 1 || err != nil || report.Count(conformance.Failed) == 0 || report.Server != server.URL {
		t.Errorf("exit code %d, %v\n%s", code, err, text)
	}
	if code, _, stderr := try(t, "--config", path, "--only", "cellar"); code != 2 || !strings.Contains(stderr, `no scene "cellar"`) {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}
