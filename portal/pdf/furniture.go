package pdf

import (
	"fmt"
	"strings"
)

// letterhead lays the head of the first page and the notice under it. Both are content, to be read
// out once; on later pages they are artefacts.
func (l *layout) letterhead() error {
	name, err := l.set(l.root.child("P", ""), styleName, margin, 0.66*bodyWidth, 0, l.doc.Letterhead.Name)
	if err != nil {
		return fmt.Errorf("letterhead: %w", err)
	}
	u := unit{pieces: []piece{name}, height: name.height()}
	y := 1.5
	for _, detail := range l.doc.Letterhead.Details {
		p, err := l.set(l.root.child("P", ""), styleDetail, margin+bodyWidth, 0.32*bodyWidth, y, detail)
		if err != nil {
			return fmt.Errorf("letterhead: %w", err)
		}
		p.right = true
		u.pieces = append(u.pieces, p)
		y += p.height()
	}
	u.height = max(u.height, y) + 9
	u.under = func(p *page, top float64) error {
		p.artefact("")
		p.rect(accent, margin, top+u.height-1.6, bodyWidth, 1.6)
		p.end()
		return nil
	}
	l.units = append(l.units, u)
	return l.notice()
}

func (l *layout) notice() error {
	if l.doc.Notice.First == "" {
		return nil
	}
	u, err := l.boxed(l.doc.Notice, styleNotice, styleNotice2, alarm)
	if err != nil {
		return fmt.Errorf("notice: %w", err)
	}
	u.before = 10
	l.units = append(l.units, u)
	return nil
}

// boxed is a pair in a frame.
func (l *layout) boxed(text Pair, first, second style, c colour) (unit, error) {
	const inset = 8.0
	pieces, height, err := l.pair(text, first, second, margin+inset, bodyWidth-2*inset, inset)
	if err != nil {
		return unit{}, err
	}
	u := unit{pieces: pieces, height: height + 2*inset}
	u.under = func(p *page, top float64) error {
		p.artefact("")
		p.frame(c, margin, top, bodyWidth, u.height)
		p.end()
		return nil
	}
	return u, nil
}

// watermark draws one word across the page, before everything else: outlines and not text, so that
// it does not get in the way of text extraction.
func (l *layout) watermark(p *page) error {
	if l.doc.Watermark == "" {
		return nil
	}
	word, err := clean(l.doc.Watermark)
	if err != nil {
		return fmt.Errorf("watermark: %w", err)
	}
	unitWidth, err := l.bold.width(word, 1)
	if err != nil {
		return fmt.Errorf("watermark: %w", err)
	}
	path, err := l.bold.path(word)
	if err != nil {
		return fmt.Errorf("watermark: %w", err)
	}
	const cos, sin = 0.5736, 0.8192 // 55 degrees, along the page's diagonal
	size := min(640/unitWidth, 260)
	along, across := size*unitWidth/2, size*0.365
	scale := size / float64(l.bold.unitsPerEm)
	p.artefact("/Type /Background")
	p.fill(ghost)
	fmt.Fprintf(&p.content, "q %.6f %.6f %.6f %.6f %.2f %.2f cm\n%sf Q\n", scale*cos, scale*sin, -scale*sin, scale*cos,
		pageWidth/2-cos*along+sin*across, pageHeight/2-sin*along-cos*across, path)
	p.end()
	return nil
}

// running draws the foot of every page and the head of all but the first.
func (l *layout) running() error {
	for i, p := range l.pages {
		foot := pageHeight - 44.0
		p.artefact("/Type /Pagination /Subtype /Footer")
		p.rect(hairline, margin, foot-7, bodyWidth, 0.5)
		if err := l.ends(p, foot, l.doc.Reference, l.doc.PageLabel(i+1, len(l.pages)), styleRunning); err != nil {
			return fmt.Errorf("foot: %w", err)
		}
		p.end()
		if i == 0 {
			continue
		}
		p.artefact("/Type /Pagination /Subtype /Header")
		p.rect(accent, margin, 52, bodyWidth, 0.8)
		right, s := l.doc.Title, styleRunning
		if l.doc.Notice.First != "" {
			right, s = l.doc.Notice.First, style{true, styleRunning.size, styleRunning.leading, alarm}
		}
		if err := l.ends(p, 38, l.doc.Letterhead.Name, right, s); err != nil {
			return fmt.Errorf("head: %w", err)
		}
		p.end()
	}
	return nil
}

// ends draws one line of an artefact: a text at the left margin, another at the right. What is too
// long is cut off: the whole text stands on the first page.
func (l *layout) ends(p *page, top float64, left, right string, s style) error {
	for _, side := range []struct {
		text     string
		style    style
		x, width float64
		right    bool
	}{
		{left, styleRunning, margin, 0.37 * bodyWidth, false},
		{right, s, margin + bodyWidth, 0.60 * bodyWidth, true},
	} {
		pc, err := l.set(nil, side.style, side.x, side.width, 0, side.text)
		if err != nil {
			return err
		}
		text := pc.lines[0]
		if len(pc.lines) > 1 {
			text = strings.TrimRight(text, " ") + "…"
		}
		pc.right = side.right
		if err := l.line(p, pc, top, text); err != nil {
			return err
		}
	}
	return nil
}
