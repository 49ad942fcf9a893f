package policy

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	id := strings.Repeat("a", 32)
	for _, c := range []struct {
		name, text, want string // want: part of the error, or empty
	}{
		{"empty", `{}`, ""},
		{"unknown member", `{"orgins":[]}`, "unknown field"},
		{"unknown member within one", `{"origins":[{"url":"https://ca.example"}]}`, "unknown field"},
		{"member in other capitals", `{"Port":2000}`, "unknown field"},
		{"member twice", `{"port":2000,"port":2001}`, "twice"},
		{"null", `null`, "not an object"},
		{"small audit log", `{"auditFileBytes":1000}`, "auditFileBytes"},
		{"one audit file", `{"auditFiles":1}`, "auditFiles"},
		{"trailing data", `{} {}`, "trailing data"},
		{"not an object", `[]`, "cannot unmarshal"},
		{"nothing", ``, "EOF"},
		{"port of root", `{"port":80}`, "port"},
		{"port too high", `{"port":70000}`, "port"},
		{"window too short", `{"windowTimeoutMs":1}`, "windowTimeoutMs"},
		{"relative socket", `{"serviceSocket":"a.sock"}`, "absolute"},
		{"relative viewer", `{"viewer":"xdg-open"}`, "absolute"},
		{"Chromium", `{"extensions":{"chromium":["` + id + `"]}}`, ""},
		{"Chromium with a digit", `{"extensions":{"chromium":["` + id[1:] + `1"]}}`, "Chromium"},
		{"Chromium wildcard", `{"extensions":{"chromium":["*"]}}`, "Chromium"},
		{"Firefox", `{"extensions":{"firefox":["a@b.example","{01234567-89ab-cdef-0123-456789abcdef}"]}}`, ""},
		{"Firefox wildcard", `{"extensions":{"firefox":["*"]}}`, "Firefox"},
		{"https", `{"origins":[{"origin":"https://ca.example"}]}`, ""},
		{"https with port", `{"origins":[{"origin":"https://ca.example:8443"}]}`, ""},
		{"loopback", `{"origins":[{"origin":"http://odnowa.localhost:8700"},{"origin":"http://127.0.0.1:8700"},{"origin":"http://[::1]:8700"}]}`, ""},
		{"http", `{"origins":[{"origin":"http://ca.example"}]}`, "https"},
		{"http near localhost", `{"origins":[{"origin":"http://localhost.example"}]}`, "https"},
		{"default port", `{"origins":[{"origin":"https://ca.example:443"}]}`, "default port"},
		{"path", `{"origins":[{"origin":"https://ca.example/"}]}`, "serialised"},
		{"capitals", `{"origins":[{"origin":"https://CA.example"}]}`, "serialised"},
		{"user", `{"origins":[{"origin":"https://a@ca.example"}]}`, "serialised"},
		{"no host", `{"origins":[{"origin":"https://"}]}`, "serialised"},
		{"null", `{"origins":[{"origin":"null"}]}`, "serialised"},
		{"twice", `{"origins":[{"origin":"https://ca.example"},{"origin":"https://ca.example"}]}`, "twice"},
		{"documents", `{"origins":[{"origin":"https://ca.example","documents":"document"}]}`, ""},
		{"digests", `{"origins":[{"origin":"https://ca.example","documents":"digest"}]}`, "documents"},
		{"seal key that is none", `{"origins":[{"origin":"https://ca.example","sealKeys":["AAAA"]}]}`, "seal key 1"},
		{"rSign", `{"origins":[{"origin":"https://ca.example","rsign":"https://ca.example/csc/v2"}]}`, ""},
		{"rSign on loopback", `{"origins":[{"origin":"http://a.localhost:1","rsign":"http://a.localhost:1/csc/v2"}]}`, ""},
		{"rSign in plain text", `{"origins":[{"origin":"https://ca.example","rsign":"http://ca.example/csc/v2"}]}`, "https"},
		{"rSign with a slash", `{"origins":[{"origin":"https://ca.example","rsign":"https://ca.example/csc/v2/"}]}`, "rsign"},
		{"rSign without a path", `{"origins":[{"origin":"https://ca.example","rsign":"https://ca.example"}]}`, "rsign"},
		{"rSign by a way around", `{"origins":[{"origin":"https://ca.example","rsign":"https://ca.example/a/../csc"}]}`, "rsign"},
		{"rSign with a query", `{"origins":[{"origin":"https://ca.example","rsign":"https://ca.example/csc?a"}]}`, "rsign"},
		{"rSign with a user", `{"origins":[{"origin":"https://ca.example","rsign":"https://a@ca.example/csc"}]}`, "rsign"},
		{"module", `{"modules":[{"name":"a","path":"/a.so","env":["A=b"]}]}`, ""},
		{"module of a sandbox", `{"modules":[{"name":"a","path":"/a.so","userWritable":true}],"discoverModules":true}`, ""},
		{"module without name", `{"modules":[{"path":"/a.so"}]}`, "name"},
		{"module twice", `{"modules":[{"name":"a","path":"/a.so"},{"name":"a","path":"/b.so"}]}`, "name"},
		{"relative module", `{"modules":[{"name":"a","path":"a.so"}]}`, "absolute"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse(strings.NewReader(c.text))
			if c.want == "" && err != nil {
				t.Fatal(err)
			}
			if c.want != "" && (p != nil || err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestSealKeys(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(strings.NewReader(`{"origins":[{"origin":"https://ca.example","sealKeys":["` + base64.StdEncoding.EncodeToString(der) + `"]}]}`))
		if curve != elliptic.P256() {
			if err == nil {
				t.Error("a P-384 key was taken")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if o := p.Origin("https://ca.example"); o == nil || len(o.Keys()) != 1 || !o.Keys()[0].Equal(&key.PublicKey) || o.Documents != Sealed {
			t.Errorf("got %+v", o)
		}
		if p.Origin("https://ca.example.evil.example") != nil {
			t.Error("an origin is known by its prefix")
		}
	}
}

// Other modules than the policy's are used where it lists none, unless it says otherwise.
func TestDiscoversModules(t *testing.T) {
	const listed = `"modules":[{"name":"a","path":"/a.so"}]`
	for text, want := range map[string]bool{
		`{}`: true, `{"discoverModules":false}`: false, `{` + listed + `}`: false, `{` + listed + `,"discoverModules":true}`: true,
	} {
		p, err := Parse(strings.NewReader(text))
		if err != nil || p.DiscoversModules() != want {
			t.Errorf("%s: got %v, %v", text, p.DiscoversModules(), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"port":2000,"origins":[{"origin":"https://ca.example","sealKeys":["AAAA"]}]}`))
	f.Add([]byte(`{"extensions":{"chromium":["` + strings.Repeat("a", 32) + `"]},"modules":[{"name":"a","path":"/a.so","env":["A=b"]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(bytes.NewReader(data))
		if (p == nil) != (err != nil) {
			t.Fatalf("got %v, %v", p, err)
		}
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(bytes.NewReader(again))
		if err != nil || back.Port != p.Port || len(back.Origins) != len(p.Origins) {
			t.Errorf("%s comes back as %+v, %v", again, back, err)
		}
	})
}
