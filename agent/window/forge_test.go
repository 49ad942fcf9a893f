package window

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/seal"
)

// hostile are values that try to look like more than one line, or like another.
var hostile = []string{
	"", " ", "\n", "x\nE-mail: evil@example.com", "x\r\nTelefon: +48 666", "x\u2028E-mail: y", "x\u0085E-mail: y", "x\vE-mail: y",
	"x" + strings.Repeat(" ", 80) + "E-mail: evil@example.com", "x" + strings.Repeat("\u00a0", 80) + "E-mail: y",
	"x" + strings.Repeat("\u3164", 60) + "E-mail: y", "x" + strings.Repeat("\u2800", 60) + "E-mail: y",
	strings.Repeat("W", 40) + " E-mail: y", strings.Repeat("i", 57) + " E-mail: y", strings.Repeat("ab ", 19) + "E-mail: y",
	"\u202eelpmaxe.ac", "\u2066x\u2069", "\u200f+48", "<b>x</b>", "<br>E-mail: y", "&lt;br&gt;E-mail: y", "x%0AE-mail: y", "x%0aOK\nBYE",
	"\x00", "x\x1b[2J\x1b[HE-mail: y", strings.Repeat("Z\u0341\u0342\u0343\u0344", 50), "\U0010ffff\ue000\ufdd0", "\xff\xfe", strings.Repeat("﷽", 30),
	strings.Repeat("漢", 120), "_E-mail", "SETOK yes", strings.Repeat("x", 5000), "שלום: 123", "a\ufe0fb\u034fc",
}

// request puts the values everywhere where values go.
func hostileRequest(l Language, kind seal.Kind, v string) Request {
	r := Request{
		Language: l, Origin: "https://ca.example", Kind: kind, Holder: v, Reader: "x" + v, Digest: v,
		Document: bridge.Document{Name: v, MediaType: "application/pdf", Bytes: []byte("x")},
	}
	if kind == "" {
		return r
	}
	for field := range words(l).fields {
		if field != seal.FieldPhoneCode {
			r.Show = append(r.Show, seal.Shown{Field: field, Value: v})
		}
	}
	slices.SortFunc(r.Show, func(a, b seal.Shown) int { return strings.Compare(string(a.Field), string(b.Field)) })
	if kind == seal.Confirmation {
		r.Show = append(r.Show, seal.Shown{Field: seal.FieldPhoneCode, Value: "012345"})
	}
	return r
}

// checkForged: what begins a line is the same whatever the values are; a value that goes on is indented;
// no line is so wide that a desktop breaks it; nothing in it that a desktop takes for more than text.
func checkForged(t *testing.T, l Language, kind seal.Kind, v string) {
	t.Helper()
	q, err := hostileRequest(l, kind, v).questions()
	if err != nil {
		return // nothing is shown at all
	}
	plain, err := hostileRequest(l, kind, "x").questions()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][2]string{{q.document.text, plain.document.text}, {q.pin, plain.pin}, {q.pad, plain.pad}} {
		if got, want := labels(text[0]), labels(text[1]); !slices.Equal(got, want) {
			t.Errorf("%.80q: lines begin with %q, want %q", v, got, want)
		}
		for l := range strings.Lines(text[0]) {
			if widthOf(strings.TrimSuffix(l, "\n")) > maxWidth+12 {
				t.Errorf("%.80q: line of width %v: %q", v, widthOf(l), l)
			}
		}
		for _, r := range strings.ReplaceAll(text[0], "\n"+indent, "") {
			if r != '\n' && r != ' ' && (unicode.IsControl(r) || unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Co) || strings.ContainsRune("<>", r)) {
				t.Errorf("%.80q: %U is shown", v, r)
			}
		}
	}
}

// labels gives what each line that is not indented begins with, up to its colon; a line without one whole.
func labels(text string) []string {
	var all []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSuffix(l, "\n"); strings.HasPrefix(l, indent) {
			continue
		}
		label, _, found := strings.Cut(l, ": ")
		if found {
			l = label + ":"
		}
		all = append(all, l)
	}
	return all
}

func TestForged(t *testing.T) {
	for _, l := range []Language{Polish, English} {
		for _, kind := range []seal.Kind{"", seal.Application, seal.Confirmation} {
			for _, v := range hostile {
				checkForged(t, l, kind, v)
			}
		}
	}
}

func FuzzForged(f *testing.F) {
	for _, v := range hostile {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		checkForged(t, English, seal.Application, v)
		checkForged(t, Polish, "", v)
	})
}

func TestLine(t *testing.T) {
	for _, c := range []struct{ label, value, want string }{
		{"E-mail:", "a@b", "E-mail: a@b"},
		{"E-mail:", "", "E-mail: –"},
		{"", "https://ca.example", "https://ca.example"},
		{"A:", strings.Repeat("abcd ", 13), "A: abcd abcd abcd abcd abcd abcd abcd abcd abcd abcd abcd\n" + indent + "abcd abcd"},
		{"a:", strings.Repeat("x", 70), "a: " + strings.Repeat("x", 57) + "\n" + indent + strings.Repeat("x", 13)},
		{"Abc:", "b " + strings.Repeat("x", 54), "Abc: b\n" + indent + strings.Repeat("x", 54)},
	} {
		if got := line(c.label, c.value); got != c.want {
			t.Errorf("%q %q:\ngot  %q\nwant %q", c.label, c.value, got, c.want)
		}
	}
}

// TestKeys: no two buttons of a question share a key.
func TestKeys(t *testing.T) {
	for _, l := range []Language{Polish, English} {
		w := words(l)
		for _, buttons := range [][]string{
			{w.next, w.view, w.cancel}, {w.sign, w.view, w.cancel}, {w.sign, w.cancel}, {w.codesSame, w.codesDiffer, w.cancel},
			{w.useLastTry, w.cancel}, {w.again, w.cancel}, {w.next, w.other}, {w.sign, w.other}, {w.codesSame, w.other}, {w.view, w.cancel}, {w.codesDiffer, w.cancel},
		} {
			var keys []rune
			for _, b := range buttons {
				_, after, found := strings.Cut(b, "_")
				if !found {
					t.Errorf("%s: %q has no key", l, b)
				}
				key := unicode.ToLower([]rune(after)[0])
				if slices.Contains(keys, key) || key > 'z' {
					t.Errorf("%s: %q: key %c is not its own", l, buttons, key)
				}
				keys = append(keys, key)
			}
		}
	}
}

// TestOrdinaryFits: a confirmation with long ordinary values can be shown.
func TestOrdinaryFits(t *testing.T) {
	r := hostileRequest(Polish, seal.Confirmation, "Wielka-Przykładowa Żaneta 12345")
	if _, err := r.questions(); err != nil {
		t.Error(err)
	}
}
