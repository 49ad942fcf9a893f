package sam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/protocol/jws"
)

func TestPublicListenerGuards(t *testing.T) {
	w := newWorld(t)
	_, token := w.enrol("renewal-1")
	url := w.config.PublicURL + "/api/v1/scan"
	for name, origin := range map[string]string{"none": "", "null": "null", "other": "https://evil.example", "longer": w.config.PublicURL + "0"} {
		h := http.Header{}
		if origin != "" {
			h.Set("Origin", origin)
		}
		if a := send(t, "POST", url, h, object{"token": token}); a.code() != string(CodeOrigin) {
			t.Errorf("origin %s: %d %s", name, a.status, a.body)
		}
	}
	own := http.Header{"Origin": {w.config.PublicURL}}
	send(t, "POST", url, own, object{"token": strings.Repeat("x", maxBody)}).want(CodeTooLarge)
	send(t, "POST", url, own, object{"token": token, "x": 1}).want(CodeMalformed)
	if a := send(t, "GET", url, own, nil); a.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", a.status)
	}
	for path, host := range map[string]string{"/": "evil.example", "/api/v1/scan": "127.0.0.1"} {
		req, _ := http.NewRequest("POST", w.config.PublicURL+path, strings.NewReader(`{}`))
		req.Host = host
		req.Header.Set("Origin", w.config.PublicURL)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("host %s: %d", host, res.StatusCode)
		}
	}
	// Nothing of all that was a scan.
	w.phone().scan(token).want("")
}

