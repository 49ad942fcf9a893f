package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf16"
)

// writer collects numbered objects and where each begins.
type writer struct {
	buf     bytes.Buffer
	offsets []int // by object number; 0 is the head of the free list
}

func (w *writer) reserve() int {
	w.offsets = append(w.offsets, 0)
	return len(w.offsets) - 1
}

func (w *writer) object(n int, body string) {
	w.offsets[n] = w.buf.Len()
	fmt.Fprintf(&w.buf, "%d 0 obj\n%s\nendobj\n", n, body)
}

func (w *writer) stream(n int, dictionary string, data []byte) {
	w.offsets[n] = w.buf.Len()
	fmt.Fprintf(&w.buf, "%d 0 obj\n<< %s /Length %d >>\nstream\n", n, dictionary, len(data))
	w.buf.Write(data)
	w.buf.WriteString("\nendstream\nendobj\n")
}

func (w *writer) compressed(n int, dictionary string, data []byte) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(data) // a bytes.Buffer does not fail
	z.Close()
	w.stream(n, dictionary+" /Filter /FlateDecode", packed.Bytes())
}

// textString is a PDF text string in UTF-16 (ISO 32000-1 7.9.2.2), as hexadecimal digits.
func textString(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}

// calRGB is device independent (ISO 19005-2 6.2.4.2), so that no output intent is needed: white
// point D65, the primaries of sRGB. Its name in the resources is not RGB: validators take that for
// the abbreviation of inline images.
const calRGB = "[ /CalRGB << /WhitePoint [ 0.9505 1 1.089 ] /Gamma [ 2.2 2.2 2.2 ] " +
	"/Matrix [ 0.4124 0.2126 0.0193 0.3576 0.7152 0.1192 0.1805 0.0722 0.9505 ] >> ]"

func (l *layout) write() (*Prepared, error) {
	title, err := clean(l.doc.Title)
	if err != nil {
		return nil, fmt.Errorf("title: %w", err)
	}
	author, err := clean(l.doc.Author)
	if err != nil {
		return nil, fmt.Errorf("author: %w", err)
	}
	w := &writer{offsets: []int{0}}
	w.buf.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	catalog, pages, info, metadata, field, value := w.reserve(), w.reserve(), w.reserve(), w.reserve(), w.reserve(), w.reserve()
	fonts := fmt.Sprintf("/%s %d 0 R /%s %d 0 R", l.regular.resource, w.font(l.regular), l.bold.resource, w.font(l.bold))
	w.pages(l, pages, field, fonts)
	structure := w.structure(l, field)
	w.metadata(metadata, info, title, author, l)
	w.object(catalog, fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R /Lang (%s) /MarkInfo << /Marked true >> "+
		"/StructTreeRoot %d 0 R /Metadata %d 0 R /ViewerPreferences << /DisplayDocTitle true >> "+
		"/AcroForm << /Fields [ %d 0 R ] /SigFlags 3 >> >>", pages, l.doc.Language, structure, metadata, field))
	slots := w.signature(l, field, value)
	return w.finish(catalog, info, slots)
}

func (w *writer) pages(l *layout, parent, field int, fonts string) {
	var kids strings.Builder
	for _, p := range l.pages {
		p.number = w.reserve()
		fmt.Fprintf(&kids, " %d 0 R", p.number)
	}
	for i, p := range l.pages {
		annotations := ""
		if i == l.signaturePage {
			annotations = fmt.Sprintf(" /Annots [ %d 0 R ]", field)
		}
		content := w.reserve()
		w.object(p.number, fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [ 0 0 %.2f %.2f ] "+
			"/Resources << /Font << %s >> /ColorSpace << /Calibrated %s >> >> /Contents %d 0 R /StructParents %d /Tabs /S%s >>",
			parent, pageWidth, pageHeight, fonts, calRGB, content, i, annotations))
		w.compressed(content, "", p.content.Bytes())
	}
	w.object(parent, fmt.Sprintf("<< /Type /Pages /Kids [%s ] /Count %d >>", kids.String(), len(l.pages)))
}

// font writes a Type 0 font with Identity-H: a character code is a glyph number of the subset.
func (w *writer) font(f *face) int {
	file, glyphs := f.subset()
	sum := sha256.Sum256(file)
	prefix := make([]byte, 6) // ISO 32000-1 9.6.4: six letters that tell subsets apart
	for i := range prefix {
		prefix[i] = 'A' + sum[i]%26
	}
	name := string(prefix) + "+" + f.name
	font, descendant, descriptor, data, unicodes, set := w.reserve(), w.reserve(), w.reserve(), w.reserve(), w.reserve(), w.reserve()
	w.object(font, fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H "+
		"/DescendantFonts [ %d 0 R ] /ToUnicode %d 0 R >>", name, descendant, unicodes))
	w.object(descendant, fmt.Sprintf("<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s "+
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor %d 0 R "+
		"/CIDToGIDMap /Identity /DW 1000 /W [ 0 %d ] >>", name, descriptor, f.advances))
	w.object(descriptor, f.descriptor(name, data, set))
	w.compressed(data, fmt.Sprintf("/Length1 %d", len(file)), file)
	w.compressed(unicodes, "", f.toUnicode())
	cids := make([]byte, (glyphs+7)/8)
	for g := range glyphs {
		cids[g/8] |= 0x80 >> (g % 8)
	}
	w.compressed(set, "", cids)
	return font
}

