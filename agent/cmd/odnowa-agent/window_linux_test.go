package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// padded is a rig whose card is in a reader with a PIN pad: a module that does in C_Login what it is told.
func padded(t *testing.T, orders string) (*rig, *browser, *windowtest.Pinentry, bridge.SignParams) {
	t.Helper()
	r, b, person := staged(t, func(r *rig) {
		h := cardtest.NewHostile(t, r.card.Certificate(cardtest.Sign))
		const padFlags = "0x50c" // login required, PIN initialised, protected path, token initialised
		r.policy.Modules = []policy.Module{{Name: "pad", Path: installed(t, h.Module), Env: h.Env(orders, padFlags)}}
	})
	application, _ := r.application(t, r.card.Certificate(cardtest.Sign))
	return r, b, person, application
}

// TestPad: while the reader waits for the PIN a window says so; cancelling there, by the page or by time
// ends the card's call at once, and the next request works.
func TestPad(t *testing.T) {
	_, b, person, application := padded(t, "C_Login=hang")
	person.Plan(t, windowtest.Yes, windowtest.Yes) // sign; then the one button there is
	begin := time.Now()
	if got := b.refused(bridge.MethodCreateSignature, application); got != bridge.CodeUserCancelled || time.Since(begin) > 10*time.Second {
		t.Errorf("cancelled in the window: got %s after %v", got, time.Since(begin))
	}
	pad := person.Asked(t)[1].Texts
	if pad["SETOK"] != "Cance_l" || pad["SETCANCEL"] != "Cance_l" || !strings.HasPrefix(pad["SETDESC"], testOrigin+"\n") || !strings.Contains(pad["SETDESC"], "Type the PIN on the reader's keys") {
		t.Errorf("the window says %q", pad)
	}
	person.Plan(t, windowtest.Yes, windowtest.Hang)
	id, ch := b.send(bridge.MethodCreateSignature, application)
	person.WaitAsked(t, 2)
	pid := person.PID(t)
	b.call(bridge.MethodCancel, bridge.CancelParams{Caller: testCaller, RequestID: id}, new(bridge.CancelResult))
	if a := b.wait(ch); a.Error == nil || a.Error.Data.Code != bridge.CodeRequestCancelled {
		t.Errorf("cancelled by the page: got %+v", a)
	}
	if syscall.Kill(pid, 0) == nil {
		t.Error("the window is still open")
	}
	person.Plan(t, windowtest.Cancel)
	if got := b.refused(bridge.MethodCreateSignature, application); got != bridge.CodeUserCancelled {
		t.Errorf("the next one: got %s", got)
	}
}

// TestPadAgain: a pad that refuses by itself uses no second try without the person, and no window for the
// pad flashes up.
func TestPadAgain(t *testing.T) {
	_, b, person, application := padded(t, "C_Login=rv:0xA0")
	person.Plan(t, windowtest.Yes, windowtest.Yes, windowtest.Cancel)
	if got := b.refused(bridge.MethodCreateSignature, application); got != bridge.CodeUserCancelled {
		t.Errorf("got %s", got)
	}
	asked := person.Asked(t)
	if len(asked) != 3 {
		t.Fatalf("%d windows, want 3: the document and twice what to do", len(asked))
	}
	for _, q := range asked[1:] {
		if q.Texts["SETOK"] != "_Try again" || !strings.Contains(q.Texts["SETDESC"], "The PIN is wrong.") {
			t.Errorf("got %q", q.Texts)
		}
	}
}

// TestWindowEndsWithSession: however a session ends, its window does.
func TestWindowEndsWithSession(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		person := windowtest.New(t, windowtest.Hang)
		r := newRig(t, func(r *rig) { r.policy.Pinentry = person.Path })
		session := r.start(t, "session")
		b := r.browse(t, chromiumArgument)
		b.hello("en")
		application, _ := r.application(t, r.card.Certificate(cardtest.Sign))
		b.send(bridge.MethodCreateSignature, application)
		person.WaitAsked(t, 1)
		pid := person.PID(t)
		if err := session.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		<-b.ended
		for end := time.Now().Add(10 * time.Second); !hasEnded(t, pid); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the window outlives a session that ended by %v", signal)
			}
		}
	}
}