func TestAppIsServedStrictly(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"index.html": "<!doctype html>", "app.js": "1"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := readApp(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.public.Config.Handler = newPublic(w.r, w.config, a)
	for path, want := range map[string]int{"/": 200, "/index.html": 200, "/app.js": 200, "/../sam.db": 404, "/none": 404, "/api/v1/none": 403} {
		res, err := http.Get(w.config.PublicURL + path)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
		csp := res.Header.Get("Content-Security-Policy")
		if want != 403 && (!strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe-inline") || strings.Contains(csp, "unsafe-eval'") && !strings.Contains(csp, "wasm-unsafe-eval'")) {
			t.Errorf("%s: policy %q", path, csp)
		}
		if res.Header.Get("Referrer-Policy") != "no-referrer" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, res.Header)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "secret.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readApp(dir); err == nil {
		t.Error("a file that is no part of an app was read")
	}
	if _, err := readApp(t.TempDir()); err == nil || !strings.Contains(err.Error(), "make phone builds it") {
		t.Errorf("no app: %v", err)
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(60, func() time.Time { return now })
	count := func(remote string) (n int) {
		for l.allow(remote) {
			n++
		}
		return n
	}
	if n := count("192.0.2.1:1000"); n != 20 {
		t.Errorf("burst = %d, want 20", n)
	}
	if l.allow("192.0.2.1:2000") || l.allow("[::ffff:192.0.2.1]:9") {
		t.Error("another port of the address has its own bucket")
	}
	if n := count("192.0.2.2:1000"); n != 20 {
		t.Errorf("another address: %d, want 20", n)
	}
	if n := count("[2001:db8::1]:1"); n != 20 || l.allow("[2001:db8::2]:1") {
		t.Errorf("IPv6: %d, want 20 for the network", n)
	}
	now = now.Add(5 * time.Second)
	if n := count("192.0.2.1:1000"); n != 5 {
		t.Errorf("after 5 s: %d, want 5", n)
	}
	if l.allow("nonsense") {
		t.Error("no address was allowed")
	}
	for i := range maxBuckets {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		l.buckets[netip.PrefixFrom(addr, 32)] = bucket{0, now}
	}
	if l.allow("198.51.100.1:1") {
		t.Error("memory is not bounded")
	}
	now = now.Add(time.Hour)
	if !l.allow("198.51.100.1:1") || len(l.buckets) > 2 {
		t.Errorf("full buckets are kept: %d", len(l.buckets))
	}
}

func TestRateLimitAnswers(t *testing.T) {
	w := newWorld(t)
	w.config.RequestsPerMinute = 3
	w.public.Config.Handler = newPublic(w.r, w.config, app{})
	p := w.phone()
	p.scan(random()).want(CodeNotFound)
	p.scan(random()).want(CodeTooMany)
}

// runConfig makes all that a configuration names, and the link directories of those who call.
func runConfig(t *testing.T) (c Config, links map[string]string) {
	t.Helper()
	dir := t.TempDir()
	links = map[string]string{}
	for _, name := range []string{"portal", "sam", "issuer", "operator"} {
		links[name] = filepath.Join(dir, name)
	}
	app := filepath.Join(dir, "app")
	if err := errors.Join(link.Create(links), os.Mkdir(app, 0o700),
		os.WriteFile(filepath.Join(app, "index.html"), []byte("<!doctype html>"), 0o600)); err != nil {
		t.Fatal(err)
	}
	return Config{
		Public: "127.0.0.1:0", PublicURL: "http://rsign.localhost:8701", Internal: "127.0.0.1:0", App: app,
		Link: link.Config{Dir: links["sam"]}, Database: filepath.Join(dir, "sam.db"), Audit: filepath.Join(dir, "audit.jsonl"),
		HSM: newToken(t, dir), StatementKey: statementLabel, SigningURL: "http://odnowa.localhost:8700/csc/v2",
	}, links
}

// TestRunSaysWhatIsWrong: each thing that can be wrong at the start, by a name that leads to it.
func TestRunSaysWhatIsWrong(t *testing.T) {
	good, _ := runConfig(t)
	const nowhere = "/nonexistent/x"
	for name, tt := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"not checked": {func(c *Config) { c.App = "" }, "configuration: missing: app"},
		"app":         {func(c *Config) { c.App = nowhere }, "reading phone app in " + nowhere},
		"audit":       {func(c *Config) { c.Audit = nowhere }, "opening audit log: open " + nowhere},
		"database":    {func(c *Config) { c.Database = nowhere }, "database " + nowhere},
		"module":      {func(c *Config) { c.HSM.Module = nowhere }, "opening token " + good.HSM.TokenLabel + " of " + nowhere},
		"token":       {func(c *Config) { c.HSM.TokenLabel = "other" }, "opening token other of "},
		"PIN":         {func(c *Config) { c.HSM.PINFile = nowhere }, "reading PIN file: stat " + nowhere},
		"key":         {func(c *Config) { c.StatementKey = "other" }, "statementKey: no such key in the token: other"},
		"link":        {func(c *Config) { c.Link.Dir = nowhere }, "loading link certificate: open " + nowhere},
		"TLS":         {func(c *Config) { c.TLSCertificate, c.TLSKey = nowhere, nowhere }, "tlsCertificate with tlsKey: open " + nowhere},
		"address":     {func(c *Config) { c.Public = "192.0.2.1:1" }, "listening (public): "},
	} {
		c := good
		tt.change(&c)
		if err := Run(t.Context(), c, zap.NewNop()); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}

// The process itself: configuration, mutual TLS, both listeners, a quick stop, no secret in the log.
func TestRun(t *testing.T) {
	c, links := runConfig(t)
	core, logs := observer.New(zap.DebugLevel)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- Run(ctx, c, zap.New(core)) }()
	addresses := listening(t, logs, stopped)

	client, err := link.Config{Dir: links["portal"]}.Client("sam")
	if err != nil {
		t.Fatal(err)
	}
	base := "https://" + addresses["internal"] + "/v1/enrolments"
	var made struct{ ID, URL string }
	if err := link.Do(ctx, client, "POST", base, object{"renewal": "r"}, &made); err != nil {
		t.Fatal(err)
	}
	token, found := strings.CutPrefix(made.URL, c.PublicURL+"/#")
	if raw, err := jws.Decode(token); !found || err != nil || len(raw) != 16 {
		t.Errorf("url %s", made.URL)
	}
	issuer, err := link.Config{Dir: links["issuer"]}.Client("sam")
	if err != nil {
		t.Fatal(err)
	}
	if err := link.Do(ctx, issuer, "GET", base+"/"+made.ID, nil, nil); err == nil {
		t.Error("the issuer was let in")
	}
	operator, err := link.Config{Dir: links["operator"]}.Client("sam")
	if err != nil {
		t.Fatal(err)
	}
	revocations := "https://" + addresses["internal"] + "/v1/revocations"
	for name, try := range map[string]struct {
		client      *http.Client
		method, url string
		body        object
		want        string
	}{
		"the operator reads an enrolment": {operator, "GET", base + "/" + made.ID, nil, "peer_not_allowed"},
		"the portal revokes":              {client, "POST", revocations, object{"serial": "1"}, "peer_not_allowed"},
		"the operator revokes":            {operator, "POST", revocations, object{"serial": "1"}, "not_found"},
	} {
		var p *link.Problem
		if err := link.Do(ctx, try.client, try.method, try.url, try.body, nil); !errors.As(err, &p) || p.Code != try.want {
			t.Errorf("%s: %v, want %s", name, err, try.want)
		}
	}
	req, _ := http.NewRequest("GET", "http://"+addresses["public"]+"/", nil)
	req.Host = "rsign.localhost:8701"
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("app: %v, %v", res, err)
	}
	res.Body.Close()

	// What the HTTP server itself has to say goes into the log like everything else.
	if res, err := http.Get("http://" + addresses["internal"] + "/"); err == nil {
		res.Body.Close()
	}
	for logs.FilterMessageSnippet("TLS handshake error").Len() == 0 {
		time.Sleep(time.Millisecond)
	}

	polled := make(chan error, 1)
	go func() {
		polled <- link.Do(t.Context(), client, "GET", base+"/"+made.ID+"?version=99&waitMs=25000", nil, nil)
	}()
	cancel()
	start := time.Now()
	<-polled
	if err := <-stopped; err != nil || time.Since(start) > 10*time.Second {
		t.Errorf("stop: %v after %v", err, time.Since(start))
	}
	for _, e := range logs.All() {
		if strings.Contains(e.Message, token) || strings.Contains(fmt.Sprint(e.ContextMap()), token) {
			t.Error("token in the log")
		}
	}
}

