package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
)

func (x *site) page(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	x.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", testOrigin+path, nil))
	return w
}

var (
	links    = regexp.MustCompile(`(?:href|src)="(/[^"]*)"`)
	noInline = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:\s[^>]*)?>[^<]`)
)

// TestPages: each page is there in both languages, says that it is a test, leads nowhere that does
// not exist, and has nothing inline, which the policy would block.
func TestPages(t *testing.T) {
	x := newSite(t)
	for _, path := range []string{"/", "/odnowienie", "/renewal", "/instalacja", "/install", "/regulamin", "/terms", "/prywatnosc", "/privacy"} {
		w := x.page(t, path)
		html := w.Body.String()
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Content-Security-Policy") != contentPolicy {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if !strings.Contains(html, "<strong>TEST</strong>") || !strings.Contains(html, "Centrum TEST") || strings.Contains(html, "ZgotmplZ") {
			t.Errorf("%s does not say what it is", path)
		}
		if found := noInline.FindString(html); found != "" {
			t.Errorf("%s has %q inline", path, found)
		}
		for _, link := range links.FindAllStringSubmatch(html, -1) {
			if code := x.page(t, link[1]).Code; code != http.StatusOK {
				t.Errorf("%s leads to %s: %d", path, link[1], code)
			}
		}
	}
	for path, element := range map[string]string{
		"/": `<odnowa-renewal lang="pl" install-url="/instalacja" support-url="mailto:`, "/odnowienie": `<odnowa-renewal lang="pl" install-url="/instalacja" support-url="mailto:`,
		"/renewal":    `<odnowa-renewal lang="en" install-url="/install" support-url="mailto:`,
		"/instalacja": `<odnowa-install lang="pl" return-url="/odnowienie">`, "/install": `<odnowa-install lang="en" return-url="/renewal">`,
	} {
		html := x.page(t, path).Body.String()
		if !strings.Contains(html, element) || !strings.Contains(html, `<script type="module" src="/assets/odnowa.js">`) {
			t.Errorf("%s has no element", path)
		}
		if strings.Contains(html, "<odnowa-renewal") && !strings.Contains(html, "<noscript>") {
			t.Errorf("%s says nothing where there is no JavaScript", path)
		}
	}
}

// TestInstallPage: what the configuration offers for download is on the page.
func TestInstallPage(t *testing.T) {
	x := newSite(t)
	x.cfg.Install = map[string]string{"agent-windows": "https://ca.example/odnowa.msi?a=1&b=2", "extension-edge": "https://store.example/x"}
	var err error
	if x.handler, err = x.server.handler(); err != nil {
		t.Fatal(err)
	}
	html := x.page(t, "/install").Body.String()
	want := `<odnowa-install lang="en" return-url="/renewal" extension-edge="https://store.example/x" agent-windows="https://ca.example/odnowa.msi?a=1&amp;b=2">`
	if !strings.Contains(html, want) {
		t.Errorf("install page lacks %s", want)
	}
}

func TestAssets(t *testing.T) {
	x := newSite(t)
	w := x.page(t, "/assets/odnowa.js")
	if w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" || w.Body.String() != "export {};\n" {
		t.Errorf("SDK: %v", w.Header())
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", testOrigin+"/assets/odnowa.js", nil)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	if x.handler.ServeHTTP(again, r); again.Code != http.StatusNotModified {
		t.Errorf("again: %d", again.Code)
	}
	for _, path := range []string{"/assets/", "/assets/code.key", "/assets/../portal.db", "/assets/%2e%2e/code.key"} {
		if code := x.page(t, path).Code; code == http.StatusOK {
			t.Errorf("%s is served", path)
		}
	}
	x.cfg.Assets = t.TempDir()
	if _, err := x.server.handler(); err == nil {
		t.Error("a portal without the SDK starts")
	}
}

// TestLegalTexts: a changed text needs a new version, for people have accepted the old one by it.
func TestLegalTexts(t *testing.T) {
	for name, want := range map[string]string{
		"terms 1.0":   "9b12403a1fd754a9040c389097b6e351c6c9ac7dbbfadad877369afca85de5ff",
		"privacy 1.0": "b533b724eca51d6f85b90b1a969d18743326901855a76eebb5b5330784930a9f",
	} {
		for _, text := range []legalText{terms, privacy} {
			if text.name+" "+text.version == name && text.hash() != want {
				t.Errorf("%s has the hash %s: give the text a new version", name, text.hash())
			}
		}
	}
	x := newSite(t)
	w := httptest.NewRecorder()
	x.handler.ServeHTTP(deadlines{w}, httptest.NewRequestWithContext(t.Context(), "GET", testOrigin+basePath+"/portal", nil))
	var p Portal
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	for _, l := range []LegalText{p.Terms, p.Privacy} {
		sum := sha256.Sum256(x.page(t, l.Url+".txt").Body.Bytes())
		if hex.EncodeToString(sum[:]) != l.Sha256 || !strings.Contains(x.page(t, l.Url).Body.String(), l.Sha256) {
			t.Errorf("%s: the hash is not that of the text", l.Url)
		}
	}
	if p.Name != "Centrum TEST" || !p.Test || p.Origin != testOrigin || p.Signing != "open" || p.Support.Email == "" {
		t.Errorf("portal: %+v", p)
	}
	for _, text := range []legalText{terms, privacy} {
		_, pl := parseText(text.bytes("pl"))
		_, en := parseText(text.bytes("en"))
		if len(pl) != len(en) || len(pl) < 10 {
			t.Errorf("%s: %d paragraphs in Polish, %d in English", text.name, len(pl), len(en))
		}
	}
}

func TestHealth(t *testing.T) {
	x := newSite(t)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://10.0.0.1/healthz", nil)
	w := httptest.NewRecorder()
	if x.handler.ServeHTTP(w, r); w.Code != http.StatusOK || w.Body.String() != "ok\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	x.store.Close()
	w = httptest.NewRecorder()
	if x.handler.ServeHTTP(w, r); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without the database: %d", w.Code)
	}
}

// TestQR reads the picture's path back into modules.
func TestQR(t *testing.T) {
	const content = "http://rsign.localhost:8701/#AAAAAAAAAAAAAAAAAAAAAA"
	svg, err := qrSVG(content)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qrcode.New(content, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	want := code.Bitmap()
	got := make([][]bool, len(want))
	for i := range got {
		got[i] = make([]bool, len(want))
	}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1H\d+z`).FindAllSubmatch(svg, -1) {
		x, y, n := number(m[1]), number(m[2]), number(m[3])
		for i := range n {
			got[y][x+i] = true
		}
	}
	for y := range want {
		for x := range want[y] {
			if got[y][x] != want[y][x] {
				t.Fatalf("module %d,%d is %t", x, y, got[y][x])
			}
		}
	}
}

func number(b []byte) (n int) {
	for _, c := range b {
		n = 10*n + int(c-'0')
	}
	return n
}
