package conformance

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of checks into README.md anew")

// TestChecks: each check says what a web team needs to know, and no two have one name.
func TestChecks(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks() {
		if seen[c.ID] {
			t.Errorf("%s: two of the name", c.ID)
		}
		seen[c.ID] = true
		if c.Rule == "" || c.Source == "" || c.Cure == "" {
			t.Errorf("%s: rule, source or cure is missing", c.ID)
		}
		if strings.Contains(c.Rule+c.Source, "|") {
			t.Errorf("%s: a bar breaks the table", c.ID)
		}
	}
}

// TestReadme: the list in the manual is that of the command.
func TestReadme(t *testing.T) {
	const file, begin, end = "README.md", "<!-- checks: go test ./protocol/conformance -update -->\n", "<!-- end of checks -->"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(b), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("README.md has no place for the list")
	}
	var list bytes.Buffer
	if err := WriteList(&list); err != nil {
		t.Fatal(err)
	}
	want := head + begin + "\n" + list.String() + end + tail
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(b) != want {
		t.Error("the list of checks in README.md is not current: go test ./protocol/conformance -update")
	}
}

// TestContract: the contract is read whole. A keyword that the checker does not know would go unchecked,
// and so would an operation without a rule about states.
func TestContract(t *testing.T) {
	var tree struct {
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(contractJSON, &tree); err != nil {
		t.Fatal(err)
	}
	for name, raw := range tree.Components.Schemas {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&schema{}); err != nil {
			t.Errorf("schema %s: %v", name, err)
		}
	}
	for id, o := range operations {
		_, always := map[string]bool{"getPortal": true, "openRenewal": true, "getRenewal": true, "watchRenewal": true, "leaveRenewal": true}[id]
		if always == (len(o.rule.states) > 0) || always == slices.Contains(operationIDs, id) {
			t.Errorf("%s: is it possible in every state, or in which?", id)
		}
	}
	for code := range statuses {
		if !slices.Contains(codes, code) {
			t.Errorf("status of %s, which is no code", code)
		}
	}
	description := theContract.Components.Schemas["Code"].Description
	for _, code := range codes {
		if statusOf(code) != 422 && !strings.Contains(description, "`"+code+"`") && !strings.HasSuffix(code, "_unavailable") {
			t.Errorf("the contract does not say the status of %s", code)
		}
	}
}

func TestSchema(t *testing.T) {
	for _, c := range []struct {
		schema, body string
		ok           bool
	}{
		{"SetStart", `{"start":"now"}`, true},
		{"SetStart", `{"start":"later"}`, false},
		{"SetStart", `{"start":7}`, false},
		{"SetStart", `{}`, false},
		{"SetStart", `{"start":"now","more":1}`, false},
		{"SetStart", `[]`, false},
		{"SetStart", `{`, false},
		{"LegalText", `{"version":"1","url":"/","sha256":"","more":1}`, true},
		{"OpenRenewal", `{"code":"` + strings.Repeat("ż", 64) + `"}`, true},
		{"OpenRenewal", `{"code":"` + strings.Repeat("ż", 65) + `"}`, false},
		{"Signature", `{"cms":"eA=="}`, true},
		{"Signature", `{"cms":"eA"}`, false},
		{"Signature", `{"cms":"eA==\n"}`, false},
		{"Signature", `{"cms":"eB=="}`, false}, // bits that don't count
		{"Validity", `{"notBefore":"2026-11-25T10:00:00Z","notAfter":"2026-11-25T10:00:00.5Z"}`, true},
		{"Validity", `{"notBefore":"2026-11-25T10:00:00+01:00","notAfter":"2026-11-25T10:00:00Z"}`, false},
		{"Validity", `{"notBefore":"2026-11-25","notAfter":"2026-11-25T10:00:00Z"}`, false},
		{"Portal", `{"name":"","test":true,"origin":"","issuers":["eA=="],"terms":{"version":"","url":"","sha256":""},"privacy":{"version":"","url":"","sha256":""},"support":{"email":"","phone":""},"phoneApp":"","signing":"open"}`, true},
		{"Portal", `{"name":"","test":true,"origin":"","issuers":["?"],"terms":{"version":"","url":"","sha256":""},"privacy":{"version":"","url":"","sha256":""},"support":{"email":"","phone":""},"phoneApp":"","signing":"open"}`, false},
		{"Portal", `{"name":"","test":"true","origin":"","issuers":[],"terms":{"version":"","url":"","sha256":""},"privacy":{"version":"","url":"","sha256":""},"support":{"email":"","phone":""},"phoneApp":"","signing":"open"}`, false},
	} {
		err := theContract.Components.Schemas[c.schema].validate([]byte(c.body))
		if (err == nil) != c.ok {
			t.Errorf("%s %.60s: %v", c.schema, c.body, err)
		}
	}
}

