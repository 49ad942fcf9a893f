package window

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFind: which program shows the window, on which desktop, with what is installed.
func TestFind(t *testing.T) {
	const all = "pinentry-qt pinentry-gtk-2 pinentry-gnome3 pinentry-curses pinentry"
	for _, c := range []struct {
		name, installed, desktop, display, bus, terminal, want string
	}{
		{"GNOME", all, "ubuntu:GNOME", ":1", "x", "", "pinentry-gtk-2"},
		{"KDE", all, "KDE", ":1", "x", "", "pinentry-qt"},
		{"LXQt, GTK only", "pinentry-gtk-2", "LXQt", ":1", "x", "", "pinentry-gtk-2"},
		{"no desktop's name", "pinentry-qt", "", ":1", "", "", "pinentry-qt"},
		{"GNOME's only", "pinentry-gnome3", "GNOME", ":1", "x", "", "pinentry-gnome3"},
		{"GNOME's only, no D-Bus", "pinentry-gnome3", "GNOME", ":1", "", "", ""},
		{"one that cuts texts off", "pinentry-fltk pinentry-curses pinentry", "", ":1", "x", "", ""},
		{"no display", all, "", "", "x", "", ""},
		{"no display, a command's terminal", all, "", "", "x", "/dev/pts/1", "pinentry-curses"},
		{"a display and a terminal", all, "", ":1", "x", "/dev/pts/1", "pinentry-gtk-2"},
		{"a terminal and nothing for it", "pinentry-qt", "", "", "", "/dev/pts/1", ""},
	} {
		dir := t.TempDir()
		for program := range strings.FieldsSeq(c.installed) {
			if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for name, value := range map[string]string{
			"PATH": dir, "XDG_CURRENT_DESKTOP": c.desktop, "DISPLAY": c.display, "WAYLAND_DISPLAY": "", "DBUS_SESSION_BUS_ADDRESS": c.bus, "XDG_RUNTIME_DIR": dir,
		} {
			t.Setenv(name, value)
		}
		path, tty, err := (&pinentry{terminal: c.terminal}).find()
		got := ""
		if err == nil {
			got = filepath.Base(path)
		}
		if got != c.want || (tty != "") != (c.want == "pinentry-curses") {
			t.Errorf("%s: got %q in %q (%v), want %q", c.name, got, tty, err, c.want)
		}
	}
}
