package window

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/windows"
)

// maxPIN is the most UTF-16 units that the field takes.
const maxPIN = 255

// settling is how long a new box takes no answer: whoever was typing elsewhere when it came to the front
// must not have answered it.
const settling = 300 * time.Millisecond

// box is one question on the screen. All of it happens on one thread, show's.
type box struct {
	ctx    context.Context
	q      question
	blocks []block

	hwnd     uintptr
	shown    time.Time
	pressed  int // the button
	fonts    []uintptr
	previous uintptr // the window that had the keyboard

	typed  [maxPIN + 1]uint16
	length int
}

func newBox(ctx context.Context, q question) *box {
	return &box{ctx: ctx, q: q, blocks: blocksOf(q), pressed: idCancel}
}

// boxes are those on the screen, by the handle of their window, and the one that is about to be.
var boxes struct {
	sync.Mutex
	open map[uintptr]*box
}

// procedure is the one callback: Go can make only so many, and never gives one back.
var procedure = sync.OnceValue(func() uintptr {
	return windows.NewCallback(func(hwnd, message, wParam, lParam uintptr) uintptr {
		boxes.Lock()
		if message == wmInitDialog {
			boxes.open[hwnd] = boxes.open[lParam]
		}
		b := boxes.open[hwnd]
		boxes.Unlock()
		if b == nil {
			return 0
		}
		return b.handle(hwnd, uint32(message), wParam, lParam)
	})
})

// show shows the box until it is answered or ctx ends, whose error it gives then.
func (b *box) show() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer modern()()
	b.previous, _, _ = getForegroundWindow.Call()
	b.add(uintptr(unsafe.Pointer(b)))
	defer b.forget()
	defer context.AfterFunc(b.ctx, b.end)()
	template := b.template()
	result, _, err := dialogBoxIndirectParam.Call(0, uintptr(unsafe.Pointer(&template[0])), 0, procedure(), uintptr(unsafe.Pointer(b)))
	runtime.KeepAlive(template)
	if b.ctx.Err() != nil {
		return b.ctx.Err()
	}
	if int(result) <= 0 {
		return fmt.Errorf("%w: opening a dialog: %w", ErrUnavailable, err)
	}
	return nil
}

func (b *box) add(key uintptr) {
	boxes.Lock()
	defer boxes.Unlock()
	if boxes.open == nil {
		boxes.open = map[uintptr]*box{}
	}
	boxes.open[key] = b
}

func (b *box) forget() {
	boxes.Lock()
	delete(boxes.open, b.hwnd)
	delete(boxes.open, uintptr(unsafe.Pointer(b)))
	boxes.Unlock()
	for _, f := range b.fonts {
		deleteObject.Call(f)
	}
}

// end closes the box from another goroutine. One whose window is not there yet looks at ctx itself.
func (b *box) end() {
	boxes.Lock()
	hwnd := b.hwnd
	boxes.Unlock()
	if hwnd != 0 {
		postMessage.Call(hwnd, wmEnd, 0, 0)
	}
}

// handle is the dialog's procedure: 1 means that the message needs nothing more.
func (b *box) handle(hwnd uintptr, message uint32, wParam, lParam uintptr) uintptr {
	switch message {
	case wmInitDialog:
		return b.begin(hwnd)
	case wmCommand:
		if wParam>>16 == bnClicked {
			b.press(int(wParam & 0xffff))
		}
		return 1
	case wmClose:
		b.finish(idCancel)
		return 1
	case wmEnd:
		b.finish(idEnded)
		return 1
	case wmControlColorDialog, wmControlColorStatic:
		return b.colour(wParam, lParam)
	}
	return 0
}

func (b *box) begin(hwnd uintptr) uintptr {
	boxes.Lock()
	b.hwnd = hwnd
	boxes.Unlock()
	if b.ctx.Err() != nil {
		b.finish(idEnded)
		return 0
	}
	b.arrange()
	b.shown = time.Now()
	b.toFront()
	focus := b.item(idYes)
	switch {
	case b.q.prompt != "":
		focus = b.item(idPIN)
	case b.q.yes == "":
		focus = b.item(idCancel)
	}
	setFocus.Call(focus)
	return 0 // the focus is set
}

// press takes a button, which Return and Escape press too.
func (b *box) press(id int) {
	switch {
	case id == idCancel:
	case id == idYes && b.q.yes == "" || id == idNo && b.q.no == "" || id != idYes && id != idNo:
		return
	case time.Since(b.shown) < settling:
		return
	}
	if id == idYes && b.q.prompt != "" && !b.takePIN() {
		return
	}
	b.finish(id)
}

func (b *box) finish(id int) {
	if b.q.prompt != "" {
		b.wipeField()
	}
	b.pressed = id
	endDialog.Call(b.hwnd, uintptr(id))
}

// takePIN copies what was typed. An empty field is no answer: the person has pressed Return too early.
func (b *box) takePIN() bool {
	n, _, _ := getWindowText.Call(b.item(idPIN), uintptr(unsafe.Pointer(&b.typed[0])), uintptr(len(b.typed)))
	b.length = int(n)
	return b.length > 0
}

// wipeField writes over the field's own memory before it lets go of it.
func (b *box) wipeField() {
	var over [maxPIN + 1]uint16
	n, _, _ := sendMessage.Call(b.item(idPIN), wmGetTextLength, 0, 0)
	for i := range min(int(n), maxPIN) {
		over[i] = '0'
	}
	setWindowText.Call(b.item(idPIN), uintptr(unsafe.Pointer(&over[0])))
	over[0] = 0
	setWindowText.Call(b.item(idPIN), uintptr(unsafe.Pointer(&over[0])))
	sendMessage.Call(b.item(idPIN), emEmptyUndoBuffer, 0, 0)
}

func (b *box) item(id int) uintptr {
	h, _, _ := getDlgItem.Call(b.hwnd, uintptr(id))
	return h
}

// toFront makes the box the window that has the keyboard. Windows gives that only to the program that the
// person used last and to those that it names, which the native host does for the session (package host).
// For the rest it lets those in who share the input of the window in front; where even that fails, the box
// is above all others and blinks.
func (b *box) toFront() {
	showWindow.Call(b.hwnd, swShow)
	if ok, _, _ := setForegroundWindow.Call(b.hwnd); ok != 0 && b.inFront() {
		return
	}
	own := windows.GetCurrentThreadId()
	other, _, _ := getWindowThreadProcessID.Call(b.previous, 0)
	if other != 0 && uint32(other) != own {
		attachThreadInput.Call(uintptr(own), other, 1)
		bringWindowToTop.Call(b.hwnd)
		setForegroundWindow.Call(b.hwnd)
		attachThreadInput.Call(uintptr(own), other, 0)
	}
	if !b.inFront() {
		flashWindow.Call(b.hwnd, 1)
	}
}

func (b *box) inFront() bool {
	h, _, _ := getForegroundWindow.Call()
	return h == b.hwnd
}

// utf8Bytes encodes without a string, which could not be wiped.
func utf8Bytes(units []uint16) []byte {
	out := make([]byte, 0, 3*len(units))
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) && i+1 < len(units) {
			i++
			r = utf16.DecodeRune(r, rune(units[i]))
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
