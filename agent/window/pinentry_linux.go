package window

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/odnowa/odnowa/agent/environ"
)

// graphical gives the pinentry programs that open a window of their own, the one that is of a piece with the
// desktop first (XDG_CURRENT_DESKTOP, a list with colons). Plain "pinentry" may be one for terminals, and
// pinentry-fltk cuts long texts off.
func graphical(desktop string) []string {
	for name := range strings.SplitSeq(desktop, ":") {
		if name == "KDE" || name == "LXQt" {
			return []string{"pinentry-qt", "pinentry-qt5", "pinentry-gtk-2", gnome}
		}
	}
	return []string{"pinentry-gtk-2", "pinentry-qt", "pinentry-qt5", gnome}
}

// gnome asks through the desktop: it needs the D-Bus of the login, and has two buttons only.
const gnome = "pinentry-gnome3"

// pinentry opens windows through a pinentry program, one process a conversation.
//
// They are used with the keyboard alone: Tab goes from button to button, Alt with the underlined letter presses
// one, Return the one that has the focus (Cancel, but where a PIN is typed), Escape cancels. Limits, which are
// pinentry's: texts cannot be selected or enlarged other than by the desktop's settings; the keyboard is grabbed
// while the window is open, so that no other program reads the PIN, nor an on-screen keyboard of another
// program types it; screen readers get the texts only as far as the toolkit's bridge hands labels on.
type pinentry struct{ path, terminal string }

func newPrompter(o Options) prompter { return &pinentry{path: o.Pinentry, terminal: o.Terminal} }

func (p *pinentry) available() error {
	_, _, err := p.find()
	return err
}

// find gives the program, and the terminal that it is to use, empty for a window.
func (p *pinentry) find() (path, terminal string, err error) {
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return p.findTerminal()
	}
	names := graphical(os.Getenv("XDG_CURRENT_DESKTOP"))
	if p.path != "" {
		names = []string{p.path}
	}
	for _, name := range names {
		if name == gnome && !hasBus() {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, "", nil
		}
	}
	return "", "", fmt.Errorf("%w: no graphical pinentry is installed", ErrUnavailable)
}

func (p *pinentry) findTerminal() (path, terminal string, err error) {
	if p.terminal == "" {
		return "", "", fmt.Errorf("%w: the session has no graphical display", ErrUnavailable)
	}
	if path, err = exec.LookPath("pinentry-curses"); err != nil {
		return "", "", fmt.Errorf("%w: there is no graphical display, and pinentry-curses is not installed", ErrUnavailable)
	}
	return path, p.terminal, nil
}

// hasBus says whether the login has a D-Bus, by its variable or at systemd's place.
func hasBus() bool {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	_, err := os.Stat(filepath.Join(dir, "bus"))
	return dir != "" && err == nil
}

