// Package pdf writes one kind of document: a few tagged pages of headings, text, tables and a QR
// code, with one empty signature field, in a single revision that the signature covers as a whole.
//
// The output follows PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1): embedded subset fonts,
// device-independent colour, a structure tree with languages and alternative texts, XMP metadata.
// Because the signature dictionary and its placeholder are there from the start, nobody has to
// parse or update a PDF later: [Insert] fills the gap and touches nothing else.
//
// The same [Document] gives the same bytes; time is part of it. Text may come from anywhere: every
// character is checked, and what the fonts cannot show is an error and never a blank. The package
// reads no PDF, signs nothing, and does not know what its documents are about.
package pdf

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"time"
)

var (
	// ErrText is text that this package refuses to draw: empty, not UTF-8, control or
	// bidirectional characters, a script that needs shaping, a character without a glyph.
	ErrText = errors.New("text cannot be written")
	// ErrTooLong is a block higher than a page, or a document of more than MaxPages.
	ErrTooLong = errors.New("content is too long")
	// ErrDocument is a document that lacks something or is out of order.
	ErrDocument = errors.New("document is incomplete")
)

// MaxPages is the most pages of a document.
const MaxPages = 40

// Document is what gets written.
type Document struct {
	Title       string // title bar of viewers, metadata
	Author      string // metadata
	Language    string // BCP 47: of the title and of every Pair's First
	Translation string // BCP 47: of every Pair's Second
	// Created goes into the metadata and, as ISO 32000-1 12.8.1 entry M, into the signature
	// dictionary. It is written in UTC, to the second.
	Created    time.Time
	Letterhead Letterhead
	// Notice, if any, stands in a box under the letterhead and in the head of each later page.
	Notice Pair
	// Watermark, if any, is one word across each page, behind the text.
	Watermark string
	// Reference stands at the foot of each page, on the left.
	Reference string
	// PageLabel gives the foot's right side, such as "page 1 of 2".
	PageLabel func(page, pages int) string
	// Blocks are headings, texts and tables in reading order, with exactly one Signature.
	Blocks []Block
}

// Pair is a text in the document's language and its translation. Without Second, First takes the
// whole width.
type Pair struct{ First, Second string }

// Letterhead is the head of the first page.
type Letterhead struct {
	Name    string
	Details []string // short lines: address, registers
}

// Prepared is a written document whose signature is still missing.
type Prepared struct {
	PDF []byte
	// ByteRange is that of ISO 32000-1 12.8.1: offset and length of the bytes before the
	// placeholder, offset and length of those after it.
	ByteRange [4]int
}

// SignedBytes gives the bytes that a signature covers: all but the placeholder.
func (p *Prepared) SignedBytes() []byte {
	r := p.ByteRange
	out := make([]byte, 0, r[1]+r[3])
	return append(append(out, p.PDF[:r[1]]...), p.PDF[r[2]:]...)
}

// Digest is the SHA-256 of SignedBytes.
func (p *Prepared) Digest() []byte {
	h := sha256.New()
	h.Write(p.PDF[:p.ByteRange[1]])
	h.Write(p.PDF[p.ByteRange[2]:])
	return h.Sum(nil)
}

// Write lays the document out and writes it. Errors wrap ErrText, ErrTooLong or ErrDocument.
func Write(d Document) (*Prepared, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	l, err := newLayout(&d)
	if err != nil {
		return nil, err
	}
	if err := l.fill(); err != nil {
		return nil, err
	}
	return l.write()
}

// language is the part of BCP 47 that is safe inside a PDF literal string.
var language = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func (d *Document) check() error {
	switch {
	case d.Title == "" || d.Author == "" || d.Letterhead.Name == "":
		return fmt.Errorf("%w: title, author or letterhead", ErrDocument)
	case !language.MatchString(d.Language) || !language.MatchString(d.Translation):
		return fmt.Errorf("%w: language", ErrDocument)
	case d.Created.IsZero() || d.Created.UTC().Year() > 9999:
		return fmt.Errorf("%w: time of creation", ErrDocument)
	case d.PageLabel == nil || d.Reference == "":
		return fmt.Errorf("%w: reference or page label", ErrDocument)
	}
	return d.checkOutline()
}

// checkOutline holds ISO 14289-1 7.4.2, heading levels start at 1 and none is skipped, and that
// there is one place to sign.
func (d *Document) checkOutline() error {
	level, signatures := 0, 0
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case Heading:
			if b.Level < 1 || b.Level > 2 || b.Level > level+1 {
				return fmt.Errorf("%w: heading of level %d after one of level %d", ErrDocument, b.Level, level)
			}
			level = b.Level
		case Signature:
			signatures++
		}
	}
	if level == 0 || signatures != 1 {
		return fmt.Errorf("%w: it needs a heading and exactly one signature", ErrDocument)
	}
	return nil
}
