package pdf_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/portal/pdf"
	"github.com/odnowa/odnowa/protocol/seal"
)

func everything() pdf.Document {
	d := document(
		pdf.Paragraph{Text: pdf.Pair{First: alphabet}},
		pdf.Heading{Level: 2, Text: pdf.Pair{First: "1. Dane", Second: "Data"}},
		pdf.Table{Rows: []pdf.Row{
			{Label: pdf.Pair{First: "Imię", Second: "Given name"}, Value: pdf.Pair{First: "Żaneta TESTOWA"}},
			{Label: pdf.Pair{First: "Okres", Second: "Period"}, Value: pdf.Pair{First: "24 miesiące", Second: "24 months"}},
		}},
		pdf.List{Items: []pdf.Pair{{First: "Oświadczam.", Second: "I declare."}, {First: "Tylko po polsku."}}},
		pdf.QR{Content: "http://rsign.localhost:8701/#Zm9vYmFyYmF6cXV4", Alt: "Kod próbny", Caption: []pdf.Pair{{First: "Zeskanuj.", Second: "Scan."}}},
	)
	d.Notice = pdf.Pair{First: "TEST – bez skutków prawnych", Second: "TEST – no legal effect"}
	d.Watermark = "TEST"
	return d
}

func TestValidators(t *testing.T) {
	path := save(t, write(t, everything()).PDF)
	if out := run(t, "qpdf", "qpdf", "--check", path); !strings.Contains(out, "No syntax or stream encoding errors found") || strings.Contains(out, "WARNING") {
		t.Errorf("qpdf: %s", out)
	}
	fonts := strings.Split(strings.TrimSpace(run(t, "poppler-utils", "pdffonts", path)), "\n")[2:]
	for _, f := range fonts {
		if !regexp.MustCompile(`^[A-Z]{6}\+DejaVuSansCondensed\S* +CID TrueType +Identity-H +yes yes yes`).MatchString(f) {
			t.Errorf("font is not an embedded subset with a Unicode map: %s", f)
		}
	}
	if len(fonts) != 2 {
		t.Errorf("%d fonts", len(fonts))
	}
	info := run(t, "poppler-utils", "pdfinfo", "-isodates", path)
	for _, want := range []string{
		`Title: +Dokument próbny <1> & „2”`, `Author: +Centrum TEST`, `Tagged: +yes`, `Suspects: +no`, `Form: +AcroForm`,
		`JavaScript: +no`, `Pages: +1\b`, `Page size: .*\(A4\)`, `CreationDate: +2026-11-23T21:05:06Z`, `ModDate: +2026-11-23T21:05:06Z`,
	} {
		if !regexp.MustCompile(want).MatchString(info) {
			t.Errorf("pdfinfo lacks %s:\n%s", want, info)
		}
	}
	meta := run(t, "poppler-utils", "pdfinfo", "-meta", path)
	for _, want := range []string{"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>", "<pdfuaid:part>1</pdfuaid:part>",
		"Dokument próbny &lt;1&gt; &amp; „2”", "<xmp:CreateDate>2026-11-23T21:05:06Z"} {
		if !strings.Contains(meta, want) {
			t.Errorf("XMP lacks %s", want)
		}
	}
}

// TestStructure: what a screen reader finds, in the order in which it is read.
func TestStructure(t *testing.T) {
	got := run(t, "poppler-utils", "pdfinfo", "-struct-text", save(t, write(t, everything()).PDF))
	rest := got
	for _, want := range []string{
		"Document", `"Centrum Certyfikacji TEST"`, `"TEST – bez skutków prawnych"`, `"TEST – no legal effect"`,
		"H1 (block)", `"Nagłówek"`, "Span (inline)", `"Heading"`, "P (block)", "H2 (block)", `"1. Dane "`, `"Data"`,
		"Table (block)", "TR", "TH", "/Scope /Row", `"Imię "`, `"Given name "`, "TD", `"Żaneta TESTOWA "`,
		"TR", "TH", "TD", `"24 miesiące "`, `"24 months "`,
		"L (block)", "/ListNumbering /Decimal", "LI (block)", "Lbl (block)", `"1. "`, "LBody (block)", `"Oświadczam."`, `"I declare."`, "LI (block)", `"2. "`,
		"Figure", "/BBox", `"Zeskanuj."`, `"Scan."`, `"Podpisz tutaj."`, `"Sign here."`, "Form", "Object",
	} {
		i := strings.Index(rest, want)
		if i < 0 {
			t.Fatalf("%s is missing or out of order in:\n%s", want, got)
		}
		rest = rest[i+len(want):]
	}
	if strings.Contains(got, "Strona 1") {
		t.Error("the page's foot is content")
	}
}

