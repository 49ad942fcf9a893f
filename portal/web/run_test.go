package web

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/renewal"
)

// testConfig writes all that a configuration names and gives it.
func testConfig(t *testing.T) Config {
	t.Helper()
	dir := t.TempDir()
	if err := link.Create(map[string]string{"portal": filepath.Join(dir, "link")}); err != nil {
		t.Fatal(err)
	}
	if err := renewal.CreateKeyFile(filepath.Join(dir, "code.key")); err != nil {
		t.Fatal(err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: holder.cert.Raw})
	files := map[string][]byte{"ca.pem": ca}
	for _, name := range sdkFiles {
		files[name] = []byte("export {};\n")
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Config{
		Listen: "127.0.0.1:0", Origin: testOrigin, Database: filepath.Join(dir, "portal.db"), CodeKey: filepath.Join(dir, "code.key"),
		Audit: filepath.Join(dir, "audit.jsonl"), Link: link.Config{Dir: filepath.Join(dir, "link")},
		IssuerURL: "https://127.0.0.1:1", SAMURL: "https://127.0.0.1:1", TSA: TSA{URL: "http://127.0.0.1:1/tsa", Root: filepath.Join(dir, "ca.pem")},
		Issuers: []string{filepath.Join(dir, "ca.pem")}, Name: "Centrum TEST", Test: true,
		Support: SupportConfig{Email: "pomoc@example.test", Phone: "+48 22 000 00 00"}, PhoneApp: "http://rsign.localhost:8701",
		Assets: dir, LatestStartDays: 60,
	}
}

func writeConfig(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lines waits for a line that holds a text.
type lines struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	found chan string
	want  string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(b)
	if strings.Contains(string(b), l.want) {
		l.found <- string(b)
	}
	return len(b), nil
}

func TestMainServes(t *testing.T) {
	stderr := &lines{found: make(chan string, 1), want: `"listening"`}
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() { code <- Main(ctx, []string{"--config", writeConfig(t, testConfig(t))}, io.Discard, stderr) }()
	var line struct{ Public string }
	select {
	case s := <-stderr.found:
		if err := json.Unmarshal([]byte(s), &line); err != nil {
			t.Fatal(err)
		}
	case c := <-code:
		t.Fatalf("exit code %d: %s", c, stderr.buf.String())
	}
	res, err := http.Get("http://" + line.Public + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("health: %d", res.StatusCode)
	}
	cancel()
	if c := <-code; c != 0 {
		t.Errorf("exit code %d: %s", c, stderr.buf.String())
	}
}

func TestMainRefusals(t *testing.T) {
	with := func(change func(c *Config)) []string {
		c := testConfig(t)
		change(&c)
		return []string{"--config", writeConfig(t, c)}
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no configuration":   {nil, 2, "usage"},
		"unknown flag":       {[]string{"--x"}, 2, "x"},
		"too much":           {[]string{"--config", "a", "b"}, 2, "usage"},
		"no such file":       {[]string{"--config", "/nonexistent"}, 1, "reading configuration"},
		"unknown field":      {[]string{"--config", writeConfig(t, map[string]any{"pin": "1"})}, 1, "unknown field"},
		"all missing":        {[]string{"--config", writeConfig(t, map[string]any{})}, 1, "missing"},
		"all interfaces":     {with(func(c *Config) { c.Listen = ":8700" }), 1, "listen"},
		"origin with path":   {with(func(c *Config) { c.Origin += "/" }), 1, "origin"},
		"origin no scheme":   {with(func(c *Config) { c.Origin = "odnowa.localhost" }), 1, "origin"},
		"proxy is no net":    {with(func(c *Config) { c.TrustedProxies = []string{"10.0.0.1"} }), 1, "trustedProxies"},
		"no issuers":         {with(func(c *Config) { c.Issuers = nil }), 1, "issuers"},
		"unknown download":   {with(func(c *Config) { c.Install = map[string]string{"agent-beos": "https://ca.example/x"} }), 1, "install: agent-beos"},
		"download is script": {with(func(c *Config) { c.Install = map[string]string{"agent-linux": "javascript:alert(1)"} }), 1, "install: agent-linux"},
		"download not https": {with(func(c *Config) { c.Install = map[string]string{"agent-linux": "http://ca.example/x"} }), 1, "install: agent-linux"},
		"no latest start":    {with(func(c *Config) { c.LatestStartDays = 0 }), 1, "latestStartDays"},
		"no SDK":             {with(func(c *Config) { c.Assets = "/nonexistent" }), 1, "SDK"},
		"no link":            {with(func(c *Config) { c.Link.Dir = "/nonexistent" }), 1, "link"},
		"no code key":        {with(func(c *Config) { c.CodeKey = "/nonexistent" }), 1, "code key"},
		"root is no PEM":     {with(func(c *Config) { c.TSA.Root = c.CodeKey }), 1, "tsa.root"},
		"issuer is no PEM":   {with(func(c *Config) { c.Issuers = []string{c.CodeKey} }), 1, "issuers"},
		"port can't be had":  {with(func(c *Config) { c.Listen = "192.0.2.1:1" }), 1, "listening"},
	} {
		var stderr bytes.Buffer
		if code := Main(t.Context(), c.args, io.Discard, &stderr); code != c.code || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%s: exit code %d: %s", name, code, stderr.String())
		}
	}
}
