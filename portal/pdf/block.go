package pdf

import (
	"fmt"

	"github.com/skip2/go-qrcode"
)

// Block is one of Heading, Paragraph, Table, List, QR, Signature.
type Block interface {
	lay(l *layout) error
}

// Heading is of level 1, the title, or 2, a section. It stays with the block after it.
type Heading struct {
	Level int
	Text  Pair
}

// Paragraph is running text; a translation stands beside it.
type Paragraph struct{ Text Pair }

// Table has rows of a heading and a value.
type Table struct{ Rows []Row }

// Row is one line of a table. The translation of the value, if any, stands under it.
type Row struct{ Label, Value Pair }

// List has numbered items; the translations stand beside them.
type List struct{ Items []Pair }

// QR is a QR code (ISO/IEC 18004, level M) of vector rectangles, with a caption beside it.
type QR struct {
	Content string // at most 300 bytes
	Alt     string // what the picture is, for those who cannot see it
	Caption []Pair
}

// Signature is where the signature belongs: a framed note and the empty, invisible field.
type Signature struct {
	Label string // what the field is for, for assistive technology
	Note  Pair
}

func (h Heading) lay(l *layout) error {
	if h.Level == 1 {
		return l.title(h.Text)
	}
	e := l.root.child("H2", "")
	first, err := l.set(e, styleSection, margin, bodyWidth, 0, h.Text.First)
	if err != nil {
		return err
	}
	u := unit{before: 17, keep: true, pieces: []piece{first}, height: first.height()}
	if h.Text.Second != "" {
		second, err := l.beside(e, first, h.Text.Second)
		if err != nil {
			return err
		}
		u.pieces = append(u.pieces, second)
		u.height = second.top + second.height()
	}
	u.height += 4
	l.units = append(l.units, u)
	return nil
}

// beside sets a section's translation on the line of the heading, or under it where it is too long.
func (l *layout) beside(e *element, first piece, text string) (piece, error) {
	last := first.lines[len(first.lines)-1]
	used, err := l.width(first.style, last)
	if err != nil {
		return piece{}, err
	}
	const gap = 8.0
	x, top := margin+used+gap, first.height()-first.style.leading
	second, err := l.set(e.child("Span", l.doc.Translation), styleSecond, x, bodyWidth, top, text)
	if err != nil {
		return piece{}, err
	}
	w, err := l.width(second.style, second.lines[0])
	if err != nil {
		return piece{}, err
	}
	if len(second.lines) > 1 || x+w > margin+bodyWidth {
		second.x, second.top = margin, first.height()
	} else {
		first.lines[len(first.lines)-1] = last + " " // parts the two in text extraction
	}
	return second, nil
}

func (l *layout) title(text Pair) error {
	e := l.root.child("H1", "")
	first, err := l.set(e, styleTitle, margin, bodyWidth, 0, text.First)
	if err != nil {
		return err
	}
	u := unit{before: 20, keep: true, pieces: []piece{first}, height: first.height()}
	if text.Second != "" {
		second, err := l.set(e.child("Span", l.doc.Translation), styleTitle2, margin, bodyWidth, u.height+1, text.Second)
		if err != nil {
			return err
		}
		u.pieces = append(u.pieces, second)
		u.height = second.top + second.height()
	}
	u.height += 8
	l.units = append(l.units, u)
	return nil
}

func (b Paragraph) lay(l *layout) error {
	pieces, height, err := l.pair(b.Text, styleText, styleText2, margin, bodyWidth, 0)
	if err != nil {
		return err
	}
	l.units = append(l.units, unit{before: 9, pieces: pieces, height: height})
	return nil
}

// pair sets two paragraphs side by side, or one over the whole width.
func (l *layout) pair(text Pair, first, second style, x, width, top float64) ([]piece, float64, error) {
	column := width
	if text.Second != "" {
		column = (width - columnGap) / 2
	}
	left, err := l.set(l.root.child("P", ""), first, x, column, top, text.First)
	if err != nil || text.Second == "" {
		return []piece{left}, left.height(), err
	}
	right, err := l.set(l.root.child("P", l.doc.Translation), second, x+column+columnGap, column, top, text.Second)
	return []piece{left, right}, max(left.height(), right.height()), err
}

// Columns of a table.
const (
	labelWidth = 118.0
	cellGap    = 10.0
	cellInset  = 3.4 // above and below the text of a row
	label2X    = margin + labelWidth + cellGap
	valueX     = label2X + labelWidth + cellGap
	valueWidth = margin + bodyWidth - valueX
)

func (t Table) lay(l *layout) error {
	table := l.root.child("Table", "")
	for i, r := range t.Rows {
		u, err := l.row(table, r)
		if err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		bottom := u.height
		u.keep = i == 0 && len(t.Rows) > 1 // no single row at the foot of a page
		u.under = func(p *page, y float64) error {
			p.artefact("")
			p.rect(hairline, margin, y-0.25, bodyWidth, 0.5)
			p.rect(hairline, margin, y+bottom-0.25, bodyWidth, 0.5)
			p.end()
			return nil
		}
		l.units = append(l.units, u)
	}
	return nil
}

