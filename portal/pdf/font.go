package pdf

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"

	"codeberg.org/go-fonts/dejavu/dejavusanscondensed"
	"codeberg.org/go-fonts/dejavu/dejavusanscondensedbold"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// typeface is a parsed font file. It does not change and is shared by all documents.
type typeface struct {
	name       string // PostScript name
	font       *sfnt.Font
	tables     map[string][]byte
	unitsPerEm int
	weight     int // StemV
}

// The fonts are part of the program, so that failing to parse them is a broken build.
var (
	regularTypeface = sync.OnceValue(func() *typeface {
		return mustTypeface("DejaVuSansCondensed", 80, dejavusanscondensed.TTF)
	})
	boldTypeface = sync.OnceValue(func() *typeface {
		return mustTypeface("DejaVuSansCondensed-Bold", 140, dejavusanscondensedbold.TTF)
	})
)

func mustTypeface(name string, weight int, ttf []byte) *typeface {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		panic(fmt.Sprintf("font %s: %v", name, err))
	}
	t := &typeface{name: name, font: f, weight: weight, unitsPerEm: int(f.UnitsPerEm()), tables: map[string][]byte{}}
	for i := range int(binary.BigEndian.Uint16(ttf[4:])) {
		entry := ttf[12+16*i:]
		offset, length := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		t.tables[string(entry[:4])] = ttf[offset : offset+length]
	}
	return t
}

// face is a typeface in one document. Every character drawn gets a glyph number of its own, in the
// order of first use, so that text extraction gives back exactly the characters that went in, even
// where two of them share an outline.
type face struct {
	*typeface
	resource string // name in the pages' resources
	buffer   sfnt.Buffer
	numbers  map[rune]int
	runes    []rune            // by glyph number; 0 is .notdef
	outlines []sfnt.GlyphIndex // by glyph number, in the original font
	advances []int             // by glyph number, in thousandths of an em
}

func newFace(t *typeface, resource string) (*face, error) {
	f := &face{typeface: t, resource: resource, numbers: map[rune]int{}}
	return f, f.add(0, 0)
}

func (f *face) add(r rune, outline sfnt.GlyphIndex) error {
	advance, err := f.font.GlyphAdvance(&f.buffer, outline, fixed.I(f.unitsPerEm), font.HintingNone)
	if err != nil {
		return fmt.Errorf("measuring %U: %w", r, err)
	}
	f.runes = append(f.runes, r)
	f.outlines = append(f.outlines, outline)
	f.advances = append(f.advances, f.thousandths(advance))
	return nil
}

func (f *face) thousandths(v fixed.Int26_6) int {
	n := v.Round() * 1000
	if n < 0 {
		return -((-n + f.unitsPerEm/2) / f.unitsPerEm)
	}
	return (n + f.unitsPerEm/2) / f.unitsPerEm
}

// glyph gives the number of a character's glyph.
func (f *face) glyph(r rune) (int, error) {
	if n, ok := f.numbers[r]; ok {
		return n, nil
	}
	outline, err := f.font.GlyphIndex(&f.buffer, r)
	if err != nil {
		return 0, fmt.Errorf("looking up %U: %w", r, err)
	}
	if outline == 0 {
		return 0, fmt.Errorf("%w: no glyph for %U", ErrText, r)
	}
	if err := f.add(r, outline); err != nil {
		return 0, err
	}
	n := len(f.runes) - 1
	f.numbers[r] = n
	return n, nil
}

// kern is the adjustment between two glyphs in thousandths of an em; pairs without one have 0.
func (f *face) kern(left, right int) int {
	k, err := f.font.Kern(&f.buffer, f.outlines[left], f.outlines[right], fixed.I(f.unitsPerEm), font.HintingNone)
	if err != nil {
		return 0
	}
	return f.thousandths(k)
}

// width is the length of a line at the given size, in points.
func (f *face) width(s string, size float64) (float64, error) {
	sum, left := 0, -1
	for _, r := range s {
		g, err := f.glyph(r)
		if err != nil {
			return 0, err
		}
		if left >= 0 {
			sum += f.kern(left, g)
		}
		sum += f.advances[g]
		left = g
	}
	return float64(sum) * size / 1000, nil
}

// show gives the operand of TJ (ISO 32000-1 9.4.3) for a line whose width was measured before.
func (f *face) show(s string) (string, error) {
	var b strings.Builder
	b.WriteString("[<")
	left := -1
	for _, r := range s {
		g, err := f.glyph(r)
		if err != nil {
			return "", err
		}
		if left >= 0 {
			if k := f.kern(left, g); k != 0 {
				fmt.Fprintf(&b, ">%d<", -k)
			}
		}
		fmt.Fprintf(&b, "%04X", g)
		left = g
	}
	b.WriteString(">]")
	return b.String(), nil
}

// path gives the outlines of a line as path operators, in font units, from the origin.
func (f *face) path(s string) (string, error) {
	var b strings.Builder
	x := 0.0
	for _, r := range s {
		g, err := f.glyph(r)
		if err != nil {
			return "", err
		}
		segments, err := f.font.LoadGlyph(&f.buffer, f.outlines[g], fixed.I(f.unitsPerEm), nil)
		if err != nil {
			return "", fmt.Errorf("loading outline of %U: %w", r, err)
		}
		outline(&b, segments, x)
		x += float64(f.advances[g]*f.unitsPerEm) / 1000
	}
	return b.String(), nil
}

// outline writes one glyph. Fonts have quadratic curves and count y downwards here, PDF has cubic
// ones and counts upwards.
func outline(b *strings.Builder, segments sfnt.Segments, dx float64) {
	type point struct{ x, y float64 }
	at := func(p fixed.Point26_6) point { return point{dx + float64(p.X)/64, -float64(p.Y) / 64} }
	var pen point
	for _, s := range segments {
		to := at(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			fmt.Fprintf(b, "%.1f %.1f m\n", to.x, to.y)
		case sfnt.SegmentOpLineTo:
			fmt.Fprintf(b, "%.1f %.1f l\n", to.x, to.y)
		case sfnt.SegmentOpQuadTo:
			control := to
			to = at(s.Args[1])
			fmt.Fprintf(b, "%.1f %.1f %.1f %.1f %.1f %.1f c\n",
				pen.x+(control.x-pen.x)*2/3, pen.y+(control.y-pen.y)*2/3,
				to.x+(control.x-to.x)*2/3, to.y+(control.y-to.y)*2/3, to.x, to.y)
		}
		pen = to
	}
}