func (p *pinentry) start(ctx context.Context) (dialog, error) {
	path, tty, err := p.find()
	if err != nil {
		return nil, err
	}
	var args []string
	if display := os.Getenv("DISPLAY"); display != "" {
		args = []string{"--display", display}
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environ.Desktop()
	// The window must not outlive the session that asked.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	d := &pinentryDialog{cmd: cmd, two: filepath.Base(path) == gnome}
	if tty != "" {
		if d.terminal, err = openTerminal(tty); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return d, nil
}

type pinentryDialog struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	assuan assuan
	// two: it has two buttons only, see confirmTwo.
	two  bool
	back time.Time // when a question may be asked again, with two
	// terminal is what it runs in, nil for a window.
	terminal *terminal
}

func (d *pinentryDialog) open() error {
	in, err := d.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := d.cmd.Start(); err != nil {
		d.terminal.restore()
		return fmt.Errorf("starting pinentry: %w", err)
	}
	d.stdin = in
	d.assuan.w, d.assuan.r = in, out
	if _, err := d.assuan.answer(); err != nil {
		d.close()
		return fmt.Errorf("greeting pinentry: %w", err)
	}
	// PINs come as UTF-8. A pinentry that does not know an option does without it.
	options := []string{"lc-ctype=C.UTF-8"}
	if d.terminal != nil {
		options = append(options, "ttyname="+d.terminal.name, "ttytype="+d.terminal.kind)
	}
	for _, option := range options {
		if _, err := d.assuan.command("OPTION", option); err != nil && !isAssuan(err) {
			d.close()
			return err
		}
	}
	return nil
}

func (d *pinentryDialog) close() {
	d.stdin.Close()
	_ = d.cmd.Process.Kill() // it may be gone already
	_ = d.cmd.Wait()         // it was killed: its status says nothing
	clear(d.assuan.buf[:])
	d.terminal.restore()
}

func (d *pinentryDialog) confirm(ctx context.Context, q question) (answer, error) {
	stop := d.killAt(ctx)
	defer stop()
	// Not as an error: some do not show one in a confirmation. Who asks stays on top.
	if q.alert != "" {
		q.text, q.alert = q.text+"\n\n"+q.alert, ""
	}
	switch {
	case q.yes == "" && d.two:
		return d.padTwo(ctx, q)
	case q.yes == "":
		q.yes, q.no = q.cancel, ""
		_, err := d.ask(q, "--one-button")
		if err == nil {
			err = ErrCancelled
		}
		return 0, err
	case d.two && q.no != "":
		return d.confirmTwo(ctx, q)
	}
	return d.ask(q, "")
}

// ask shows a confirmation with all buttons that the question has.
func (d *pinentryDialog) ask(q question, arg string) (answer, error) {
	if d.two {
		q.prompt = q.title // its heading, else "Message"
	}
	if err := d.set(q); err != nil {
		return 0, err
	}
	_, err := d.assuan.command("CONFIRM", arg)
	switch number(err) {
	case 0:
		return answerYes, nil
	case gpgNotConfirmed:
		if q.no == "" {
			return 0, ErrCancelled
		}
		return answerNo, nil
	}
	return 0, translate(err)
}

func (d *pinentryDialog) pin(ctx context.Context, q question) ([]byte, error) {
	stop := d.killAt(ctx)
	defer stop()
	if err := d.set(q); err != nil {
		return nil, err
	}
	pin, err := d.assuan.command("GETPIN", "")
	if err != nil {
		return nil, translate(err)
	}
	return pin, nil
}

// set sends all texts: a pinentry keeps them from one question to the next. SETERROR and SETNOTOK
// are not sent empty, because an empty text would still make a line or a button.
func (d *pinentryDialog) set(q question) error {
	texts := []command{
		{"SETTITLE", q.title}, {"SETDESC", q.text}, {"SETOK", q.yes}, {"SETCANCEL", q.cancel},
		{"SETNOTOK", q.no}, {"SETPROMPT", q.prompt}, {"SETERROR", q.alert},
	}
	texts = slices.DeleteFunc(texts, func(c command) bool { return c.arg == "" })
	if err := d.assuan.send(slices.Insert(texts, 0, command{name: "RESET"})...); err != nil {
		return err
	}
	if _, err := d.assuan.answer(); err != nil && !isAssuan(err) {
		return err
	}
	for range texts {
		if _, err := d.assuan.answer(); err != nil {
			return translate(err)
		}
	}
	return nil
}

// killAt ends pinentry when ctx ends, since no command stops a question that is open. The read that
// waits for its answer fails then.
func (d *pinentryDialog) killAt(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() { _ = d.cmd.Process.Kill() })
}

func isAssuan(err error) bool { return number(err) > 0 }

// number is that of an ERR answer, 0 for no error, -1 for any other.
func number(err error) int {
	var e assuanError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return int(e)
	}
	return -1
}

func translate(err error) error {
	switch number(err) {
	case gpgCanceled, gpgNotConfirmed:
		return ErrCancelled
	case gpgTimeout:
		return ErrTimeout
	case -1:
		return err
	}
	// No display, no terminal, no D-Bus: whatever it is, it could not be shown.
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
