package window

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// terminal is the person's own, lent to pinentry-curses. That is killed like every window, so what it
// changed is put back here. It shows nothing of what is typed from the beginning: a person may type the PIN before
// pinentry asks for it.
type terminal struct {
	name, kind string
	file       *os.File
	modes      *unix.Termios
}

func openTerminal(name string) (*terminal, error) {
	f, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the terminal: %w", err)
	}
	modes, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("reading the terminal's modes: %w", err)
	}
	silent := *modes
	silent.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &silent); err != nil {
		f.Close()
		return nil, fmt.Errorf("setting the terminal's modes: %w", err)
	}
	kind := os.Getenv("TERM")
	if kind == "" || strings.ContainsAny(kind, "/\\") {
		kind = "vt100"
	}
	return &terminal{name, kind, f, modes}, nil
}

// restore gives the terminal back; on nil it does nothing.
func (t *terminal) restore() {
	if t == nil || t.file == nil {
		return
	}
	// The other screen off, cursor on, colours off (xterm's control sequences, which others ignore).
	_, _ = t.file.WriteString("\x1b[?1049l\x1b[?25h\x1b[0m\r\n")
	_ = unix.IoctlSetTermios(int(t.file.Fd()), unix.TCSETSF, t.modes) // it may have been closed
	t.file.Close()
	t.file = nil
}
