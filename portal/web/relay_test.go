package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func relayRequest(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, testOrigin+target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Dpop", "proof")
	r.Header.Set("Authorization", "DPoP token")
	return r
}

// TestRelay: what a computer says gets to the SAM as it is, and nothing beside it, in both directions.
func TestRelay(t *testing.T) {
	x := newSite(t)
	r := relayRequest("POST", "/csc/v2/credentials/authorize", `{"numSignatures":1}`)
	r.Header.Set("Cookie", "odnowa_session=s")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	r.Header.Set(clientHeader, "203.0.113.9")
	w := httptest.NewRecorder()
	x.handler.ServeHTTP(w, r)
	if w.Code != http.StatusAccepted || w.Body.String() != `{"handle":"h"}` || w.Header().Get("Www-Authenticate") != "DPoP" {
		t.Fatalf("answer = %d %s %v", w.Code, w.Body, w.Header())
	}
	if w.Header().Get("Set-Cookie") != "" || w.Header().Get("Server") != "" {
		t.Errorf("headers of the SAM got through: %v", w.Header())
	}
	if len(x.sam.relayed) != 1 {
		t.Fatalf("%d calls of the SAM, want 1", len(x.sam.relayed))
	}
	got := x.sam.relayed[0]
	if got.method != "POST" || got.path != "/csc/v2/credentials/authorize" || string(got.body) != `{"numSignatures":1}` {
		t.Errorf("relayed %s %s %s", got.method, got.path, got.body)
	}
	if len(got.header) != 4 || got.header.Get("Dpop") != "proof" || got.header.Get("Authorization") != "DPoP token" {
		t.Errorf("relayed headers %v", got.header)
	}
	if client := got.header.Get(clientHeader); client == "203.0.113.9" || client == "" {
		t.Errorf("the caller chose its own network: %q", client)
	}
}

// TestRelayPaths: each path of the signing API gets through as it is.
func TestRelayPaths(t *testing.T) {
	x := newSite(t)
	for _, path := range []string{
		"/csc/v2/info", "/csc/v2/odnowa/computers", "/csc/v2/odnowa/computers/Zm9v-_x/cancel", "/csc/v2/oauth2/token", "/csc/v2/signatures/signHash",
	} {
		x.handler.ServeHTTP(httptest.NewRecorder(), relayRequest("POST", path, "{}"))
		if n := len(x.sam.relayed); n == 0 || x.sam.relayed[n-1].path != path {
			t.Errorf("%s did not get to the SAM", path)
		}
	}
}

func TestRelayRefuses(t *testing.T) {
	x := newSite(t)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		method, target, body string
		change               func(*http.Request)
		status               int
	}{
		"page of another site": {"POST", "/csc/v2/info", "{}", header("Origin", "https://evil.test"), 403},
		"page of this site":    {"POST", "/csc/v2/info", "{}", header("Origin", testOrigin), 403},
		"navigation":           {"GET", "/csc/v2/info", "", header("Sec-Fetch-Site", "none"), 403},
		"other host":           {"POST", "/csc/v2/info", "{}", func(r *http.Request) { r.Host = "evil.test" }, 421},
		"encoded slash":        {"POST", "/csc/v2/a%2fb", "{}", nil, 404},
		"dots":                 {"POST", "/csc/v2/a..b", "{}", nil, 404},
		"too deep":             {"POST", "/csc/v2/a/b/c/d/e", "{}", nil, 404},
		"no path":              {"POST", "/csc/v2/", "{}", nil, 404},
		"other query":          {"GET", "/csc/v2/odnowa/computers/x?code=1", "", nil, 404},
		"oversize":             {"POST", "/csc/v2/info", strings.Repeat("x", maxSigning+1), nil, 413},
		"other method":         {"DELETE", "/csc/v2/info", "", nil, 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := relayRequest(c.method, c.target, c.body)
			if c.change != nil {
				c.change(r)
			}
			w := httptest.NewRecorder()
			x.handler.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("answer = %d %s, want %d", w.Code, w.Body, c.status)
			}
		})
	}
	if n := len(x.sam.relayed); n != 0 {
		t.Errorf("%d calls reached the SAM", n)
	}
}
