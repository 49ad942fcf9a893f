package pdf

import (
	"bytes"
	"fmt"
)

// Measures in points; A4 is 210 by 297 mm.
const (
	pageWidth    = 595.28
	pageHeight   = 841.89
	margin       = 54.0
	bodyWidth    = pageWidth - 2*margin
	firstTop     = 46.0 // of the first page, where the letterhead begins
	laterTop     = 74.0 // of the other pages, under the running head
	bodyBottom   = pageHeight - 62
	columnGap    = 20.0
	columnWidth  = (bodyWidth - columnGap) / 2
	secondColumn = margin + columnWidth + columnGap
)

type colour struct{ r, g, b float64 }

var (
	ink      = colour{0.09, 0.11, 0.15}
	muted    = colour{0.34, 0.37, 0.42} // 7:1 on white
	accent   = colour{0.07, 0.20, 0.40}
	alarm    = colour{0.68, 0.07, 0.10}
	hairline = colour{0.78, 0.81, 0.85}
	tint     = colour{0.955, 0.965, 0.98}
	ghost    = colour{0.95, 0.95, 0.96}
	white    = colour{1, 1, 1}
	black    = colour{0, 0, 0}
)

type style struct {
	bold          bool
	size, leading float64
	colour        colour
}

var (
	styleName    = style{true, 13, 16, accent}
	styleDetail  = style{false, 7.5, 9.8, muted}
	styleTitle   = style{true, 17, 21, accent}
	styleTitle2  = style{false, 11.5, 15, muted}
	styleSection = style{true, 10.5, 14, accent}
	styleSecond  = style{false, 9.5, 14, muted}
	styleText    = style{false, 9, 12.4, ink}
	styleText2   = style{false, 9, 12.4, muted}
	styleLabel   = style{false, 8.5, 11.6, muted}
	styleValue   = style{false, 9.5, 11.8, ink}
	styleNotice  = style{true, 9, 12.2, alarm}
	styleNotice2 = style{false, 9, 12.2, alarm}
	styleRunning = style{false, 7.5, 10, muted}
)

// layout turns blocks into units, and units into pages.
type layout struct {
	doc           *Document
	regular, bold *face
	root, form    *element
	signaturePage int
	units         []unit
	pages         []*page
}

// unit is what is never broken over two pages.
type unit struct {
	before float64 // space above, dropped at the top of a page
	height float64
	keep   bool // stays on the page of the next unit
	pieces []piece
	// under paints artefacts and figures before the pieces.
	under func(p *page, top float64) error
}

// piece is some lines of one element in one column.
type piece struct {
	element *element
	style   style
	x, top  float64 // top is from that of the unit
	right   bool    // x is the right edge
	lines   []string
	kid     int // index in the element's kids, reserved in reading order
}

func (pc *piece) height() float64 { return float64(len(pc.lines)) * pc.style.leading }

func newLayout(d *Document) (*layout, error) {
	l := &layout{doc: d, root: &element{tag: "Document"}}
	var err error
	if l.regular, err = newFace(regularTypeface(), "F1"); err != nil {
		return nil, err
	}
	l.bold, err = newFace(boldTypeface(), "F2")
	return l, err
}

func (l *layout) face(s style) *face {
	if s.bold {
		return l.bold
	}
	return l.regular
}

// set breaks a text into a piece for one column. The element, nil for artefacts, gets it as its
// next kid.
func (l *layout) set(e *element, s style, x, width, top float64, text string) (piece, error) {
	text, err := clean(text)
	if err != nil {
		return piece{}, err
	}
	p := piece{element: e, style: s, x: x, top: top}
	if p.lines, err = wrap(l.face(s), s.size, width, text); err != nil {
		return piece{}, err
	}
	if e != nil {
		p.kid = e.reserve()
	}
	return p, nil
}

func (l *layout) width(s style, text string) (float64, error) { return l.face(s).width(text, s.size) }