// TestOneWindowALogin: a command's window waits for a website's in another process, and gives up.
func TestOneWindowALogin(t *testing.T) {
	r, b, person := staged(t, nil)
	application, _ := r.application(t, r.card.Certificate(cardtest.Sign))
	person.Plan(t, windowtest.Hang)
	id, ch := b.send(bridge.MethodCreateSignature, application)
	person.WaitAsked(t, 1)
	file := filepath.Join(r.dir, "a.txt")
	if err := os.WriteFile(file, []byte("TEST"), 0o600); err != nil {
		t.Fatal(err)
	}
	sign := r.card.Certificate(cardtest.Sign)
	r.wantCommand(t, 1, "(busy)", "sign", "--certificate", sign.ID[:16], file)
	b.call(bridge.MethodCancel, bridge.CancelParams{Caller: testCaller, RequestID: id}, new(bridge.CancelResult))
	b.wait(ch)
	person.Plan(t, windowtest.Yes, windowtest.Answer(r.card.PIN))
	r.wantCommand(t, 0, file+".p7s", "sign", "--certificate", sign.ID[:16], file)
}

// TestTerminal: without a display a command's window opens in its own terminal; a website's never does.
func TestTerminal(t *testing.T) {
	windowtest.Need(t, "pinentry-curses", "pinentry-curses")
	r := newRig(t, func(r *rig) {
		r.env = append(r.env, "DISPLAY=", "TERM=xterm", "LANG=pl_PL.UTF-8")
	})
	file := filepath.Join(r.dir, "umowa.txt")
	if err := os.WriteFile(file, []byte("TEST"), 0o600); err != nil {
		t.Fatal(err)
	}
	sign := r.card.Certificate(cardtest.Sign)
	tty := openPTY(t)
	cmd := r.command("sign", "--certificate", sign.ID[:16], file)
	tty.start(t, cmd)
	tty.await(t, "prosi o podpis")
	tty.await(t, "Dalej")
	tty.await(t, "umowa.txt")
	if strings.Contains(tty.text(), "dokument>") {
		t.Error("a viewer is offered in a terminal")
	}
	tty.press(t, "\x1b[C\r") // to the right: from Cancel, which has the focus, or to it
	tty.await(t, "<Podpisz>")
	tty.press(t, r.card.PIN+"\r")
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %q", err, tty.text())
	}
	if _, err := os.Stat(file + ".p7s"); err != nil {
		t.Error(err)
	}
	if strings.Contains(tty.text(), r.card.PIN) {
		t.Error("the terminal shows the PIN")
	}
	if modes, err := unix.IoctlGetTermios(int(tty.slave.Fd()), unix.TCGETS); err != nil || modes.Lflag&unix.ECHO == 0 || modes.Lflag&unix.ICANON == 0 {
		t.Errorf("the terminal is left without echo: %+v, %v", modes, err)
	}
	// A session has no terminal, even where it was started from one.
	session := r.command("session")
	tty.start(t, session)
	t.Cleanup(func() {
		session.Process.Kill()
		session.Wait()
	})
	tty.await(t, `"listening"`)
	b := r.browse(t, chromiumArgument)
	b.hello("pl")
	application, _ := r.application(t, sign)
	if got := b.refused(bridge.MethodCreateSignature, application); got != bridge.CodeWindowUnavailable {
		t.Errorf("a website in a terminal: got %s", got)
	}
}

// pty is a terminal that a test looks at and types in.
type pty struct {
	master, slave *os.File

	mu  sync.Mutex
	out bytes.Buffer
}

func openPTY(t *testing.T) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &pty{master: master, slave: slave}
	t.Cleanup(func() {
		slave.Close()
		master.Close()
	})
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			if err != nil {
				return
			}
			p.mu.Lock()
			p.out.Write(buf[:n])
			p.mu.Unlock()
		}
	}()
	return p
}

func (p *pty) start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.slave, p.slave, p.slave
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (p *pty) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *pty) await(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(p.text(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %q on the terminal: %q", text, p.text())
		}
	}
}

func (p *pty) press(t *testing.T, keys string) {
	t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}
