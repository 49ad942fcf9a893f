package window

import (
	"strings"
	"unicode"
)

// Caps of what is shown, in characters.
const (
	maxValue  = 120
	maxOrigin = 160
)

// maxMarks is how many combining marks may follow one another: enough for every language that uses
// them, too few to paint over the next line.
const maxMarks = 3

// clean makes a value from outside fit to be shown in one line: control, format (bidirectional,
// zero-width), private and unassigned characters vanish, every other white space is a space, and
// whatever a desktop could take for markup is not. A longer value ends in an ellipsis.
func clean(s string, limit int) string {
	var b strings.Builder
	n, marks := 0, 0
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '<':
			r = '‹'
		case r == '>':
			r = '›'
		case unicode.IsSpace(r):
			r = ' '
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks {
				continue
			}
		case !unicode.IsGraphic(r):
			continue
		}
		if !unicode.Is(unicode.M, r) {
			marks = 0
		}
		if n++; n > limit {
			return strings.TrimSpace(b.String()) + "…"
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// Clean makes a value from outside fit for one line anywhere, as in the window.
func Clean(s string) string { return clean(s, maxValue) }

// groups writes a code of six digits in two groups of three.
func groups(code string) string {
	if len(code) != 6 {
		return code
	}
	return code[:3] + " " + code[3:]
}

// fours puts a space after every fourth character, so that a fingerprint can be compared.
func fours(s string) string {
	var b strings.Builder
	for i, r := range []rune(s) {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
