package rsign

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/rsign/rsigntest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// answerAt answers one path of the API, or all below it where it ends with a slash.
func answerAt(path string, answer http.HandlerFunc) rsigntest.Hook {
	return func(w http.ResponseWriter, r *http.Request, at string, _ []byte) bool {
		if at != path && (!strings.HasSuffix(path, "/") || !strings.HasPrefix(at, path)) {
			return false
		}
		answer(w, r)
		return true
	}
}

func jsonAt(path string, status int, body any) rsigntest.Hook {
	return answerAt(path, func(w http.ResponseWriter, _ *http.Request) { rsigntest.Write(w, status, body) })
}

// TestHostileActivation: what a server may answer to a registration, and nothing is kept of it.
func TestHostileActivation(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect to %s was followed", r.URL)
	}))
	defer elsewhere.Close()
	registration := func(change func(map[string]any)) map[string]any {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{"id": "computer-1", "nonce": make([]byte, 32), "samKey": spki, "expiresAt": time.Now().Add(time.Minute)}
		change(m)
		return m
	}
	const computers = "/odnowa/computers"
	for _, c := range []struct {
		name string
		hook rsigntest.Hook
	}{
		{"redirect", answerAt(computers, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		})},
		{"endless body", answerAt(computers, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for range 1000 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		})},
		{"page of a proxy", answerAt(computers, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>{}") })},
		{"nonsense", answerAt(computers, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"id":`)
		})},
		{"empty", jsonAt(computers, 201, map[string]any{})},
		{"short nonce", jsonAt(computers, 201, registration(func(m map[string]any) { m["nonce"] = make([]byte, 31) }))},
		{"key of another type", jsonAt(computers, 201, registration(func(m map[string]any) { m["samKey"] = other }))},
		{"id that is a path", jsonAt(computers, 201, registration(func(m map[string]any) { m["id"] = "../../oauth2/token" }))},
		{"not found", jsonAt(computers, 404, map[string]any{"error": "invalid_request"})},
		{"active for nobody", jsonAt(computers+"/", 200, map[string]any{"state": "active"})},
		{"state of its own", jsonAt(computers+"/", 200, map[string]any{"state": "perhaps"})},
		{"token of another type", jsonAt("/oauth2/token", 200, map[string]any{"access_token": "x", "token_type": "Bearer"})},
		{"token that breaks the header", jsonAt("/oauth2/token", 200, map[string]any{"access_token": "x\r\nHost: y", "token_type": "DPoP"})},
		{"no certificate", jsonAt("/credentials/info", 200, map[string]any{"cert": map[string]any{}})},
		{"certificate that is none", jsonAt("/credentials/info", 200, map[string]any{"cert": map[string]any{"certificates": []string{"AAAA"}}})},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPerson(t)
			p.server.Hook(c.hook)
			_, err := p.store.Activate(t.Context(), Activation{Portal: p.server.Base, Progress: func(_ bridge.ActivationState, code string) {
				p.server.Type(code, "active")
			}})
			wantCode(t, err, bridge.CodeRSignUnavailable)
			p.wantFiles(0)
		})
	}
}

// TestOnlyTheAuthority: a CA's certificate, or none of its chain, is not taken for a person's.
func TestOnlyTheAuthority(t *testing.T) {
	p := newPerson(t)
	p.server.Hook(jsonAt("/credentials/info", 200, map[string]any{"cert": map[string]any{"certificates": [][]byte{p.server.CA.Raw}}}))
	_, err := p.activate(t.Context(), "active")
	wantCode(t, err, bridge.CodeRSignUnavailable)
}

// TestOtherCredential: a service that shows another certificate later is not believed.
func TestOtherCredential(t *testing.T) {
	p := newPerson(t)
	p.mustActivate()
	p.server.Hook(jsonAt("/credentials/info", 200, rsigntest.New(t).Info()))
	status, err := p.store.Status(t.Context(), p.portals())
	if err != nil || len(status) != 1 || status[0].Code != bridge.CodeRSignUnavailable {
		t.Errorf("status %+v, %v", status, err)
	}
	if list := p.list(); len(list) != 1 || string(list[0].DER) != string(p.server.Person.Raw) {
		t.Error("the pinned certificate has changed")
	}
}

// TestHostileSignature: what a server may answer while a signature is asked for. That a wrong value is refused
// is package session's test.
func TestHostileSignature(t *testing.T) {
	for _, c := range []struct {
		name string
		hook rsigntest.Hook
		want bridge.Code
	}{
		{"authorised at once", jsonAt("/credentials/authorize", 200, map[string]any{"SAD": "x"}), bridge.CodeRSignUnavailable},
		{"no handle", jsonAt("/credentials/authorize", 202, map[string]any{}), bridge.CodeRSignUnavailable},
		{"locked", jsonAt("/credentials/authorize", 400, map[string]any{"error": "invalid_request", "error_description": "Credential locked"}), bridge.CodeRSignLocked},
		{"busy", jsonAt("/credentials/authorize", 400, map[string]any{"error": "invalid_request", "error_description": "Another request is waiting for the phone"}), bridge.CodeRSignBusy},
		{"too often", jsonAt("/credentials/authorize", 429, map[string]any{}), bridge.CodeRateLimited},
		{"approved without data", jsonAt("/credentials/authorizeCheck", 200, map[string]any{}), bridge.CodeRSignUnavailable},
		{"no signature", jsonAt("/signatures/signHash", 200, map[string]any{"signatures": []string{}}), bridge.CodeRSignUnavailable},
		{"two signatures", jsonAt("/signatures/signHash", 200, map[string]any{"signatures": []string{"AAAA", "AAAA"}}), bridge.CodeRSignUnavailable},
		{"redirect", answerAt("/signatures/signHash", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/csc/v2/info", http.StatusSeeOther)
		}), bridge.CodeRSignUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPerson(t)
			id := p.mustActivate().ID
			p.server.Hook(c.hook)
			_, err := p.sign(id, answerFor(c.name))
			wantCode(t, err, c.want)
		})
	}
}

// answerFor says whether the phone is reached at all in a case.
func answerFor(name string) string {
	switch name {
	case "no signature", "two signatures", "redirect", "approved without data":
		return "approved"
	}
	return ""
}

// TestPlainHTTP: only to this computer.
func TestPlainHTTP(t *testing.T) {
	s := newStore(t.TempDir())
	for _, base := range []string{"http://ca.example/csc/v2", "http://localhost.example/csc/v2", "http://192.0.2.1/csc/v2", "ftp://localhost/csc/v2", "file:///csc"} {
		_, err := s.Activate(t.Context(), Activation{Portal: base, Progress: func(bridge.ActivationState, string) { t.Error("a code was shown") }})
		wantCode(t, err, bridge.CodeRSignUnavailable)
	}
}

// TestFiles: keys that others could read, or that are something else, are not used, and hide no other.
func TestFiles(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir, file string)
	}{
		{"readable by the group", func(t *testing.T, _, file string) { must(t, os.Chmod(file, 0o640)) }},
		{"readable by all", func(t *testing.T, _, file string) { must(t, os.Chmod(file, 0o604)) }},
		{"folder open to all", func(t *testing.T, dir, _ string) { must(t, os.Chmod(dir, 0o755)) }},
		{"a link", func(t *testing.T, dir, file string) {
			moved := filepath.Join(t.TempDir(), "key")
			must(t, os.Rename(file, moved))
			must(t, os.Symlink(moved, file))
		}},
		{"a folder", func(t *testing.T, _, file string) {
			must(t, os.Remove(file))
			must(t, os.Mkdir(file, 0o700))
		}},
		{"nonsense", func(t *testing.T, _, file string) { must(t, os.WriteFile(file, []byte("{}"), 0o600)) }},
		{"another certificate's", func(t *testing.T, _, file string) {
			data, err := os.ReadFile(file)
			must(t, err)
			must(t, os.WriteFile(file, []byte(strings.Replace(string(data), `"certificates":["`, `"certificates":["AAAA`, 1)), 0o600))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPerson(t)
			id := p.mustActivate().ID
			files, err := filepath.Glob(filepath.Join(p.store.Dir, "*"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			c.spoil(t, p.store.Dir, files[0])
			found, _, err := p.store.List(t.Context(), p.portals(), bridge.Filter{})
			if len(found) != 0 || err == nil {
				t.Errorf("listed %d certificates, error %v", len(found), err)
			}
			_, err = p.sign(id, "")
			wantCode(t, err, bridge.CodeCertificateUnknown)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMode(t *testing.T) {
	p := newPerson(t)
	p.mustActivate()
	files, err := filepath.Glob(filepath.Join(p.store.Dir, "*"))
	must(t, err)
	for _, path := range append(files, p.store.Dir) {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		text string
		max  int
		want string
	}{
		{"Dell", 10, "Dell"},
		{"a\x00b\u202ec\n", 10, "abc"},
		{"Żółć", 4, "Żółć"},
		{"Żółćż", 4, "Żół…"},
		{"a\xff", 10, "a"},
	} {
		if got := shorten(c.text, c.max); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
	if name := ComputerName(); len([]rune(name)) > maxName || !strings.HasSuffix(name, ")") {
		t.Errorf("computer is called %q", name)
	}
}
