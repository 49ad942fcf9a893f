package window

import (
	"encoding/binary"
	"regexp"
	"strings"
	"unicode/utf16"
	"unsafe"
)

// block is a part of the text with a look of its own, shown by one control.
type block struct {
	text string
	look look
	hwnd uintptr
}

type look int

const (
	plainLook look = iota
	strongLook
	alertLook
	codeLook // large, for a code of six digits that people compare
)

var codeLine = regexp.MustCompile(`^[0-9]{3} [0-9]{3}$`)

// blocksOf cuts a question into blocks: what went wrong, then the first line, which says who asks, then
// the paragraphs.
func blocksOf(q question) []block {
	var all []block
	if q.alert != "" {
		all = append(all, block{text: q.alert, look: alertLook})
	}
	head, rest, _ := strings.Cut(q.text, "\n")
	all = append(all, block{text: head, look: strongLook})
	for _, p := range strings.Split(rest, "\n\n") {
		p = strings.Trim(p, "\n")
		switch {
		case p == "":
		case codeLine.MatchString(p):
			all = append(all, block{text: p, look: codeLook})
		default:
			all = append(all, block{text: p})
		}
	}
	return all
}

// Ids of the controls. Those of Win32's own dialogs let Return and Escape do what people expect.
const (
	idYes    = 1 // IDOK
	idCancel = 2 // IDCANCEL
	idNo     = 7 // IDNO
	idEnded  = 3 // IDABORT; no control
	idPIN    = 100
	idPrompt = 101
	idBlock  = 200 // and up
)

// template is a DLGTEMPLATE whose controls have no size yet; arrange gives them one when the font is known.
func (b *box) template() []byte {
	type control struct {
		style, ex uint32
		id        uint16
		class     uint16
		text      string
	}
	var controls []control
	for i, block := range b.blocks {
		controls = append(controls, control{ssNoPrefix | ssEditControl, 0, uint16(idBlock + i), classStatic, block.text})
	}
	if b.q.prompt != "" {
		controls = append(controls, control{0, 0, idPrompt, classStatic, strings.ReplaceAll(b.q.prompt, "&", "&&")},
			control{wsTabStop | esPassword | esAutoHScroll, wsExClientEdge, idPIN, classEdit, ""})
	}
	for _, c := range []control{
		{wsTabStop | bsDefault, 0, idYes, classButton, b.q.yes},
		{wsTabStop, 0, idNo, classButton, b.q.no},
		{wsTabStop, 0, idCancel, classButton, b.q.cancel},
	} {
		if c.text != "" {
			c.text = mnemonic(c.text)
			controls = append(controls, c)
		}
	}
	t := binary.LittleEndian.AppendUint32(nil, wsPopup|wsCaption|wsSysMenu|dsModalFrame|dsSetFont|dsSetForeground)
	t = binary.LittleEndian.AppendUint32(t, wsExTopmost|wsExAppWindow)
	t = binary.LittleEndian.AppendUint16(t, uint16(len(controls)))
	t = append(t, make([]byte, 4*2+2+2)...) // place, size; no menu, the usual class
	t = appendUTF16(t, b.q.title)
	t = binary.LittleEndian.AppendUint16(t, fontPoints)
	t = appendUTF16(t, fontName)
	for _, c := range controls {
		for len(t)%4 != 0 {
			t = append(t, 0)
		}
		t = binary.LittleEndian.AppendUint32(t, wsChild|wsVisible|c.style)
		t = binary.LittleEndian.AppendUint32(t, c.ex)
		t = append(t, make([]byte, 4*2)...)
		t = binary.LittleEndian.AppendUint16(t, c.id)
		t = binary.LittleEndian.AppendUint16(t, 0xffff)
		t = binary.LittleEndian.AppendUint16(t, c.class)
		t = appendUTF16(t, strings.ReplaceAll(c.text, "\n", "\r\n"))
		t = binary.LittleEndian.AppendUint16(t, 0)
	}
	return t
}

// The font of Windows' own dialogs since Vista.
const (
	fontPoints = 9
	fontName   = "Segoe UI"
)

// mnemonic turns the underscore before the key that presses a button into Win32's ampersand.
func mnemonic(s string) string {
	return strings.Replace(strings.ReplaceAll(s, "&", "&&"), "_", "&", 1)
}

func appendUTF16(b []byte, s string) []byte {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return binary.LittleEndian.AppendUint16(b, 0)
}

// Measures in dialog units, which grow with the font and with the screen's resolution: a quarter of a
// character wide, an eighth high.
const (
	unitsWide      = 270
	unitsMargin    = 11
	unitsGap       = 7
	unitsField     = 14
	unitsFieldWide = 110
	unitsButton    = 15
	unitsButtonPad = 8
	unitsButtonMin = 54
)