// fill lays out the blocks, then what repeats on each page.
func (l *layout) fill() error {
	if err := l.letterhead(); err != nil {
		return err
	}
	for i, b := range l.doc.Blocks {
		if err := b.lay(l); err != nil {
			return fmt.Errorf("block %d: %w", i+1, err)
		}
	}
	y := pageHeight // so that the first unit opens a page
	for i, u := range l.units {
		if y > l.top() && y+l.needed(i) > bodyBottom {
			if err := l.open(); err != nil {
				return err
			}
			y = l.top()
		}
		if y > l.top() {
			y += u.before
		}
		if y+u.height > bodyBottom {
			return fmt.Errorf("%w: a block does not fit one page", ErrTooLong)
		}
		if err := l.draw(u, l.pages[len(l.pages)-1], y); err != nil {
			return err
		}
		y += u.height
	}
	return l.running()
}

func (l *layout) top() float64 {
	if len(l.pages) == 1 {
		return firstTop
	}
	return laterTop
}

// needed is the height of a unit with those that it must not be parted from.
func (l *layout) needed(i int) float64 {
	sum := 0.0
	for ; i < len(l.units); i++ {
		sum += l.units[i].before + l.units[i].height
		if !l.units[i].keep {
			break
		}
	}
	return sum
}

func (l *layout) open() error {
	if len(l.pages) == MaxPages {
		return fmt.Errorf("%w: more than %d pages", ErrTooLong, MaxPages)
	}
	p := &page{index: len(l.pages)}
	p.content.WriteString("/Calibrated cs /Calibrated CS\n")
	l.pages = append(l.pages, p)
	return l.watermark(p)
}

func (l *layout) draw(u unit, p *page, top float64) error {
	if u.under != nil {
		if err := u.under(p, top); err != nil {
			return err
		}
	}
	for _, pc := range u.pieces {
		p.begin(pc.element, pc.kid)
		for i, line := range pc.lines {
			if err := l.line(p, pc, top+pc.top+float64(i)*pc.style.leading, line); err != nil {
				return err
			}
		}
		p.end()
	}
	return nil
}

// line draws one line whose box begins at top; capitals are centred in the leading.
func (l *layout) line(p *page, pc piece, top float64, text string) error {
	const capHeight = 0.729
	f, x := l.face(pc.style), pc.x
	if pc.right {
		w, err := f.width(text, pc.style.size)
		if err != nil {
			return err
		}
		x -= w
	}
	shown, err := f.show(text)
	if err != nil {
		return err
	}
	baseline := pageHeight - top - pc.style.leading/2 - capHeight*pc.style.size/2
	p.fill(pc.style.colour)
	fmt.Fprintf(&p.content, "BT /%s %.2f Tf 1 0 0 1 %.2f %.2f Tm %s TJ ET\n", f.resource, pc.style.size, x, baseline, shown)
	return nil
}

// page collects the content stream of one page.
type page struct {
	index   int
	number  int // object number, set by write
	content bytes.Buffer
	marks   []*element // by MCID
}

// begin opens marked content that is the given kid of the element; end closes it.
func (p *page) begin(e *element, n int) {
	fmt.Fprintf(&p.content, "/%s << /MCID %d >> BDC\n", e.tag, len(p.marks))
	e.kids[n] = kid{page: p.index, mark: len(p.marks)}
	p.marks = append(p.marks, e)
}

func (p *page) end() { p.content.WriteString("EMC\n") }

// artefact opens what is no content (ISO 32000-1 14.8.2.2): decoration, or page heads and feet.
func (p *page) artefact(properties string) {
	if properties == "" {
		p.content.WriteString("/Artifact BMC\n")
		return
	}
	fmt.Fprintf(&p.content, "/Artifact << %s >> BDC\n", properties)
}

func (p *page) fill(c colour) { fmt.Fprintf(&p.content, "%.3f %.3f %.3f sc\n", c.r, c.g, c.b) }

// rect fills a rectangle whose upper left corner is x, top.
func (p *page) rect(c colour, x, top, width, height float64) {
	p.fill(c)
	fmt.Fprintf(&p.content, "%.3f %.3f %.3f %.3f re f\n", x, pageHeight-top-height, width, height)
}

// frame strokes a rectangle.
func (p *page) frame(c colour, x, top, width, height float64) {
	fmt.Fprintf(&p.content, "0.8 w %.3f %.3f %.3f SC %.2f %.2f %.2f %.2f re S\n",
		c.r, c.g, c.b, x, pageHeight-top-height, width, height)
}
