package window

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/odnowa/odnowa/agent/environ"
)

// graphical are the pinentry programs that open a window of their own, best first. Those for
// terminals are of no use, and plain "pinentry" may be one of them.
var graphical = []string{"pinentry-qt", "pinentry-qt5", "pinentry-gtk-2", "pinentry-gnome3", "pinentry-fltk"}

// pinentry opens windows through a pinentry program, one process a conversation.
type pinentry struct{ path string }

func newPrompter(o Options) prompter { return &pinentry{path: o.Pinentry} }

func (p *pinentry) available() error {
	_, err := p.find()
	return err
}

func (p *pinentry) find() (string, error) {
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return "", fmt.Errorf("%w: the session has no graphical display", ErrUnavailable)
	}
	names := graphical
	if p.path != "" {
		names = []string{p.path}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: no graphical pinentry is installed", ErrUnavailable)
}

func (p *pinentry) start(ctx context.Context) (dialog, error) {
	path, err := p.find()
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
	d := &pinentryDialog{cmd: cmd}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return d, nil
}

type pinentryDialog struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	assuan assuan
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
		return fmt.Errorf("starting pinentry: %w", err)
	}
	d.stdin = in
	d.assuan.w, d.assuan.r = in, out
	if _, err := d.assuan.answer(); err != nil {
		d.close()
		return fmt.Errorf("greeting pinentry: %w", err)
	}
	// PINs come as UTF-8. A pinentry that does not know the option has no other encoding either.
	if _, err := d.assuan.command("OPTION", "lc-ctype=C.UTF-8"); err != nil && !isAssuan(err) {
		d.close()
		return err
	}
	return nil
}

func (d *pinentryDialog) close() {
	d.stdin.Close()
	_ = d.cmd.Process.Kill() // it may be gone already
	_ = d.cmd.Wait()         // it was killed: its status says nothing
	clear(d.assuan.buf[:])
}

func (d *pinentryDialog) confirm(ctx context.Context, q question) (answer, error) {
	stop := d.killAt(ctx)
	defer stop()
	if q.alert != "" {
		q.text = q.alert + "\n\n" + q.text
	}
	if err := d.set(q); err != nil {
		return 0, err
	}
	_, err := d.assuan.command("CONFIRM", "")
	switch number(err) {
	case 0:
		return answerYes, err
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
	if _, err := d.assuan.command("RESET", ""); err != nil && !isAssuan(err) {
		return err
	}
	texts := []struct{ name, arg string }{
		{"SETTITLE", q.title}, {"SETDESC", q.text}, {"SETOK", q.yes}, {"SETCANCEL", q.cancel},
		{"SETNOTOK", q.no}, {"SETPROMPT", q.prompt}, {"SETERROR", q.alert},
	}
	for _, t := range texts {
		if t.arg == "" {
			continue
		}
		if _, err := d.assuan.command(t.name, t.arg); err != nil {
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
	}
	return err
}