// TestLanguages: structure that poppler does not print.
func TestLanguages(t *testing.T) {
	doc := string(write(t, everything()).PDF)
	if n := strings.Count(doc, "/Lang (en)"); n < 8 {
		t.Errorf("%d elements in English", n)
	}
	for _, want := range []string{"/Lang (pl-PL)", "/MarkInfo << /Marked true >>", "/DisplayDocTitle true", "/SubFilter /ETSI.CAdES.detached", "/M (D:20261123210506+00'00')"} {
		if !strings.Contains(doc, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestTextComesBack(t *testing.T) {
	const twins = "µ μ Ω A\u00a0B" // the two mu share an outline in many fonts, the spaces in most
	path := save(t, write(t, document(pdf.Paragraph{Text: pdf.Pair{First: alphabet}}, pdf.Paragraph{Text: pdf.Pair{First: twins}})).PDF)
	text := run(t, "poppler-utils", "pdftotext", "-raw", path, "-")
	joined := strings.Join(strings.Fields(text), " ")
	for _, want := range []string{alphabet, strings.ReplaceAll(twins, "\u00a0", " ")} { // pdftotext makes it a space
		if !strings.Contains(joined, want) {
			t.Errorf("%q is not in %q", want, joined)
		}
	}
}

func TestQR(t *testing.T) {
	const url = "http://rsign.localhost:8701/#AAAAAAAAAAAAAAAAAAAAAA"
	d := document(pdf.QR{Content: url, Alt: "Kod"})
	d.Watermark = "TEST"
	path := save(t, write(t, d).PDF)
	run(t, "poppler-utils", "pdftoppm", "-r", "80", "-png", "-singlefile", path, path)
	if got := strings.TrimSpace(run(t, "zbar-tools", "zbarimg", "-q", "--raw", path+".png")); got != url {
		t.Errorf("QR code says %q", got)
	}
}

func TestDeterministic(t *testing.T) {
	a, b := write(t, everything()), write(t, everything())
	if !bytes.Equal(a.PDF, b.PDF) || a.ByteRange != b.ByteRange {
		t.Error("the same document gave other bytes")
	}
	d := everything()
	d.Created = d.Created.Add(time.Second)
	if bytes.Equal(a.PDF, write(t, d).PDF) {
		t.Error("time is not in the document")
	}
}

var word = regexp.MustCompile(`<word xMin="([0-9.]+)" yMin="([0-9.]+)" xMax="([0-9.]+)" yMax="([0-9.]+)">(.*)</word>`)

// TestLongTextWraps: nothing leaves the page, nothing is lost.
func TestLongTextWraps(t *testing.T) {
	long := strings.Repeat("ŻółćWąż", 45)
	url := "https://ca.example.test/" + strings.Repeat("polityka/", 20)
	d := document(
		pdf.Paragraph{Text: pdf.Pair{First: long, Second: long}},
		pdf.Table{Rows: []pdf.Row{{Label: pdf.Pair{First: long, Second: long}, Value: pdf.Pair{First: url, Second: long}}}},
		pdf.List{Items: []pdf.Pair{{First: long, Second: url}}},
		pdf.Heading{Level: 2, Text: pdf.Pair{First: strings.Repeat("Długi nagłówek ", 12), Second: strings.Repeat("Long heading ", 12)}},
	)
	d.Letterhead = pdf.Letterhead{Name: strings.Repeat("Centrum ", 20), Details: []string{long}}
	d.Reference, d.Title = long, long
	boxes := run(t, "poppler-utils", "pdftotext", "-bbox", save(t, write(t, d).PDF), "-")
	for _, m := range word.FindAllStringSubmatch(boxes, -1) {
		left, right := number(t, m[1]), number(t, m[3])
		if top, bottom := number(t, m[2]), number(t, m[4]); left < 53.5 || right > 595.28-53.5 || top < 30 || bottom > 841.89-30 {
			t.Errorf("a word stands at %.1f to %.1f, %.1f to %.1f: %s", left, right, top, bottom, m[5])
		}
	}
	text := strings.Join(strings.Fields(run(t, "poppler-utils", "pdftotext", "-raw", save(t, write(t, document(pdf.Paragraph{Text: pdf.Pair{First: long}})).PDF), "-")), "")
	if !strings.Contains(text, long) {
		t.Error("characters of a long word are lost")
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPages(t *testing.T) {
	var blocks []pdf.Block
	for i := range 30 {
		blocks = append(blocks, pdf.Heading{Level: 2, Text: pdf.Pair{First: fmt.Sprintf("Rozdział %d.", i)}},
			pdf.Table{Rows: []pdf.Row{
				{Label: pdf.Pair{First: "Wiersz"}, Value: pdf.Pair{First: fmt.Sprintf("Pierwszy %d.", i)}},
				{Label: pdf.Pair{First: "Wiersz"}, Value: pdf.Pair{First: fmt.Sprintf("Drugi %d.", i)}},
				{Label: pdf.Pair{First: "Wiersz"}, Value: pdf.Pair{First: fmt.Sprintf("Trzeci %d.", i)}},
			}})
	}
	d := document(blocks...)
	d.Notice = pdf.Pair{First: "Uwaga próbna"}
	path := save(t, write(t, d).PDF)
	run(t, "qpdf", "qpdf", "--check", path)
	pages := strings.Split(strings.TrimSuffix(run(t, "poppler-utils", "pdftotext", "-layout", path, "-"), "\f"), "\f")
	if len(pages) < 3 {
		t.Fatalf("%d pages", len(pages))
	}
	seen := 0
	for i, page := range pages {
		for _, want := range []string{fmt.Sprintf("Strona %d z %d", i+1, len(pages)), "ON-2026-1", "Uwaga próbna", "Centrum Certyfikacji TEST"} {
			if !strings.Contains(page, want) {
				t.Errorf("page %d lacks %q", i+1, want)
			}
		}
		for n := range 30 {
			if !strings.Contains(page, fmt.Sprintf("Rozdział %d.", n)) {
				continue
			}
			seen++
			if !strings.Contains(page, fmt.Sprintf("Drugi %d.", n)) {
				t.Errorf("heading %d is parted from its table", n)
			}
		}
	}
	if seen != 30 {
		t.Errorf("%d headings", seen)
	}
	structure := run(t, "poppler-utils", "pdfinfo", "-struct-text", path)
	if n := strings.Count(structure, "H2 (block)"); n != 30 {
		t.Errorf("%d headings in the structure", n)
	}
}

func TestRefused(t *testing.T) {
	text := func(s string) pdf.Document { return document(pdf.Paragraph{Text: pdf.Pair{First: s}}) }
	change := func(f func(*pdf.Document)) pdf.Document {
		d := document()
		f(&d)
		return d
	}
	for name, c := range map[string]struct {
		d    pdf.Document
		want error
	}{
		"new line":                  {text("a\nb"), pdf.ErrText},
		"tabulator":                 {text("a\tb"), pdf.ErrText},
		"NUL":                       {text("a\x00b"), pdf.ErrText},
		"escape":                    {text("\x1b[2J"), pdf.ErrText},
		"C1 control":                {text("a\u0085b"), pdf.ErrText},
		"right-to-left override":    {text("a\u202eb"), pdf.ErrText},
		"isolate":                   {text("a\u2067b"), pdf.ErrText},
		"zero-width space":          {text("a\u200bb"), pdf.ErrText},
		"soft hyphen":               {text("a\u00adb"), pdf.ErrText},
		"byte order mark":           {text("\ufeffa"), pdf.ErrText},
		"line separator":            {text("a\u2028b"), pdf.ErrText},
		"private use":               {text("\ue000"), pdf.ErrText},
		"Arabic":                    {text("محمد"), pdf.ErrText},
		"Hebrew":                    {text("שלום"), pdf.ErrText},
		"no glyph":                  {text("名前"), pdf.ErrText},
		"no glyph, symbol":          {text("\U0001f9ff"), pdf.ErrText},
		"combining without a base":  {text("b\u0327\u0301"), pdf.ErrText},
		"not UTF-8":                 {text("a\xffb"), pdf.ErrText},
		"empty":                     {text(""), pdf.ErrText},
		"spaces":                    {text(" \u00a0 "), pdf.ErrText},
		"empty value":               {document(pdf.Table{Rows: []pdf.Row{{Label: pdf.Pair{First: "a"}}}}), pdf.ErrText},
		"control in the title":      {change(func(d *pdf.Document) { d.Title = "a\nb" }), pdf.ErrText},
		"control in the label":      {change(func(d *pdf.Document) { d.Blocks[1] = pdf.Signature{Label: "a\x00", Note: pdf.Pair{First: "a"}} }), pdf.ErrText},
		"control in the foot":       {change(func(d *pdf.Document) { d.Reference = "a\nb" }), pdf.ErrText},
		"control in the letterhead": {change(func(d *pdf.Document) { d.Letterhead.Details = []string{"a\nb"} }), pdf.ErrText},
		"control in the watermark":  {change(func(d *pdf.Document) { d.Watermark = "a\n" }), pdf.ErrText},
		"QR without alternative":    {document(pdf.QR{Content: "a"}), pdf.ErrText},
		"block higher than a page":  {text(strings.Repeat("słowo ", 2000)), pdf.ErrTooLong},
		"too many pages":            {document(pdf.List{Items: manyItems()}), pdf.ErrTooLong},
		"QR too large":              {document(pdf.QR{Content: strings.Repeat("a", 301), Alt: "a"}), pdf.ErrTooLong},
		"language is an injection":  {change(func(d *pdf.Document) { d.Language = "pl) /X (" }), pdf.ErrDocument},
		"no translation language":   {change(func(d *pdf.Document) { d.Translation = "" }), pdf.ErrDocument},
		"no time":                   {change(func(d *pdf.Document) { d.Created = time.Time{} }), pdf.ErrDocument},
		"no title":                  {change(func(d *pdf.Document) { d.Title = "" }), pdf.ErrDocument},
		"no page label":             {change(func(d *pdf.Document) { d.PageLabel = nil }), pdf.ErrDocument},
		"no heading":                {change(func(d *pdf.Document) { d.Blocks = d.Blocks[1:] }), pdf.ErrDocument},
		"no signature":              {change(func(d *pdf.Document) { d.Blocks = d.Blocks[:1] }), pdf.ErrDocument},
		"two signatures":            {change(func(d *pdf.Document) { d.Blocks = append(d.Blocks, d.Blocks[1]) }), pdf.ErrDocument},
		"level skipped":             {change(func(d *pdf.Document) { d.Blocks[0] = pdf.Heading{Level: 2, Text: pdf.Pair{First: "a"}} }), pdf.ErrDocument},
		"level of another world":    {document(pdf.Heading{Level: 3, Text: pdf.Pair{First: "a"}}), pdf.ErrDocument},
	} {
		if p, err := pdf.Write(c.d); !errors.Is(err, c.want) || p != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func manyItems() []pdf.Pair {
	items := make([]pdf.Pair, 4000)
	for i := range items {
		items[i] = pdf.Pair{First: "a", Second: "b"}
	}
	return items
}

// TestComposed: a name in decomposed form is drawn, and comes back composed.
func TestComposed(t *testing.T) {
	path := save(t, write(t, document(pdf.Paragraph{Text: pdf.Pair{First: "Z\u0307aneta G\u0119s\u0301la\u0328"}})).PDF)
	if text := run(t, "poppler-utils", "pdftotext", path, "-"); !strings.Contains(text, "Żaneta Gęślą") {
		t.Errorf("%q", text)
	}
}

// TestSealed: the agent's rule for what it signs, as the agent checks it.
func TestSealed(t *testing.T) {
	p := write(t, everything())
	certificate := sha256.Sum256([]byte("certificate"))
	c := seal.Claims{Kind: seal.Application, Origin: "https://ca.example.test", Number: "1", Digest: p.Digest(),
		ByteRange: p.ByteRange[:], Certificate: certificate[:]}
	got, err := c.Match("https://ca.example.test", []byte("certificate"), p.PDF)
	if err != nil || !bytes.Equal(got, p.SignedBytes()) {
		t.Errorf("Match: %v", err)
	}
}

func TestInsert(t *testing.T) {
	p := write(t, document())
	cms := bytes.Repeat([]byte{0xab}, 3000)
	signed, err := pdf.Insert(p.PDF, p.ByteRange, cms)
	if err != nil {
		t.Fatal(err)
	}
	if len(signed) != len(p.PDF) || !bytes.Equal((&pdf.Prepared{PDF: signed, ByteRange: p.ByteRange}).SignedBytes(), p.SignedBytes()) {
		t.Error("bytes outside the placeholder changed")
	}
	if !bytes.HasPrefix(signed[p.ByteRange[1]:], []byte("<abababab")) {
		t.Error("the CMS is not in the placeholder")
	}
	run(t, "qpdf", "qpdf", "--check", save(t, signed))

	r := p.ByteRange
	for name, c := range map[string]struct {
		document []byte
		r        [4]int
		cms      []byte
		want     error
	}{
		"signed already":     {signed, r, cms, pdf.ErrPlaceholder},
		"no CMS":             {p.PDF, r, nil, pdf.ErrTooLong},
		"CMS too long":       {p.PDF, r, make([]byte, pdf.SignatureCapacity+1), pdf.ErrTooLong},
		"bytes appended":     {append(bytes.Clone(p.PDF), '\n'), r, cms, pdf.ErrPlaceholder},
		"cut off":            {p.PDF[:len(p.PDF)-1], r, cms, pdf.ErrPlaceholder},
		"empty":              {nil, r, cms, pdf.ErrPlaceholder},
		"first is not 0":     {p.PDF, [4]int{1, r[1], r[2], r[3]}, cms, pdf.ErrPlaceholder},
		"negative":           {p.PDF, [4]int{0, -1, r[2], r[3]}, cms, pdf.ErrPlaceholder},
		"moved":              {p.PDF, [4]int{0, r[1] + 1, r[2] + 1, r[3] - 1}, cms, pdf.ErrPlaceholder},
		"narrower":           {p.PDF, [4]int{0, r[1] + 1, r[2] - 1, r[3] + 1}, cms, pdf.ErrPlaceholder},
		"gap in other bytes": {p.PDF, [4]int{0, 100, 100 + 2*pdf.SignatureCapacity + 2, len(p.PDF) - 102 - 2*pdf.SignatureCapacity}, cms, pdf.ErrPlaceholder},
		"huge":               {p.PDF, [4]int{0, int(^uint(0) >> 1), int(^uint(0) >> 1), 1}, cms, pdf.ErrPlaceholder},
	} {
		if _, err := pdf.Insert(c.document, c.r, c.cms); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// FuzzWrite: any text gives a document whose placeholder is in order, or ErrText or ErrTooLong.
func FuzzWrite(f *testing.F) {
	for _, s := range []string{alphabet, "", "a\nb", "Z\u0307", "ﬁ ŀ ŉ", "\u00a0a", strings.Repeat("x", 5000), "µ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := pdf.Write(document(pdf.Table{Rows: []pdf.Row{{Label: pdf.Pair{First: s, Second: s}, Value: pdf.Pair{First: s}}}}))
		if err != nil {
			if !errors.Is(err, pdf.ErrText) && !errors.Is(err, pdf.ErrTooLong) {
				t.Error(err)
			}
			return
		}
		if _, err := pdf.Reopen(p.PDF, p.ByteRange); err != nil {
			t.Error(err)
		}
		if sum := sha256.Sum256(p.SignedBytes()); !bytes.Equal(sum[:], p.Digest()) {
			t.Error("Digest is not that of SignedBytes")
		}
	})
}
