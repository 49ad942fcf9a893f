package window

import (
	"strings"
	"testing"
	"time"
)

func TestScript(t *testing.T) {
	got := script(question{title: "Odnowa", text: "a\n\"b\" \\", yes: "_Sign", no: "_View document", cancel: "Cance_l", alert: "c"}, false, time.Minute)
	want := `tell me to activate
set theAnswer to display dialog ("a" & linefeed & "\"b\" \\" & linefeed & "" & linefeed & "c") with title "Odnowa" buttons {"Cancel", "View document", "Sign"} default button 1 with icon caution giving up after 60
if gave up of theAnswer then return "gave up"
if button returned of theAnswer is "Sign" then return "yes"
if button returned of theAnswer is "View document" then return "no"
return "cancel"
`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = script(question{title: "Odnowa", text: "a", yes: "_Sign", cancel: "Cance_l", prompt: "PIN:"}, true, time.Minute)
	for _, part := range []string{`default answer "" with hidden answer`, `default button 2`, `return "yes" & linefeed & text returned of theAnswer`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in %s", part, got)
		}
	}
	if got := script(question{text: "a", cancel: "_Anuluj"}, false, time.Second/2); !strings.Contains(got, `buttons {"Anuluj"} default button 1`) || !strings.Contains(got, "after 1\n") || strings.Contains(got, `"yes"`) {
		t.Errorf("got %s", got)
	}
}

// FuzzLiteral: whatever a text is, its literal ends where it should: read back by AppleScript's rules it is
// the text.
func FuzzLiteral(f *testing.F) {
	for _, v := range hostile {
		f.Add(v)
	}
	f.Add(`" & (do shell script "id") & "`)
	f.Add(`\" & quit`)
	f.Fuzz(func(t *testing.T, s string) {
		l := strings.TrimSuffix(strings.TrimPrefix(literal(s), "("), ")")
		var back strings.Builder
		for {
			rest, ok := strings.CutPrefix(l, `"`)
			if !ok {
				t.Fatalf("no literal: %q", l)
			}
			i := 0
			for ; i < len(rest) && rest[i] != '"'; i++ {
				if rest[i] == '\\' {
					i++
				}
				if i < len(rest) {
					back.WriteByte(rest[i])
				}
			}
			if i >= len(rest) {
				t.Fatalf("no end: %q", l)
			}
			if l = rest[i+1:]; l == "" {
				break
			}
			if l, ok = strings.CutPrefix(l, " & linefeed & "); !ok {
				t.Fatalf("something follows: %q", l)
			}
			back.WriteByte('\n')
		}
		want := strings.NewReplacer("\r", "", "\x00", "").Replace(strings.ToValidUTF8(s, "\uFFFD"))
		if got := strings.ToValidUTF8(back.String(), "\uFFFD"); strings.ReplaceAll(got, "\uFFFD", "") != strings.ReplaceAll(want, "\uFFFD", "") {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
