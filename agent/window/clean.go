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
// zero-width), private and unassigned characters vanish, all white space and what only looks like it
// is one space, and whatever a desktop could take for markup is not. A longer value ends in an ellipsis.
func clean(s string, limit int) string {
	var b strings.Builder
	n, marks, space := 0, 0, false
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		r = harmless(r)
		mark := unicode.Is(unicode.M, r)
		switch {
		case r == 0:
			continue
		case r == ' ':
			space = true
			continue
		case mark:
			// One at the beginning would belong to the label.
			if marks++; marks > maxMarks || n == 0 || space || unicode.Is(unicode.Me, r) {
				continue
			}
		default:
			marks = 0
		}
		if space && n > 0 {
			b.WriteByte(' ')
			n++
		}
		space = false
		if n++; n > limit {
			return strings.TrimSpace(b.String()) + "…"
		}
		b.WriteRune(r)
	}
	return b.String()
}

// harmless gives what is shown instead of a character, 0 for nothing.
func harmless(r rune) rune {
	switch {
	case r == '<':
		return '‹'
	case r == '>':
		return '›'
	case unicode.IsSpace(r), unicode.Is(blank, r):
		return ' '
	case !unicode.IsGraphic(r):
		return 0
	}
	return r
}

// blank are letters and symbols that nobody sees (Hangul fillers, Braille's empty cell, a null
// notehead): with them a value could push its end to where a line seems to begin.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x115f, Hi: 0x1160, Stride: 1}, {Lo: 0x2800, Hi: 0x2800, Stride: 1}, {Lo: 0x3164, Hi: 0x3164, Stride: 1}, {Lo: 0xffa0, Hi: 0xffa0, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}},
}

// Clean makes a value from outside fit for one line anywhere, as in the window.
func Clean(s string) string { return clean(s, maxValue) }

// Lines are broken here, before a desktop does it: only labels and our own sentences begin at the left
// edge, a value that goes on does not. GTK 2 breaks at the width of 65 ordinary letters.
const (
	maxWidth = 60
	// Not plain spaces, which pinentry-curses leaves out, and which no value has.
	indent = "\u00a0\u00a0\u00a0\u00a0"
)

// line puts a clean value behind its label, in as many lines as it needs.
func line(label, value string) string {
	if value == "" {
		value = "–"
	}
	var b strings.Builder
	width := 0.0
	write := func(s string) {
		b.WriteString(s)
		width += widthOf(s)
	}
	write(label)
	for word := range strings.FieldsSeq(value) {
		if b.Len() > 0 && width+1+widthOf(word) <= maxWidth {
			write(" ")
		} else if b.Len() > 0 && widthOf(word) <= maxWidth-widthOf(indent) {
			b.WriteString("\n")
			width = 0
			write(indent)
		} else if b.Len() > 0 {
			write(" ")
		}
		for _, r := range word {
			if width+widthOfRune(r) > maxWidth {
				b.WriteString("\n")
				width = 0
				write(indent)
			}
			write(string(r))
		}
	}
	return b.String()
}

func widthOf(s string) (width float64) {
	for _, r := range s {
		width += widthOfRune(r)
	}
	return width
}

// widthOfRune is a bound on a character's width in a proportional font, in average small letters.
func widthOfRune(r rune) float64 {
	switch {
	case unicode.Is(unicode.M, r):
		return 0
	case r == '\u00a0':
		return 1
	case strings.ContainsRune("MWmw@%…—", r):
		return 1.8
	case unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) && r < 0x250 || r < 0x80:
		if unicode.IsUpper(r) || unicode.IsDigit(r) {
			return 1.2
		}
		return 1
	case r >= 0xfb50 && r < 0xfe00 || r >= 0x12000 && r < 0x13000 || r == 0x2e3a || r == 0x2e3b:
		return 12 // ligatures of whole sentences, cuneiform, long dashes
	}
	return 2
}

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
