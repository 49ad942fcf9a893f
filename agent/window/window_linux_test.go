package window_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/seal"
)

func TestMain(m *testing.M) {
	windowtest.Main()
	os.Exit(subprocesstest.Main(m))
}

func open(t *testing.T, timeout time.Duration, viewer string, plan ...windowtest.Answer) (*window.Window, *windowtest.Pinentry) {
	t.Helper()
	t.Setenv("DISPLAY", ":99")
	p := windowtest.New(t, plan...)
	return window.New(window.Options{Pinentry: p.Path, Viewer: viewer, Timeout: timeout, Log: zap.NewNop()}), p
}

var document = bridge.Document{Name: "x.pdf", MediaType: "application/pdf", Bytes: []byte("%PDF-TEST")}

func confirmation() window.Request {
	return window.Request{
		Language: window.English, Origin: "https://ca.example", Kind: seal.Confirmation, Document: document, Holder: "Żaneta TESTOWA",
		Show: []seal.Shown{{Field: seal.FieldNumber, Value: "7"}, {Field: seal.FieldTarget, Value: "cloud"}, {Field: seal.FieldPhoneCode, Value: "012345"}},
	}
}

// converse opens a conversation, and closes one that does not come to be.
func converse(ctx context.Context, w *window.Window, r window.Request) (*window.Conversation, error) {
	c := w.Conversation(ctx, r.Language, r.Origin)
	if err := c.Open(ctx, r); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// TestReady: getting ready takes the turn and starts pinentry, which is asked nothing yet; closing ends both.
func TestReady(t *testing.T) {
	w, p := open(t, 20*time.Second, "", windowtest.Yes, windowtest.Yes)
	idle := w.Conversation(t.Context(), window.English, "https://ca.example")
	defer idle.Close()
	ready := w.Conversation(t.Context(), window.English, "https://ca.example")
	ready.Ready()
	for end := time.Now().Add(20 * time.Second); p.PID(t) == 0; time.Sleep(time.Millisecond) { // only the one that was told to starts one
		if time.Now().After(end) {
			t.Fatal("pinentry was not started")
		}
	}
	if _, err := converse(t.Context(), w, confirmation()); !errors.Is(err, window.ErrBusy) {
		t.Errorf("while another has the turn: %v", err)
	}
	ready.Close()
	if err := syscall.Kill(p.PID(t), 0); !errors.Is(err, syscall.ESRCH) || len(p.Asked(t)) != 0 {
		t.Errorf("pinentry is there: %v; it was asked %v", err, p.Asked(t))
	}
	c, err := converse(t.Context(), w, confirmation())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestConversation(t *testing.T) {
	w, p := open(t, 20*time.Second, "", windowtest.Yes, windowtest.Yes, "%61 ż\u00a01", windowtest.Yes, "9999")
	c, err := converse(t.Context(), w, confirmation())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := converse(t.Context(), w, confirmation()); !errors.Is(err, window.ErrBusy) {
		t.Errorf("second window: got %v, want ErrBusy", err)
	}
	pin, err := c.PIN(t.Context(), window.PINState{State: bridge.PINOK})
	if err != nil || string(pin) != "%61 ż\u00a01" {
		t.Errorf("got %q, %v", pin, err)
	}
	one := 1
	if _, err := c.PIN(t.Context(), window.PINState{State: bridge.PINFinal, Problem: bridge.CodePINIncorrect, TriesLeft: &one}); err != nil {
		t.Error(err)
	}
	asked := p.Asked(t)
	for i, want := range []struct{ command, text, button string }{
		{"CONFIRM", "https://ca.example\n\nIs this what your phone shows?\n\n012 345", "_No, another one"},
		{"CONFIRM", "https://ca.example\nasks you to sign the confirmation", "_View document"},
		{"GETPIN", "https://ca.example\n\nType your card's PIN to sign: confirmation 7", ""},
		{"CONFIRM", "https://ca.example\n\nThere is one try left", ""},
		{"GETPIN", "https://ca.example", ""},
	} {
		q := asked[i]
		if q.Command != want.command || !strings.HasPrefix(q.Texts["SETDESC"], want.text) || q.Texts["SETNOTOK"] != want.button {
			t.Errorf("question %d: got %+v, want %+v", i, q, want)
		}
	}
	if q := asked[3]; q.Texts["SETOK"] != "_Use my last try" {
		t.Errorf("last try: %+v", q)
	}
	if q := asked[4]; q.Texts["SETERROR"] != "The PIN is wrong. Tries left: 1." || !strings.Contains(q.Texts["SETDESC"], "last try") {
		t.Errorf("after a wrong PIN: %+v", q)
	}
}

// Where the card does not tell that the tries run out, a wrong PIN tells.
func TestWrongPINWarns(t *testing.T) {
	w, p := open(t, 20*time.Second, "", windowtest.Yes, windowtest.Yes, "1234", "1234", "1234")
	c, err := converse(t.Context(), w, confirmation())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, problem := range []bridge.Code{"", bridge.CodePINIncorrect, bridge.CodePINLength} {
		if _, err := c.PIN(t.Context(), window.PINState{State: bridge.PINOK, Problem: problem}); err != nil {
			t.Fatal(err)
		}
		asked := p.Asked(t)
		got := strings.Contains(asked[len(asked)-1].Texts["SETDESC"], "will lock the card")
		if want := problem == bridge.CodePINIncorrect; got != want {
			t.Errorf("%q before: warned %v, want %v", problem, got, want)
		}
	}
}

// A PIN that the card forgot is asked for in words of its own, and nobody is warned of a wrong one.
func TestForgottenPIN(t *testing.T) {
	for l, want := range map[window.Language]string{window.Polish: "Karta zapomniała PIN-u", window.English: "The card forgot the PIN"} {
		w, p := open(t, 20*time.Second, "", windowtest.Yes, windowtest.Yes, "1234")
		request := confirmation()
		request.Language = l
		c, err := converse(t.Context(), w, request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.PIN(t.Context(), window.PINState{State: bridge.PINOK, Forgotten: true}); err != nil {
			t.Error(err)
		}
		c.Close()
		asked := p.Asked(t)
		texts := asked[len(asked)-1].Texts
		if !strings.Contains(texts["SETERROR"], want) || strings.Contains(texts["SETDESC"], "lock") {
			t.Errorf("got %q", texts)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		plan []windowtest.Answer
		want error
	}{
		{"codes differ", []windowtest.Answer{windowtest.No}, window.ErrCodesDiffer},
		{"cancelled at the code", []windowtest.Answer{windowtest.Cancel}, window.ErrCancelled},
		{"cancelled at the document", []windowtest.Answer{windowtest.Yes, windowtest.Cancel}, window.ErrCancelled},
		{"pinentry's timeout", []windowtest.Answer{windowtest.Expire}, window.ErrTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := open(t, 20*time.Second, "", c.plan...)
			if _, err := converse(t.Context(), w, confirmation()); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			// And the next may open.
			if err := w.ConfirmPairing(t.Context(), window.Polish, "Firefox", "123456"); errors.Is(err, window.ErrBusy) {
				t.Error("the window was left busy")
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	w, _ := open(t, 50*time.Millisecond, "", windowtest.Hang)
	if _, err := converse(t.Context(), w, confirmation()); !errors.Is(err, window.ErrTimeout) {
		t.Errorf("got %v, want ErrTimeout", err)
	}
}

func TestCause(t *testing.T) {
	w, p := open(t, 20*time.Second, "", windowtest.Hang)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the page cancelled")
	go func() {
		p.WaitAsked(t, 1)
		cancel(cause)
	}()
	if _, err := converse(ctx, w, confirmation()); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestCrash(t *testing.T) {
	w, _ := open(t, 20*time.Second, "", windowtest.Die)
	_, err := converse(t.Context(), w, confirmation())
	if err == nil || errors.Is(err, window.ErrCancelled) {
		t.Errorf("got %v, want an error that is nobody's decision", err)
	}
}

// TestView: the viewer gets exactly the bytes that will be signed, for its eyes alone, and they are
// gone with the window.
func TestView(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	seen := filepath.Join(dir, "seen")
	viewer := filepath.Join(dir, "viewer")
	script := "#!/bin/sh\ncp -p \"$1\" '" + seen + ".part' && stat -c '%a %n' \"$1\" > '" + seen + ".mode' && mv '" + seen + ".part' '" + seen + "'\n"
	if err := os.WriteFile(viewer, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	w, p := open(t, 20*time.Second, viewer, windowtest.Yes, windowtest.No, windowtest.Yes)
	c, err := converse(t.Context(), w, confirmation())
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(seen); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the viewer saw nothing")
		}
	}
	c.Close()
	got, err := os.ReadFile(seen)
	if err != nil || string(got) != string(document.Bytes) {
		t.Errorf("got %q, %v", got, err)
	}
	mode, _ := os.ReadFile(seen + ".mode")
	if !strings.HasPrefix(string(mode), "600 "+dir+"/odnowa-view-") || !strings.HasSuffix(string(mode), "/document.pdf\n") {
		t.Errorf("got %q", mode)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "odnowa-view-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if len(p.Asked(t)) != 3 {
		t.Errorf("asked %d times, want 3", len(p.Asked(t)))
	}
}

func TestViewerMissing(t *testing.T) {
	w, p := open(t, 20*time.Second, "/nonexistent/viewer", windowtest.Yes, windowtest.No, windowtest.Cancel)
	if _, err := converse(t.Context(), w, confirmation()); !errors.Is(err, window.ErrCancelled) {
		t.Errorf("got %v", err)
	}
	if text := p.Asked(t)[2].Texts["SETDESC"]; !strings.HasPrefix(text, "https://ca.example\n") || !strings.HasSuffix(text, "\n\nThe document could not be opened.") {
		t.Errorf("got %q", text)
	}
}

func TestUnavailable(t *testing.T) {
	w, _ := open(t, time.Second, "")
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if _, err := converse(t.Context(), w, confirmation()); !errors.Is(err, window.ErrUnavailable) {
		t.Errorf("no display: got %v", err)
	}
	t.Setenv("DISPLAY", ":99")
	none := window.New(window.Options{Pinentry: "/nonexistent/pinentry", Timeout: time.Second, Log: zap.NewNop()})
	if err := none.Available(); !errors.Is(err, window.ErrUnavailable) {
		t.Errorf("no pinentry: got %v", err)
	}
}

func TestFields(t *testing.T) {
	w, p := open(t, time.Second, "")
	for name, change := range map[string]func(*window.Request){
		"no code":                    func(r *window.Request) { r.Show = r.Show[:2] },
		"two codes":                  func(r *window.Request) { r.Show = append(r.Show, r.Show[2]) },
		"code of letters":            func(r *window.Request) { r.Show[2].Value = "12345a" },
		"code with something behind": func(r *window.Request) { r.Show[2].Value = "123456\n" },
		"code in an application":     func(r *window.Request) { r.Kind = seal.Application },
		"field without words":        func(r *window.Request) { r.Show[0].Field = "note" },
		"field twice":                func(r *window.Request) { r.Show[1] = r.Show[0] },
	} {
		r := confirmation()
		change(&r)
		var fields *window.FieldsError
		if _, err := converse(t.Context(), w, r); !errors.As(err, &fields) {
			t.Errorf("%s: got %v, want a FieldsError", name, err)
		}
	}
	if asked := p.Asked(t); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

// TestExclusive: a lock that is taken means busy, one that cannot be had no window; both let go of the queue.
func TestExclusive(t *testing.T) {
	t.Setenv("DISPLAY", ":99")
	p := windowtest.New(t, windowtest.Yes)
	var answer error
	w := window.New(window.Options{Pinentry: p.Path, Timeout: time.Minute, Log: zap.NewNop(), Exclusive: func() (io.Closer, error) {
		return io.NopCloser(nil), answer
	}})
	for _, c := range []struct{ says, want error }{
		{errors.New("read-only"), window.ErrUnavailable}, {window.ErrBusy, window.ErrBusy}, {nil, nil},
	} {
		answer = c.says
		if err := w.ConfirmPairing(t.Context(), window.Polish, "Firefox", "123456"); !errors.Is(err, c.want) {
			t.Errorf("%v: got %v, want %v", c.says, err, c.want)
		}
	}
}

// TestPadEnds: the reader's time is bounded, and its window goes with the card's answer.
func TestPadEnds(t *testing.T) {
	t.Run("nobody types", func(t *testing.T) {
		for timeout := time.Second; !padEnds(t, timeout, window.ErrTimeout); timeout *= 2 {
			if timeout > 20*time.Second {
				t.Fatal("no window")
			}
		}
	})
	t.Run("the card answers", func(t *testing.T) { padEnds(t, time.Minute, context.Canceled) })
}

// padEnds says whether the window for the pad opened within the reader's time, which a busy machine may need for less.
func padEnds(t *testing.T, timeout time.Duration, want error) bool {
	w, p := open(t, timeout, "", windowtest.Yes, windowtest.Yes, windowtest.Hang)
	conversation, err := converse(t.Context(), w, confirmation())
	if errors.Is(err, window.ErrTimeout) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conversation.Close()
	card, done, err := conversation.PINPad(t.Context(), window.PINState{State: bridge.PINOK})
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	for len(p.Asked(t)) < 3 && card.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	asked := len(p.Asked(t)) == 3
	pid := p.PID(t)
	if want == context.Canceled {
		done()
	}
	<-card.Done()
	if err := context.Cause(card); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	done()
	if syscall.Kill(pid, 0) == nil && asked {
		t.Error("the window is still open")
	}
	return asked
}