func (l *layout) row(table *element, r Row) (unit, error) {
	tr := table.child("TR", "")
	th := tr.child("TH", "")
	th.attributes = "<< /O /Table /Scope /Row >>"
	td := tr.child("TD", "")
	u := unit{}
	add := func(e *element, s style, x, width, top float64, text string) error {
		p, err := l.set(e, s, x, width, top, text)
		if err != nil {
			return err
		}
		p.lines[len(p.lines)-1] += " " // parts neighbours in text extraction
		u.pieces = append(u.pieces, p)
		u.height = max(u.height, p.top+p.height()+cellInset)
		return nil
	}
	if err := add(th, styleLabel, margin, labelWidth, cellInset, r.Label.First); err != nil {
		return u, err
	}
	u.pieces[0].style.colour = ink
	if r.Label.Second != "" {
		if err := add(th.child("Span", l.doc.Translation), styleLabel, label2X, labelWidth, cellInset, r.Label.Second); err != nil {
			return u, err
		}
	}
	if err := add(td, styleValue, valueX, valueWidth, cellInset, r.Value.First); err != nil {
		return u, err
	}
	if r.Value.Second == "" {
		return u, nil
	}
	value := u.pieces[len(u.pieces)-1]
	return u, add(td.child("Span", l.doc.Translation), styleLabel, valueX, valueWidth, value.top+value.height(), r.Value.Second)
}

func (b List) lay(l *layout) error {
	list := l.root.child("L", "")
	list.attributes = "<< /O /List /ListNumbering /Decimal >>"
	for i, item := range b.Items {
		u, err := l.item(list, fmt.Sprintf("%d.", i+1), item)
		if err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
		l.units = append(l.units, u)
	}
	return nil
}

func (l *layout) item(list *element, label string, text Pair) (unit, error) {
	const indent = 15.0
	li := list.child("LI", "")
	number, err := l.set(li.child("Lbl", ""), styleText, margin, indent, 0, label)
	if err != nil {
		return unit{}, err
	}
	number.lines[0] += " "
	body := li.child("LBody", "")
	width := bodyWidth
	if text.Second != "" {
		width = columnWidth
	}
	first, err := l.set(body, styleText, margin+indent, width-indent, 0, text.First)
	u := unit{before: 5, pieces: []piece{number, first}, height: first.height()}
	if err != nil || text.Second == "" {
		return u, err
	}
	span := body.child("Span", l.doc.Translation)
	number2, err := l.set(span, styleText2, secondColumn, indent, 0, label)
	if err != nil {
		return u, err
	}
	number2.lines[0] += " "
	second, err := l.set(span, styleText2, secondColumn+indent, columnWidth-indent, 0, text.Second)
	u.pieces = append(u.pieces, number2, second)
	u.height = max(u.height, second.height())
	return u, err
}

func (b QR) lay(l *layout) error {
	const size, gap = 118.0, 14.0
	if len(b.Content) == 0 || len(b.Content) > 300 {
		return fmt.Errorf("%w: QR code of %d bytes", ErrTooLong, len(b.Content))
	}
	alt, err := clean(b.Alt)
	if err != nil {
		return err
	}
	code, err := qrcode.New(b.Content, qrcode.Medium)
	if err != nil {
		return fmt.Errorf("%w: QR code: %w", ErrTooLong, err)
	}
	figure := l.root.child("Figure", "")
	figure.alt = alt
	picture := figure.reserve()
	u := unit{before: 8, height: size}
	y := 0.0
	for _, text := range b.Caption {
		pieces, height, err := l.pair(text, styleText, styleText2, margin+size+gap, bodyWidth-size-gap, y)
		if err != nil {
			return err
		}
		u.pieces = append(u.pieces, pieces...)
		y += height + 5
	}
	u.height = max(size, y-5)
	u.under = func(p *page, top float64) error {
		figure.attributes = fmt.Sprintf("<< /O /Layout /Placement /Block /BBox [ %.2f %.2f %.2f %.2f ] >>",
			margin, pageHeight-top-size, margin+size, pageHeight-top)
		p.artefact("")
		p.rect(white, margin, top, size, size) // no watermark in the quiet zone
		p.frame(hairline, margin, top, size, size)
		p.end()
		p.begin(figure, picture)
		p.modules(code.Bitmap(), margin, top, size)
		p.end()
		return nil
	}
	l.units = append(l.units, u)
	return nil
}

// modules fills a QR code's dark modules, those that touch in a row as one rectangle.
func (p *page) modules(bitmap [][]bool, x, top, size float64) {
	module := size / float64(len(bitmap))
	p.fill(black)
	for r, row := range bitmap {
		for c := 0; c < len(row); c++ {
			n := 0
			for c+n < len(row) && row[c+n] {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&p.content, "%.3f %.3f %.3f %.3f re\n",
					x+float64(c)*module, pageHeight-top-float64(r+1)*module, float64(n)*module, module)
				c += n
			}
		}
	}
	p.content.WriteString("f\n")
}

func (b Signature) lay(l *layout) error {
	label, err := clean(b.Label)
	if err != nil {
		return err
	}
	u, err := l.boxed(b.Note, styleText, styleText2, accent)
	if err != nil {
		return err
	}
	l.form = l.root.child("Form", "")
	l.form.alt = label
	place := l.form.reserve()
	frame := u.under
	u.before = 8
	u.under = func(p *page, top float64) error {
		l.signaturePage = p.index
		l.form.kids[place] = kid{page: p.index, field: true}
		p.artefact("")
		p.rect(tint, margin, top, bodyWidth, u.height)
		p.end()
		return frame(p, top)
	}
	l.units = append(l.units, u)
	return nil
}
