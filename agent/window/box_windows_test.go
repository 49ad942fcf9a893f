package window

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	findWindow    = user32.NewProc("FindWindowW")
	isWindow      = user32.NewProc("IsWindow")
	getWindowLong = user32.NewProc("GetWindowLongW")
)

// person is in front of one box, which its title names.
type person struct {
	t    *testing.T
	hwnd uintptr
}

func ask(t *testing.T) question {
	return question{title: "Odnowa " + rand.Text(), text: "https://ca.example\nasks\n\n135 790", yes: "_Yes", no: "_View", cancel: "Cance_l"}
}

// meet waits until the box takes answers, and has the person deal with it.
func meet(t *testing.T, q question, deal func(person)) {
	t.Helper()
	title := windows.StringToUTF16Ptr(q.title)
	go func() {
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if hwnd, _, _ := findWindow.Call(0, uintptr(unsafe.Pointer(title))); hwnd != 0 {
				time.Sleep(settling + 100*time.Millisecond)
				deal(person{t, hwnd})
				return
			}
		}
		t.Error("no window")
	}()
}

func (p person) item(id int) uintptr {
	h, _, _ := getDlgItem.Call(p.hwnd, uintptr(id))
	return h
}

// click presses a button as the system does when the person does.
func (p person) click(id int) { postMessage.Call(p.hwnd, wmCommand, uintptr(id), p.item(id)) }

func (p person) key(control uintptr, virtual uintptr) {
	const wmKeyDown = 0x0100
	postMessage.Call(control, wmKeyDown, virtual, 0)
}

func (p person) enter(text string) {
	const wmChar = 0x0102
	for _, u := range windows.StringToUTF16(text) {
		if u != 0 {
			sendMessage.Call(p.item(idPIN), wmChar, uintptr(u), 0)
		}
	}
}

