package pdf

import (
	"encoding/binary"
	"maps"
	"slices"

	"golang.org/x/image/font/sfnt"
)

var be = binary.BigEndian

// subset gives a TrueType file with the glyphs of this face alone, renumbered as face.glyph numbers
// them, with the tables that ISO 32000-1 9.9 wants for a CIDFontType2. The second result is the
// number of glyphs, which includes those that others are composed of.
func (f *face) subset() ([]byte, int) {
	glyf, loca, hmtx := []byte{}, []byte{}, []byte{}
	outlines := slices.Clone(f.outlines)
	for i := 0; i < len(outlines); i++ { // grows: components are appended
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		var data []byte
		data, outlines = f.renumbered(f.outline(outlines[i]), outlines)
		glyf = append(glyf, data...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		hmtx = append(hmtx, f.metric(outlines[i])...)
	}
	loca = be.AppendUint32(loca, uint32(len(glyf)))

	head := slices.Clone(f.tables["head"])
	be.PutUint32(head[8:], 0)  // checkSumAdjustment, set by assemble
	be.PutUint16(head[50:], 1) // indexToLocFormat: long
	hhea := slices.Clone(f.tables["hhea"])
	be.PutUint16(hhea[34:], uint16(len(outlines)))
	maxp := slices.Clone(f.tables["maxp"])
	be.PutUint16(maxp[4:], uint16(len(outlines)))
	tables := map[string][]byte{"glyf": glyf, "loca": loca, "hmtx": hmtx, "head": head, "hhea": hhea, "maxp": maxp}
	for _, name := range []string{"cvt ", "fpgm", "prep"} {
		if t, ok := f.tables[name]; ok {
			tables[name] = t
		}
	}
	return assemble(tables), len(outlines)
}

// outline gives the glyf entry of a glyph of the original font.
func (t *typeface) outline(g sfnt.GlyphIndex) []byte {
	loca := t.tables["loca"]
	at := func(i int) uint32 {
		if be.Uint16(t.tables["head"][50:]) == 1 {
			return be.Uint32(loca[4*i:])
		}
		return 2 * uint32(be.Uint16(loca[2*i:]))
	}
	return t.tables["glyf"][at(int(g)):at(int(g)+1)]
}

// metric gives the hmtx entry of a glyph: those past numberOfHMetrics share the last advance.
func (t *typeface) metric(g sfnt.GlyphIndex) []byte {
	hmtx, full := t.tables["hmtx"], int(be.Uint16(t.tables["hhea"][34:]))
	if int(g) < full {
		return hmtx[4*int(g) : 4*int(g)+4]
	}
	side := 4*full + 2*(int(g)-full)
	return append(slices.Clone(hmtx[4*(full-1):4*(full-1)+2]), hmtx[side:side+2]...)
}

// Flags of a composite glyph's components (OpenType, table glyf).
const (
	argsAreWords   = 0x0001
	haveScale      = 0x0008
	moreComponents = 0x0020
	haveXYScale    = 0x0040
	have2x2        = 0x0080
)

// renumbered gives a copy of the glyph data in which components have their numbers in outlines,
// which grows by those that were not there.
func (f *face) renumbered(data []byte, outlines []sfnt.GlyphIndex) ([]byte, []sfnt.GlyphIndex) {
	data = slices.Clone(data)
	if len(data) == 0 || int16(be.Uint16(data)) >= 0 { // empty or simple
		return data, outlines
	}
	for p, more := 10, true; more; {
		flags, component := be.Uint16(data[p:]), sfnt.GlyphIndex(be.Uint16(data[p+2:]))
		n := slices.Index(outlines, component)
		if n < 0 {
			n = len(outlines)
			outlines = append(outlines, component)
		}
		be.PutUint16(data[p+2:], uint16(n))
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
		more = flags&moreComponents != 0
	}
	return data, outlines
}

// assemble writes the font file: directory, tables in the order of their names, checksums.
func assemble(tables map[string][]byte) []byte {
	names := slices.Sorted(maps.Keys(tables))
	selector, power := 0, 1
	for power*2 <= len(names) {
		selector, power = selector+1, power*2
	}
	out := []byte{0, 1, 0, 0}
	for _, v := range []int{len(names), power * 16, selector, (len(names) - power) * 16} {
		out = be.AppendUint16(out, uint16(v))
	}
	var body []byte
	start, head := 12+16*len(names), 0
	for _, name := range names {
		if name == "head" {
			head = start + len(body)
		}
		out = append(out, name...)
		out = be.AppendUint32(out, checksum(tables[name]))
		out = be.AppendUint32(out, uint32(start+len(body)))
		out = be.AppendUint32(out, uint32(len(tables[name])))
		body = append(body, tables[name]...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	out = append(out, body...)
	be.PutUint32(out[head+8:], 0xb1b0afba-checksum(out))
	return out
}

func checksum(b []byte) (sum uint32) {
	for i := 0; i < len(b); i += 4 {
		var word [4]byte
		copy(word[:], b[i:])
		sum += be.Uint32(word[:])
	}
	return sum
}
