package pdf

import (
	"fmt"
	"strings"
)

// element is a node of the structure tree (ISO 32000-1 14.7). Elements are made in reading order.
type element struct {
	tag        string
	language   string // empty: as the parent
	alt        string
	attributes string // PDF dictionary, such as a table header's scope
	parent     *element
	kids       []kid
	number     int // object number, set by writer.structure
}

// kid is one of: another element, marked content on a page, the signature field on a page.
type kid struct {
	element *element
	page    int
	mark    int
	field   bool
}

func (e *element) child(tag, language string) *element {
	c := &element{tag: tag, language: language, parent: e}
	e.kids = append(e.kids, kid{element: c})
	return c
}

// reserve makes room for marked content that is drawn later, so that kids keep the reading order.
func (e *element) reserve() int {
	e.kids = append(e.kids, kid{})
	return len(e.kids) - 1
}

// each visits the element and all below it in reading order.
func (e *element) each(visit func(*element)) {
	visit(e)
	for _, k := range e.kids {
		if k.element != nil {
			k.element.each(visit)
		}
	}
}

// structure writes the tree and gives the number of its root.
func (w *writer) structure(l *layout, field int) int {
	root, parents := w.reserve(), w.reserve()
	l.root.each(func(e *element) { e.number = w.reserve() })
	l.root.each(func(e *element) { w.element(e, l, root, field) })
	var nums strings.Builder
	for i, p := range l.pages {
		fmt.Fprintf(&nums, "%d [", i)
		for _, e := range p.marks {
			fmt.Fprintf(&nums, " %d 0 R", e.number)
		}
		nums.WriteString(" ] ")
	}
	fmt.Fprintf(&nums, "%d %d 0 R", len(l.pages), l.form.number)
	w.object(parents, fmt.Sprintf("<< /Nums [ %s ] >>", nums.String()))
	w.object(root, fmt.Sprintf("<< /Type /StructTreeRoot /K %d 0 R /ParentTree %d 0 R /ParentTreeNextKey %d >>",
		l.root.number, parents, len(l.pages)+1))
	return root
}

func (w *writer) element(e *element, l *layout, root, field int) {
	parent := root
	if e.parent != nil {
		parent = e.parent.number
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<< /Type /StructElem /S /%s /P %d 0 R", e.tag, parent)
	if e.language != "" {
		fmt.Fprintf(&b, " /Lang (%s)", e.language)
	}
	if e.alt != "" {
		fmt.Fprintf(&b, " /Alt %s", textString(e.alt))
	}
	if e.attributes != "" {
		fmt.Fprintf(&b, " /A %s", e.attributes)
	}
	b.WriteString(" /K [")
	for _, k := range e.kids {
		switch {
		case k.element != nil:
			fmt.Fprintf(&b, " %d 0 R", k.element.number)
		case k.field:
			fmt.Fprintf(&b, " << /Type /OBJR /Pg %d 0 R /Obj %d 0 R >>", l.pages[k.page].number, field)
		default:
			fmt.Fprintf(&b, " << /Type /MCR /Pg %d 0 R /MCID %d >>", l.pages[k.page].number, k.mark)
		}
	}
	b.WriteString(" ] >>")
	w.object(e.number, b.String())
}
