package window_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/seal"
)

// full is a confirmation with everything that a window may have to show.
func full(l window.Language) window.Request {
	return window.Request{
		Language: l, Origin: "https://odnowa.ca.example", Kind: seal.Confirmation, Document: document, Holder: "Żaneta Weronika TESTOWA-PRZYKŁADOWA",
		Reader: "Gemalto PC Twin Reader (70D7E2EE) 00 00",
		Show: []seal.Shown{
			{Field: seal.FieldNumber, Value: "W/2026/11/000123"}, {Field: seal.FieldSubject, Value: "Żaneta Weronika TESTOWA-PRZYKŁADOWA"},
			{Field: seal.FieldMonths, Value: "24"}, {Field: seal.FieldStart, Value: "2027-01-15"}, {Field: seal.FieldTarget, Value: "cloud"},
			{Field: seal.FieldEmail, Value: "zaneta.testowa@przyklad.example"}, {Field: seal.FieldPhone, Value: "+48 000 000 000"},
			{Field: seal.FieldPhoneCode, Value: "135790"}, {Field: seal.FieldKey, Value: strings.Repeat("0a1b", 16)},
		},
	}
}

// kind is one of the programs that may show the window, and what a person presses in it.
type kind struct {
	program, pkg string
	view         []string // keys for "view document" in Polish
}

// TestKinds has a person use each kind of window on a real display, on which another program has the
// keyboard when the window opens.
func TestKinds(t *testing.T) {
	display := windowtest.StartDisplay(t)
	t.Setenv("DISPLAY", display.Name)
	t.Setenv("WAYLAND_DISPLAY", "")
	startBus(t)
	startOther(t)
	display.Activate(t, "OtherProgram")
	for _, k := range []kind{
		{"pinentry-qt", "pinentry-qt", []string{"alt+k"}},
		{"pinentry-gtk-2", "pinentry-gtk2", []string{"alt+k"}},
		{"pinentry-gnome3", "pinentry-gnome3", []string{"Escape", "Return"}},
	} {
		t.Run(k.program, func(t *testing.T) { k.use(t, display) })
	}
}

// startOther keeps another program running, which has a window. It may not always get as far as that at once.
func startOther(t *testing.T) {
	t.Helper()
	program := windowtest.Need(t, "xev", "x11-utils")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			said, err := exec.CommandContext(ctx, program, "-name", "OtherProgram", "-event", "property").CombinedOutput()
			if ctx.Err() != nil {
				return
			}
			t.Logf("xev: %v: %s", err, said)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// startBus gives the test a D-Bus session, which pinentry-gnome3 needs; gcr has its dialog.
func startBus(t *testing.T) {
	t.Helper()
	windowtest.Need(t, "/usr/libexec/gcr-prompter", "gcr")
	bus := exec.Command(windowtest.Need(t, "dbus-daemon", "dbus"), "--session", "--nofork", "--print-address=1")
	out, err := bus.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		bus.Process.Kill()
		bus.Wait()
	})
	buf := make([]byte, 1000)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(string(buf[:n])))
}

// opened is what Open gave.
type opened struct {
	c   *window.Conversation
	err error
}

func (k kind) use(t *testing.T, display *windowtest.Display) {
	seen := filepath.Join(t.TempDir(), "seen")
	viewer := filepath.Join(t.TempDir(), "viewer")
	if err := os.WriteFile(viewer, []byte("#!/bin/sh\ncp \"$1\" '"+seen+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	w := window.New(window.Options{Pinentry: windowtest.Need(t, k.program, k.pkg), Viewer: viewer, Timeout: time.Minute, Log: zap.NewNop()})
	open := func(ctx context.Context, r window.Request) <-chan opened {
		ch := make(chan opened, 1)
		go func() {
			c, err := converse(ctx, w, r)
			ch <- opened{c, err}
		}()
		return ch
	}
	ch := open(t.Context(), full(window.Polish))
	display.Await(t, "Odnowa", k.program+"-code")
	display.Key(t, "alt+t")
	display.Await(t, "Odnowa", k.program+"-confirmation")
	if k.program != "pinentry-gnome3" { // which waits 15 s after that
		for _, key := range k.view {
			display.Key(t, key)
		}
		display.Await(t, "Odnowa", k.program+"-again")
		if got, err := os.ReadFile(seen); err != nil || string(got) != string(document.Bytes) {
			t.Errorf("viewed %q, %v", got, err)
		}
	}
	display.Key(t, "alt+d")
	r := <-ch
	if r.err != nil {
		t.Fatal(r.err)
	}
	typePINs(t, display, k, r.c)
	r.c.Close()
	display.Gone(t, "Odnowa")

	// The person cancels; the page does.
	ch = open(t.Context(), full(window.English))
	display.Await(t, "Odnowa", k.program+"-code-en")
	display.Key(t, "Escape")
	if k.program == "pinentry-gnome3" { // Escape is "Other…" first
		display.Await(t, "Odnowa", k.program+"-other-en")
		display.Key(t, "Escape")
	}
	if r := <-ch; !errors.Is(r.err, window.ErrCancelled) {
		t.Errorf("Escape: got %v, want ErrCancelled", r.err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the page cancelled")
	application := full(window.English)
	application.Kind, application.Show = seal.Application, application.Show[:5]
	ch = open(ctx, application)
	display.Await(t, "Odnowa", k.program+"-application-en")
	cancel(cause)
	if r := <-ch; !errors.Is(r.err, cause) {
		t.Errorf("cancelled by the page: got %v", r.err)
	}
	display.Gone(t, "Odnowa")
}

// typePINs types a PIN after a wrong one, uses the last try, and cancels on the pad.
func typePINs(t *testing.T, display *windowtest.Display, k kind, c *window.Conversation) {
	t.Helper()
	one := 1
	pins := make(chan string, 1)
	ask := func(s window.PINState) {
		pin, err := c.PIN(t.Context(), s)
		if err != nil {
			t.Error(err)
		}
		pins <- string(pin)
	}
	go ask(window.PINState{State: bridge.PINLow, Problem: bridge.CodePINIncorrect})
	display.Await(t, "Odnowa", k.program+"-pin")
	display.Type(t, "27%1828")
	if got := <-pins; got != "27%1828" {
		t.Errorf("got %q", got)
	}
	go ask(window.PINState{State: bridge.PINOK, Forgotten: true})
	display.Await(t, "Odnowa", k.program+"-forgotten")
	display.Type(t, "2")
	if got := <-pins; got != "2" {
		t.Errorf("got %q", got)
	}
	go ask(window.PINState{State: bridge.PINFinal, Problem: bridge.CodePINIncorrect, TriesLeft: &one})
	display.Await(t, "Odnowa", k.program+"-last-try")
	display.Key(t, "alt+w")
	display.Await(t, "Odnowa", k.program+"-last-pin")
	display.Type(t, "1")
	if got := <-pins; got != "1" {
		t.Errorf("got %q", got)
	}
	card, done, err := c.PINPad(t.Context(), window.PINState{State: bridge.PINOK})
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	display.Await(t, "Odnowa", k.program+"-pad")
	display.Key(t, "alt+a")
	select {
	case <-card.Done():
		if err := context.Cause(card); !errors.Is(err, window.ErrCancelled) {
			t.Errorf("cancelled on the pad: got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the pad's window does not cancel")
	}
}