const (
	keyReturn = 0x0d
	keyEscape = 0x1b
)

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name string
		deal func(person)
		want answer
		err  error
	}{
		{"yes", func(p person) { p.click(idYes) }, answerYes, nil},
		{"the third button", func(p person) { p.click(idNo) }, answerNo, nil},
		{"cancel", func(p person) { p.click(idCancel) }, 0, ErrCancelled},
		{"Return", func(p person) { p.key(p.item(idYes), keyReturn) }, answerYes, nil},
		{"Escape", func(p person) { p.key(p.item(idYes), keyEscape) }, 0, ErrCancelled},
		{"closed", func(p person) { postMessage.Call(p.hwnd, wmClose, 0, 0) }, 0, ErrCancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := ask(t)
			meet(t, q, c.deal)
			got, err := win32Dialog{}.confirm(t.Context(), q)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %v, %v, want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}

// TestNothingElseAnswers: buttons that are not there, other messages, and whoever was typing when the box came.
func TestNothingElseAnswers(t *testing.T) {
	q := ask(t)
	q.yes, q.no = "", ""
	early := q
	early.title, early.yes = q.title+" early", "_Yes"
	for _, q := range []question{q, early} {
		b := newBox(t.Context(), q)
		meet(t, q, func(p person) {
			if q.yes != "" {
				boxes.Lock()
				b.shown = time.Now().Add(100 * time.Millisecond) // as if it had only come now
				boxes.Unlock()
			}
			for _, id := range []int{idYes, idNo, idEnded, 42, idPIN} {
				sendMessage.Call(p.hwnd, wmCommand, uintptr(id), 0)
			}
			time.Sleep(100 * time.Millisecond)
			if ok, _, _ := isWindow.Call(p.hwnd); ok == 0 {
				t.Error("answered")
			}
			p.click(idCancel)
		})
		if err := b.show(); err != nil || b.pressed != idCancel {
			t.Errorf("got %v, button %d", err, b.pressed)
		}
	}
}

func TestPINInTheBox(t *testing.T) {
	for _, want := range []string{"271828", "zażółć €", "a😀b", strings.Repeat("7", maxPIN)} {
		q := ask(t)
		q.prompt, q.no = "PIN:", ""
		b := newBox(t.Context(), q)
		var field uintptr
		meet(t, q, func(p person) {
			field = p.item(idPIN)
			sendMessage.Call(p.hwnd, wmCommand, idYes, 0) // nothing typed yet: no answer
			p.enter(want + strings.Repeat("x", map[bool]int{true: 5}[len(want) == maxPIN]))
			p.key(field, keyReturn)
		})
		if err := b.show(); err != nil || b.pressed != idYes {
			t.Fatalf("got %v, button %d", err, b.pressed)
		}
		if got := utf8Bytes(b.typed[:b.length]); string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	q := ask(t)
	q.prompt = "PIN:"
	meet(t, q, func(p person) { p.enter("2718"); p.click(idCancel) })
	if pin, err := (win32Dialog{}).pin(t.Context(), q); pin != nil || !errors.Is(err, ErrCancelled) {
		t.Errorf("cancelled: got %q, %v", pin, err)
	}
}

// TestFieldIsWiped: the PIN does not stay in the system's control, and nobody can read it there.
func TestFieldIsWiped(t *testing.T) {
	q := ask(t)
	q.prompt = "PIN:"
	b := newBox(t.Context(), q)
	meet(t, q, func(p person) {
		p.enter("271828")
		const gwlStyle = ^uintptr(15)
		if style, _, _ := getWindowLong.Call(p.item(idPIN), gwlStyle); style&esPassword == 0 {
			t.Error("the field shows the PIN")
		}
		b.wipeField()
		if n, _, _ := sendMessage.Call(p.item(idPIN), wmGetTextLength, 0, 0); n != 0 {
			t.Errorf("%d characters are left", n)
		}
		p.click(idCancel)
	})
	if err := b.show(); err != nil {
		t.Fatal(err)
	}
}

func TestContextClosesTheBox(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := (win32Dialog{}).confirm(ended, ask(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("ended before: got %v", err)
	}
	later, end := context.WithCancel(t.Context())
	q := ask(t)
	q.prompt = "PIN:"
	var hwnd uintptr
	meet(t, q, func(p person) {
		hwnd = p.hwnd
		p.enter("2718")
		end()
	})
	if pin, err := (win32Dialog{}).pin(later, q); pin != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("ended while open: got %q, %v", pin, err)
	}
	if ok, _, _ := isWindow.Call(hwnd); ok != 0 {
		t.Error("the window is still there")
	}
	if len(boxes.open) != 0 {
		t.Errorf("%d boxes are remembered", len(boxes.open))
	}
}

func TestInFrontWithTheKeyboard(t *testing.T) {
	q := ask(t)
	q.prompt = "PIN:"
	meet(t, q, func(p person) {
		const gwlExStyle = ^uintptr(19)
		if style, _, _ := getWindowLong.Call(p.hwnd, gwlExStyle); style&wsExTopmost == 0 {
			t.Error("not above the others")
		}
		if front, _, _ := getForegroundWindow.Call(); front != p.hwnd {
			t.Errorf("in front is %x, not %x", front, p.hwnd)
		}
		p.click(idCancel)
	})
	_, _ = win32Dialog{}.pin(t.Context(), q)
}

func TestBlocks(t *testing.T) {
	got := blocksOf(question{alert: "wrong", text: "origin\nasks\n\na\nb\n\n135 790\n\n1357 90"})
	want := []block{{text: "wrong", look: alertLook}, {text: "origin", look: strongLook}, {text: "asks"}, {text: "a\nb"}, {text: "135 790", look: codeLook}, {text: "1357 90"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for in, want := range map[string]string{"_Tak": "&Tak", "Cance_l": "Cance&l", "A & _B_": "A && &B_", "": ""} {
		if got := mnemonic(in); got != want {
			t.Errorf("mnemonic(%q): got %q, want %q", in, got, want)
		}
	}
}