func (f *face) descriptor(name string, data, set int) string {
	head, hhea := f.tables["head"], f.tables["hhea"]
	em := func(table []byte, offset int) int { return int(int16(be.Uint16(table[offset:]))) * 1000 / f.unitsPerEm }
	return fmt.Sprintf("<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [ %d %d %d %d ] /ItalicAngle 0 "+
		"/Ascent %d /Descent %d /CapHeight 729 /StemV %d /FontFile2 %d 0 R /CIDSet %d 0 R >>",
		name, em(head, 36), em(head, 38), em(head, 40), em(head, 42), em(hhea, 4), em(hhea, 6), f.weight, data, set)
}

// toUnicode maps glyph numbers to characters (ISO 32000-1 9.10.3), at most 100 a section.
func (f *face) toUnicode() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for i := 1; i < len(f.runes); i += 100 {
		end := min(i+100, len(f.runes))
		fmt.Fprintf(&b, "%d beginbfchar\n", end-i)
		for g := i; g < end; g++ {
			fmt.Fprintf(&b, "<%04X> <%s\n", g, strings.TrimPrefix(textString(string(f.runes[g])), "<FEFF"))
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}

// metadata writes the same facts twice, as ISO 19005-2 6.6.3 wants them to agree.
func (w *writer) metadata(metadata, info int, title, author string, l *layout) {
	created := l.doc.Created.UTC()
	date := pdfDate(created.Format("20060102150405"))
	w.object(info, fmt.Sprintf("<< /Title %s /Author %s /Producer %s /CreationDate %s /ModDate %s >>",
		textString(title), textString(author), textString(producer), date, date))
	iso := created.Format("2006-01-02T15:04:05Z")
	w.stream(metadata, "/Type /Metadata /Subtype /XML", fmt.Appendf(nil, xmp, escape(title), escape(author), l.doc.Language, producer, iso, iso))
}

const producer = "Odnowa"

// pdfDate spells UTC as an offset: some validators refuse the Z that ISO 32000-1 7.9.4 allows.
func pdfDate(digits string) string { return "(D:" + digits + "+00'00')" }

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

// xmp declares PDF/A-2a and PDF/UA-1. The extension schema describes pdfuaid, which ISO 19005-2
// does not know. On 2026-11-23 PDFBox preflight 2.0.27, which knows PDF/A-1b alone, found a file
// valid in which only the declared version was exchanged; veraPDF was not tried.
const xmp = `<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>%s</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>%s</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>%s</pdf:Producer>
<xmp:CreateDate>%s</xmp:CreateDate><xmp:ModifyDate>%s</xmp:ModifyDate>
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>`

// slots says where the signature dictionary's two gaps are.
type slots struct{ byteRange, contents int }

// byteRangeSlot is as wide as any byte range of a file below 10 GB.
const byteRangeSlot = "[ 0 0000000000 0000000000 0000000000 ]"

// signature writes the field, its empty appearance and the dictionary (ISO 32000-1 12.8.1,
// EN 319 142-1 6.3) with room for the CMS. The field has no size: ISO 14289-1 needs it in the
// structure, and the note on the page stands for it.
func (w *writer) signature(l *layout, field, value int) slots {
	appearance := w.reserve()
	w.stream(appearance, "/Type /XObject /Subtype /Form /BBox [ 0 0 0 0 ]", nil)
	w.object(field, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /TU %s /Rect [ 0 0 0 0 ] /F 132 "+
		"/P %d 0 R /StructParent %d /AP << /N %d 0 R >> /V %d 0 R >>",
		textString(l.form.alt), l.pages[l.signaturePage].number, len(l.pages), appearance, value))
	head := fmt.Sprintf("<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M %s /ByteRange ",
		pdfDate(l.doc.Created.UTC().Format("20060102150405")))
	const middle = " /Contents "
	w.object(value, head+byteRangeSlot+middle+"<"+strings.Repeat("0", 2*SignatureCapacity)+"> >>")
	start := w.offsets[value] + len(fmt.Sprintf("%d 0 obj\n", value)) + len(head)
	return slots{byteRange: start, contents: start + len(byteRangeSlot) + len(middle)}
}

// finish writes cross-reference table and trailer, then fills in the byte range.
func (w *writer) finish(catalog, info int, s slots) (*Prepared, error) {
	table := w.buf.Len()
	fmt.Fprintf(&w.buf, "xref\n0 %d\n0000000000 65535 f \n", len(w.offsets))
	for n, offset := range w.offsets[1:] {
		if offset == 0 {
			return nil, fmt.Errorf("object %d was never written", n+1)
		}
		fmt.Fprintf(&w.buf, "%010d 00000 n \n", offset)
	}
	id := sha256.Sum256(w.buf.Bytes())
	fmt.Fprintf(&w.buf, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [ <%X> <%X> ] >>\nstartxref\n%d\n%%%%EOF\n",
		len(w.offsets), catalog, info, id[:16], id[:16], table)
	out := w.buf.Bytes()
	end := s.contents + 2*SignatureCapacity + 2
	p := &Prepared{PDF: out, ByteRange: [4]int{0, s.contents, end, len(out) - end}}
	copy(out[s.byteRange:], fmt.Sprintf("[ 0 %-10d %-10d %-10d ]", s.contents, end, len(out)-end))
	return p, nil
}
