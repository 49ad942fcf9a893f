package support

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	s := NewScrubber("/home/zaneta", []string{"Żaneta Weronika TESTOWA-PRZYKŁADOWA", "PNOPL-85010112345"})
	for _, c := range []struct{ in, want string }{
		{"reading /home/zaneta/umowa.pdf: no", "reading ~/[file]: no"},
		{"reading /home/jan/umowa.pdf", "reading [path]"},
		{`C:\Users\Jan\x`, "[path]"},
		{"a zaneta.testowa@przyklad.example b", "a [e-mail] b"},
		{"PESEL 85010112345", "PESEL [number]"},
		{"phone +48 600 700 800, 600-700-800", "phone [number], [number]"},
		{"serial 4A:5B:6C:7D:8E:9F:10:11", "serial [number]"},
		{"serial 4a5b6c7d8e9f10114a5b", "serial [number]"},
		{"żaneta TESTOWA, przykładowa", "[name] [name], [name]"},
		{"Testowanie", "Testowanie"},
		{"umowa.docx", "[file]"},
		{strings.Repeat("MIIB", 20), "[data]"},
		{"C_Sign: CKR_PIN_INCORRECT", "C_Sign: CKR_PIN_INCORRECT"},
		{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/softhsm/libsofthsm2.so"},
		{"version 0.1.0 of 2026", "version 0.1.0 of 2026"},
	} {
		if got := s.Text(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// TestWords: of free text only our own words come out.
func TestWords(t *testing.T) {
	s := NewScrubber("", nil)
	for _, c := range []struct{ in, want string }{
		{"opening policy: permission denied", "opening policy: permission denied"},
		{"opening \"Kowalski.pdf\": no such file or directory", "opening [redacted]: no such file or directory"},
		{"Nowak Ćwierć 1234", "… … …"},
		{"CKR_DEVICE_REMOVED", "CKR_DEVICE_REMOVED"},
	} {
		if got := s.Words(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
	for _, name := range []string{"zaneta", "testowa", "kowalska", "nowak", "umowa"} {
		if vocabulary()[name] {
			t.Errorf("the vocabulary has %q", name)
		}
	}
}

// FuzzLog: whatever stands in a log, only the vocabulary, codes, methods, times and numbers come out.
func FuzzLog(f *testing.F) {
	f.Add(`{"level":"info","time":"2026-01-15T10:00:00.000Z","msg":"listening","pid":7,"cause":"Kowalski"}`)
	f.Add(`{"msg":{"a":"Kowalski"},"errorCode":"Kowalski","method":"agent.kowalski","extension":"kowalski"}`)
	s := NewScrubber("/home/zaneta", []string{"Żaneta TESTOWA"})
	f.Fuzz(func(t *testing.T, line string) {
		for got := range strings.Lines(string(s.Log([]byte(line)))) {
			var fields map[string]any
			if err := json.Unmarshal([]byte(got), &fields); err != nil {
				t.Fatalf("no JSON: %s", got)
			}
			for key, v := range fields {
				text, isText := v.(string)
				if !isText {
					continue
				}
				if exact[key] == nil && key != "errorCode" {
					for _, w := range anyWord().FindAllString(text, -1) {
						if !vocabulary()[strings.ToLower(w)] {
							t.Errorf("%q comes out of %q", w, line)
						}
					}
				}
			}
		}
	})
}
