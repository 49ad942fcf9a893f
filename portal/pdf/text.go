package pdf

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const noBreakSpace = '\u00a0'

// clean gives the text in composed form (NFC) with single spaces, or says why it cannot be drawn.
func clean(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%w: not UTF-8", ErrText)
	}
	for _, r := range s {
		if err := checkRune(r); err != nil {
			return "", err
		}
	}
	s = norm.NFC.String(s)
	for _, r := range s {
		if unicode.Is(unicode.Mn, r) {
			return "", fmt.Errorf("%w: %U does not combine with the character before it", ErrText, r)
		}
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' })
	if strings.Trim(strings.Join(words, ""), string(noBreakSpace)) == "" {
		return "", fmt.Errorf("%w: empty", ErrText)
	}
	return strings.Join(words, " "), nil
}

// checkRune lets through what is drawn from left to right, one glyph for one character. IsPrint
// excludes control, format (bidirectional) and private characters, and all spaces but U+0020.
func checkRune(r rune) error {
	switch {
	case r == noBreakSpace, unicode.Is(unicode.Mn, r):
		return nil
	case !unicode.IsPrint(r):
		return fmt.Errorf("%w: %U is a control character", ErrText, r)
	case !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Common):
		return fmt.Errorf("%w: %U is of a script that needs shaping", ErrText, r)
	}
	return nil
}

// wrap breaks cleaned text into lines that fit the width. Each line but the last ends in the space
// it was broken at, so that text extraction does not join two words (ISO 14289-1 7.2).
func wrap(f *face, size, width float64, text string) ([]string, error) {
	var lines []string
	line := ""
	for _, word := range strings.Split(text, " ") {
		candidate := word
		if line != "" {
			candidate = line + " " + word
		}
		w, err := f.width(candidate, size)
		if err != nil {
			return nil, err
		}
		if w <= width {
			line = candidate
			continue
		}
		if line != "" {
			lines = append(lines, line+" ")
		}
		parts, err := chop(f, size, width, word)
		if err != nil {
			return nil, err
		}
		lines = append(lines, parts[:len(parts)-1]...)
		line = parts[len(parts)-1]
	}
	return append(lines, line), nil
}

// chop breaks a word that is too wide for a line, after a separator where there is one in the
// second half of the line.
func chop(f *face, size, width float64, word string) ([]string, error) {
	var parts []string
	for word != "" {
		n, err := fitting(f, size, width, word)
		if err != nil {
			return nil, err
		}
		if n < len(word) {
			if i := strings.LastIndexAny(word[:n], "/-.:=&?@_"); i >= n/2 {
				n = i + 1
			}
		}
		parts = append(parts, word[:n])
		word = word[n:]
	}
	return parts, nil
}

// fitting is the length in bytes of the longest prefix that fits, at least one character.
func fitting(f *face, size, width float64, word string) (int, error) {
	n := 0
	for i, r := range word {
		end := i + utf8.RuneLen(r)
		w, err := f.width(word[:end], size)
		if err != nil {
			return 0, err
		}
		if w > width && n > 0 {
			return n, nil
		}
		n = end
	}
	return n, nil
}
