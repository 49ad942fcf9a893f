package pdf

import (
	"bytes"
	"slices"
	"testing"

	"golang.org/x/image/font/sfnt"
)

// TestSubset: each character's outline is in the subset under its number, with what it is composed
// of, and its advance is that of the original font.
func TestSubset(t *testing.T) {
	f, err := newFace(regularTypeface(), "F1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.width("Zażółć gęślą jaźń ☑ €µμ", 10); err != nil {
		t.Fatal(err)
	}
	file, glyphs := f.subset()
	if sum := checksum(file); sum != 0xb1b0afba {
		t.Errorf("checksum of the file is %#x", sum)
	}
	s := &typeface{tables: tablesOf(t, file), unitsPerEm: f.unitsPerEm}
	if n := int(be.Uint16(s.tables["maxp"][4:])); n != glyphs || n <= len(f.runes) {
		t.Errorf("%d glyphs, %d characters: the accented ones have components", n, len(f.runes))
	}
	composite := 0
	for n, original := range f.outlines {
		if same(t, f.typeface, s, original, sfnt.GlyphIndex(n)) {
			composite++
		}
		if !bytes.Equal(f.metric(original), s.metric(sfnt.GlyphIndex(n))) {
			t.Errorf("metric of %q differs", f.runes[n])
		}
	}
	if composite == 0 {
		t.Error("no composite glyph was tried")
	}
}

// same compares a glyph with its copy, components included, and tells whether it has any.
func same(t *testing.T, a, b *typeface, inA, inB sfnt.GlyphIndex) bool {
	t.Helper()
	dataA, dataB := slices.Clone(a.outline(inA)), slices.Clone(b.outline(inB))
	if len(dataA) == 0 || int16(be.Uint16(dataA)) >= 0 {
		if !bytes.Equal(dataA, dataB[:min(len(dataA), len(dataB))]) {
			t.Errorf("outline %d differs from %d", inB, inA)
		}
		return false
	}
	partsA, partsB := components(dataA), components(dataB)
	if len(partsA) != len(partsB) {
		t.Fatalf("glyph %d has %d components, not %d", inB, len(partsB), len(partsA))
	}
	for i := range partsA {
		same(t, a, b, partsA[i], partsB[i])
	}
	return true
}

func components(data []byte) []sfnt.GlyphIndex {
	var list []sfnt.GlyphIndex
	for p := 10; ; {
		flags := be.Uint16(data[p:])
		list = append(list, sfnt.GlyphIndex(be.Uint16(data[p+2:])))
		p += 6
		if flags&argsAreWords != 0 {
			p += 2
		}
		switch {
		case flags&haveScale != 0:
			p += 2
		case flags&haveXYScale != 0:
			p += 4
		case flags&have2x2 != 0:
			p += 8
		}
		if flags&moreComponents == 0 {
			return list
		}
	}
}

func tablesOf(t *testing.T, file []byte) map[string][]byte {
	t.Helper()
	tables := map[string][]byte{}
	for i := range int(be.Uint16(file[4:])) {
		e := file[12+16*i:]
		data := file[be.Uint32(e[8:]) : be.Uint32(e[8:])+be.Uint32(e[12:])]
		if string(e[:4]) != "head" && checksum(data) != be.Uint32(e[4:]) {
			t.Errorf("checksum of %s", e[:4])
		}
		tables[string(e[:4])] = data
	}
	return tables
}

func TestWrap(t *testing.T) {
	f, err := newFace(regularTypeface(), "F1")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a", "jedno drugie trzecie czwarte", "https://example.test/a/b/c/d/e/f/g/h", "ŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻ", "a ŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻŻ b"} {
		for _, width := range []float64{1, 20, 50, 1000} {
			lines, err := wrap(f, 9, width, text)
			if err != nil {
				t.Fatal(err)
			}
			joined := ""
			for _, line := range lines {
				joined += line
				if w, _ := f.width(line, 9); w > width+f.widest(t) && len([]rune(line)) > 2 {
					t.Errorf("%q is %.1f wide, not %.1f", line, w, width)
				}
			}
			if joined != text {
				t.Errorf("%q became %q", text, lines)
			}
		}
	}
}

// widest is the width of the space that a broken line ends in.
func (f *face) widest(t *testing.T) float64 {
	t.Helper()
	w, err := f.width(" ", 9)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