// listening waits for the log line that says where the process can be reached.
func listening(t *testing.T, logs *observer.ObservedLogs, stopped <-chan error) map[string]string {
	t.Helper()
	for {
		for _, e := range logs.FilterMessage("listening").All() {
			f := e.ContextMap()
			return map[string]string{"public": fmt.Sprint(f["public"]), "internal": fmt.Sprint(f["internal"])}
		}
		select {
		case err := <-stopped:
			t.Fatalf("stopped at once: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestConfigRefuses(t *testing.T) {
	good := `{"public":"127.0.0.1:0","publicUrl":"http://rsign.localhost:8701","app":"a","internal":"127.0.0.1:0","link":{"dir":"l"},
		"database":"d","audit":"u","hsm":{"module":"m","tokenLabel":"t","pinFile":"p"},"statementKey":"s",
		"signingUrl":"https://odnowa.localhost/csc/v2"}`
	load := func(s string) error {
		path := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadConfig(path)
		return err
	}
	if err := load(good); err != nil {
		t.Fatalf("control: %v", err)
	}
	for name, bad := range map[string]string{
		"unknown field":   strings.Replace(good, `"app"`, `"x":1,"app"`, 1),
		"two objects":     good + "{}",
		"no app":          strings.Replace(good, `"app":"a",`, "", 1),
		"path in URL":     strings.Replace(good, `:8701"`, `:8701/"`, 1),
		"no signing API":  strings.Replace(good, `"https://odnowa.localhost/csc/v2"`, `""`, 1),
		"signing, slash":  strings.Replace(good, `/csc/v2"`, `/csc/v2/"`, 1),
		"signing, path":   strings.Replace(good, `/csc/v2"`, `/x/csc/v2"`, 1),
		"not HTTP":        strings.Replace(good, `"http://`, `"ftp://`, 1),
		"half of TLS":     strings.Replace(good, `"app"`, `"tlsKey":"k","app"`, 1),
		"negative limit":  strings.Replace(good, `"app"`, `"requestsPerMinute":-1,"app"`, 1),
		"no token":        strings.Replace(good, `"tokenLabel":"t",`, "", 1),
		"no statementKey": strings.Replace(good, `"s"`, `""`, 1),
	} {
		if load(bad) == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestMainUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"--config"}, {"--config", "x", "y"}, {"--nonsense"}} {
		if got := Main(t.Context(), args, io.Discard, io.Discard); got != 2 {
			t.Errorf("Main(%q) = %d, want 2", args, got)
		}
	}
	var said strings.Builder
	if got := Main(t.Context(), []string{"--config", "/nonexistent"}, io.Discard, &said); got != 1 || !strings.HasPrefix(said.String(), "sam: ") {
		t.Errorf("Main without file = %d %q", got, said.String())
	}
}
