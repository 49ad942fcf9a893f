package window

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Żaneta TESTOWA", "Żaneta TESTOWA"},
		{"line breaks", "a\nb\r\nc", "a b c"},
		{"only white space", " \t\n", ""},
		{"blank letters", "a\u3164\u3164\u2800\uffa0\u115f\U0001d159b", "a b"},
		{"marks at the beginning", "\u0301\u0301a", "a"},
		{"enclosing marks", "a\u20ddb", "ab"},
		{"tags", "a\U000e0041b", "ab"},
		{"control", "a\x00\x1b[31mb", "a[31mb"},
		{"bidirectional", "a\u202egpj.exe\u2066b", "agpj.exeb"},
		{"zero width", "a\u200bb\ufeffc", "abc"},
		{"separators", "a\u2028b\u2029c\u00a0d", "a b c d"},
		{"private use", "a\ue000b", "ab"},
		{"markup", "<b>x</b>", "‹b›x‹/b›"},
		{"not UTF-8", "a\xffb", "a\uFFFDb"},
		{"marks", "e" + strings.Repeat("\u0301", 20), "e\u0301\u0301\u0301"},
		{"long", strings.Repeat("ż", 11), strings.Repeat("ż", 10) + "…"},
		{"as long as allowed", strings.Repeat("ż", 10), strings.Repeat("ż", 10)},
	} {
		limit := 10
		if c.name != "long" && c.name != "as long as allowed" {
			limit = maxValue
		}
		if got := clean(c.in, limit); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\u202eb\n\x00<")
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s, 20)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 21 {
			t.Errorf("%q", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune("\n\u2028<>", r) {
				t.Errorf("%q has %U", got, r)
			}
		}
	})
}