// arrange gives every control its place and the box its size, in the middle of the screen where the person
// is.
func (b *box) arrange() {
	dc, _, _ := getDC.Call(b.hwnd)
	defer releaseDC.Call(b.hwnd, dc)
	base, _, _ := sendMessage.Call(b.hwnd, wmGetFont, 0, 0)
	strong, large := b.font(base, 1, fontBold), b.font(base, 2, fontBold)
	x, y := b.pixels(unitsMargin, unitsMargin)
	wide, gap := b.pixels(unitsWide, unitsGap)
	for i := range b.blocks {
		block := &b.blocks[i]
		block.hwnd = b.item(idBlock + i)
		font := base
		switch block.look {
		case strongLook, alertLook:
			font = strong
		case codeLook:
			font = large
		}
		sendMessage.Call(block.hwnd, wmSetFont, font, 0)
		_, high := measure(dc, font, block.text, wide)
		place(block.hwnd, x, y, wide, high)
		y += high + gap
	}
	if b.q.prompt != "" {
		y = b.arrangeField(dc, base, x, y) + gap
	}
	y = b.arrangeButtons(dc, base, x, y+gap, wide)
	_, bottom := b.pixels(0, unitsMargin)
	b.resize(2*x+wide, y+bottom)
}

func (b *box) arrangeField(dc, font uintptr, x, y int32) (below int32) {
	wide, high := b.pixels(unitsFieldWide, unitsField)
	gap, _ := b.pixels(unitsGap, 0)
	label, labelHigh := measure(dc, font, b.q.prompt, 10*wide)
	place(b.item(idPrompt), x, y+(high-labelHigh)/2, label+2, labelHigh)
	place(b.item(idPIN), x+label+gap, y, wide, high)
	sendMessage.Call(b.item(idPIN), emLimitText, maxPIN, 0)
	return y + high
}

// arrangeButtons puts View document to the left, as in the system's own dialogs, and the rest to the right.
func (b *box) arrangeButtons(dc, font uintptr, left, y, wide int32) (below int32) {
	smallest, high := b.pixels(unitsButtonMin, unitsButton)
	padding, _ := b.pixels(unitsButtonPad, 0)
	gap, _ := b.pixels(unitsGap, 0)
	width := func(text string) int32 {
		w, _ := measure(dc, font, strings.Replace(text, "_", "", 1), 10*wide)
		return max(smallest, w+2*padding)
	}
	right := left + wide
	for _, c := range []struct {
		id   int
		text string
	}{{idCancel, b.q.cancel}, {idYes, b.q.yes}} {
		if c.text != "" {
			w := width(c.text)
			place(b.item(c.id), right-w, y, w, high)
			right -= w + gap
		}
	}
	if b.q.no != "" {
		place(b.item(idNo), left, y, width(b.q.no), high)
	}
	return y + high
}

// resize sets the size inside the frame and centres the box on the screen of the window that was in front.
func (b *box) resize(wide, high int32) {
	var outer, inner rect
	getWindowRect.Call(b.hwnd, uintptr(unsafe.Pointer(&outer)))
	getClientRect.Call(b.hwnd, uintptr(unsafe.Pointer(&inner)))
	wide += outer.right - outer.left - inner.right
	high += outer.bottom - outer.top - inner.bottom
	from := b.previous
	if from == 0 {
		from = b.hwnd
	}
	monitor, _, _ := monitorFromWindow.Call(from, monitorNearest)
	info := monitorInfo{size: uint32(unsafe.Sizeof(monitorInfo{}))}
	getMonitorInfo.Call(monitor, uintptr(unsafe.Pointer(&info)))
	x := info.work.left + (info.work.right-info.work.left-wide)/2
	y := info.work.top + max(0, (info.work.bottom-info.work.top-high)/2)
	setWindowPos.Call(b.hwnd, hwndTopmost, uintptr(x), uintptr(y), uintptr(wide), uintptr(high), 0)
}

// pixels converts dialog units.
func (b *box) pixels(x, y int32) (int32, int32) {
	r := rect{right: x, bottom: y}
	mapDialogRect.Call(b.hwnd, uintptr(unsafe.Pointer(&r)))
	return r.right, r.bottom
}

func place(hwnd uintptr, x, y, wide, high int32) {
	moveWindow.Call(hwnd, uintptr(x), uintptr(y), uintptr(wide), uintptr(high), 0)
}

// measure says how much room a text needs, in lines of at most wide.
func measure(dc, font uintptr, text string, wide int32) (int32, int32) {
	old, _, _ := selectObject.Call(dc, font)
	defer selectObject.Call(dc, old)
	r := rect{right: wide}
	s := utf16.Encode([]rune(text))
	if len(s) > 0 {
		drawText.Call(dc, uintptr(unsafe.Pointer(&s[0])), uintptr(len(s)), uintptr(unsafe.Pointer(&r)), dtCalcRect|dtWordBreak|dtNoPrefix|dtEditControl)
	}
	return r.right, r.bottom
}

// font derives one from another.
func (b *box) font(base uintptr, times, weight int32) uintptr {
	var f logFont
	getObject.Call(base, unsafe.Sizeof(f), uintptr(unsafe.Pointer(&f)))
	f.height *= times
	f.weight = weight
	h, _, _ := createFontIndirect.Call(uintptr(unsafe.Pointer(&f)))
	if h == 0 {
		return base
	}
	b.fonts = append(b.fonts, h)
	return h
}

// colour paints texts on the colour of windows; what went wrong is red where the person has not chosen
// colours of their own.
func (b *box) colour(dc, control uintptr) uintptr {
	background, _, _ := getSysColor.Call(colorWindow)
	text, _, _ := getSysColor.Call(colorWindowText)
	for _, block := range b.blocks {
		if block.hwnd == control && block.look == alertLook && background == white {
			text = darkRed
		}
	}
	setTextColor.Call(dc, text)
	setBkColor.Call(dc, background)
	brush, _, _ := getSysColorBrush.Call(colorWindow)
	return brush
}
