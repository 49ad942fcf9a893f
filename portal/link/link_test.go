package link

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

type greeting struct {
	Name string `json:"name"`
	Data []byte `json:"data,omitempty"`
}

// dirs makes link directories and gives a function from a process's name to its Config.
func dirs(t *testing.T, names ...string) func(name string) Config {
	t.Helper()
	root := t.TempDir()
	set := map[string]string{}
	for _, n := range names {
		set[n] = filepath.Join(root, n)
	}
	if err := Create(set); err != nil {
		t.Fatal(err)
	}
	return func(name string) Config { return Config{Dir: filepath.Join(root, name)} }
}

// serve runs the issuer's side, for the portal only, and gives its URL.
func serve(t *testing.T, c Config) string {
	t.Helper()
	config, err := c.ServerTLS("portal")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /greet", func(w http.ResponseWriter, r *http.Request) {
		var g greeting
		if !ReadJSON(w, r, &g) {
			return
		}
		if g.Name == "nobody" {
			WriteProblem(w, http.StatusUnprocessableEntity, "name_unknown", "no such name")
			return
		}
		WriteJSON(w, http.StatusCreated, map[string]any{"name": "hello " + g.Name, "new": 1})
	})
	mux.HandleFunc("DELETE /greet", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /plain", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x", http.StatusTeapot) })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Server(ln.Addr().String(), mux, config)
	go s.ServeTLS(ln, "", "")
	t.Cleanup(func() { s.Close() })
	return "https://" + ln.Addr().String()
}

func client(t *testing.T, c Config, peer string) *http.Client {
	t.Helper()
	h, err := c.Client(peer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.CloseIdleConnections)
	return h
}

func TestCall(t *testing.T) {
	of := dirs(t, "portal", "issuer")
	url := serve(t, of("issuer"))
	c := client(t, of("portal"), "issuer")
	var g greeting
	if err := Do(t.Context(), c, "POST", url+"/greet", greeting{Name: "sam"}, &g); err != nil || g.Name != "hello sam" {
		t.Errorf("greet = %q, %v", g.Name, err)
	}
	if err := Do(t.Context(), c, "DELETE", url+"/greet", nil, nil); err != nil {
		t.Errorf("delete: %v", err)
	}
	var p *Problem
	if err := Do(t.Context(), c, "POST", url+"/greet", greeting{Name: "nobody"}, &g); !errors.As(err, &p) || p.Code != "name_unknown" || p.Status != 422 {
		t.Errorf("problem: %v", err)
	}
	if err := Do(t.Context(), c, "GET", url+"/plain", nil, nil); err == nil || errors.As(err, &p) && p.Status == 418 {
		t.Errorf("answer that is no problem document: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Do(ctx, c, "POST", url+"/greet", greeting{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestWhoMayCall(t *testing.T) {
	of := dirs(t, "portal", "issuer", "sam")
	strange := dirs(t, "portal", "issuer")
	url := serve(t, of("issuer"))
	for name, c := range map[string]*http.Client{
		"process that is not allowed": client(t, of("sam"), "issuer"),
		"portal of another link CA":   client(t, strange("portal"), "issuer"),
		"portal that wants the SAM":   client(t, of("portal"), "sam"),
		"no certificate":              {Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}},
		"TLS 1.2": {Transport: &http.Transport{TLSClientConfig: func() *tls.Config {
			c := client(t, of("portal"), "issuer").Transport.(*http.Transport).TLSClientConfig.Clone()
			c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
			return c
		}()}},
	} {
		if err := Do(t.Context(), c, "POST", url+"/greet", greeting{Name: "x"}, nil); err == nil {
			t.Errorf("%s: was served", name)
		}
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	of := dirs(t, "portal", "issuer")
	url := serve(t, of("issuer"))
	c := client(t, of("portal"), "issuer")
	for _, tt := range []struct {
		name, mediaType, body string
		want                  int
	}{
		{"unknown field", "application/json", `{"name":"a","other":1}`, 400},
		{"not JSON", "application/json", `name`, 400},
		{"empty", "application/json", ``, 400},
		{"two values", "application/json", `{"name":"a"}{}`, 400},
		{"other type", "text/plain", `{"name":"a"}`, 415},
		{"no type", "", `{"name":"a"}`, 415},
		{"too large", "application/json", `{"name":"` + strings.Repeat("a", MaxBody) + `"}`, 413},
		{"charset", "application/json; charset=utf-8", `{"name":"a"}`, 201},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/greet", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", tt.mediaType)
		res, err := c.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		res.Body.Close()
		if res.StatusCode != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, res.StatusCode, tt.want)
		}
	}
}