// TestEvents: the stream is read as browsers do, in whatever pieces and with whatever beside.
func TestEvents(t *testing.T) {
	const stream = ": hello\n\nevent: renewal\nid: 7\ndata: {\"a\":\ndata: 1}\n\nretry: 10\n\nid:8\ndata:x\n\nevent: cut off\ndata: y"
	out := make(chan event, 9)
	readEvents(strings.NewReader(stream), out)
	close(out)
	var got []event
	for e := range out {
		got = append(got, e)
	}
	want := []event{{"renewal", "7", `{"a":1}`}, {"", "8", "x"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRecord: a check that failed once has failed, and keeps the first reason.
func TestRecord(t *testing.T) {
	r := &runner{results: map[string]*Result{}}
	r.record("a", "", skip("no reason"))
	r.record("a", "one", nil)
	r.record("a", "two", wanted("x", "y"))
	r.record("a", "three", wanted("z", "z"))
	r.record("a", "four", nil)
	r.record("a", "", skip("again"))
	got := *r.results["a"]
	if got.Outcome != Failed || got.Request != "two" || got.Expected != "x" || got.Got != "y" || got.Times != 4 || got.Reason != "" {
		t.Errorf("%+v", got)
	}
	report := Report{Server: "https://renewal.example", Results: []Result{got}}
	var text strings.Builder
	if err := report.Write(&text, Failed); err != nil || !strings.Contains(text.String(), "0 passed, 1 failed, 0 skipped") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

func TestConfig(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                          "unexpected EOF",
		`{"baseURL":"x","more":1}`:   "unknown field",
		`{"baseUrl":"https://a/b"}`:  "scheme://host",
		`{"baseUrl":"ftp://a"}`:      "scheme://host",
		`{"baseUrl":"https://a"}`:    "holder.certificate",
		`{"baseUrl":"https://a"} {}`: "something follows",
		`{"baseUrl":"https://a","connect":"b","holder":{"certificate":"x","key":"y"},"sealKeys":["z"]}`:                                    "host:port",
		`{"baseUrl":"https://a","holder":{"certificate":"x","key":"y"}}`:                                                                   "sealKeys",
		`{"baseUrl":"https://a","holder":{"certificate":"none.pem","key":"y"},"sealKeys":["z"]}`:                                           "none.pem",
		`{"baseUrl":"https://a","holder":{"certificate":"text.pem","key":"y"},"sealKeys":["z"]}`:                                           "text.pem is not PEM",
		`{"baseUrl":"https://a","codes":{"fresh":"x","freshCommand":["y"]},"holder":{"certificate":"x","key":"y"},"sealKeys":["z"]}`:       "exclude each other",
		`{"baseUrl":"https://a","holder":{"certificate":"text.pem","key":"y"},"sealKeys":["z"],"refused":{"certificate_blue":"text.pem"}}`: "certificate_blue",
	} {
		dir := t.TempDir()
		for name, content := range map[string]string{"config.json": text, "text.pem": "text"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := LoadConfig(filepath.Join(dir, "config.json")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
