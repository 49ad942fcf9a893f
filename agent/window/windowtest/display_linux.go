package windowtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Pictures is the variable that names a folder for a picture of each window that a test sees.
const Pictures = "ODNOWA_SCREENSHOTS"

// Display is a screen of its own, with a window manager as desktops have one, and the person in front
// of it. It needs the Debian packages xvfb, openbox and xdotool.
type Display struct {
	Name string // such as :7
	last string // the window that was seen last
}

// StartDisplay makes a display that ends with the test.
func StartDisplay(t testing.TB) *Display {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x := exec.Command(Need(t, "Xvfb", "xvfb"), "-displayfd", "3", "-screen", "0", "1000x800x24", "-nolisten", "tcp",
		"-noreset", // it would begin anew when xprop is the first to go
		"-r")       // a key is not repeated where a busy machine takes long to let go of it
	x.ExtraFiles = []*os.File{w}
	start(t, x)
	w.Close()
	buf := make([]byte, 16)
	n, err := r.Read(buf)
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	d := &Display{Name: ":" + strings.TrimSpace(string(buf[:n]))}
	manager := exec.Command(Need(t, "openbox", "openbox"), "--sm-disable")
	manager.Env = append(os.Environ(), "DISPLAY="+d.Name)
	said := new(strings.Builder)
	manager.Stderr = said
	start(t, manager)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		// A window manager that conforms names itself (EWMH); its windows it lists once it has begun.
		out, err := d.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK", "_NET_CLIENT_LIST")
		if err == nil && strings.Contains(out, "window id") && !strings.Contains(out, "not found") && !strings.Contains(out, "no such atom") {
			return d
		}
		if time.Now().After(end) {
			manager.Process.Kill()
			manager.Wait()
			t.Fatalf("openbox does not start: %s", said)
		}
	}
}

// Need gives a program's path, and fails the test where a package is missing.
func Need(t testing.TB, program, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s", program, pkg)
	}
	return path
}

// start starts a program that ends with the test.
func start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
}

func (d *Display) run(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.Name)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(exit.Stderr))
	}
	return strings.TrimSpace(string(out)), err
}

// Await waits for a window with this title other than the last, until it has the keyboard, which it must
// get without anybody's help. It takes a picture where Pictures says.
func (d *Display) Await(t testing.TB, title, picture string) {
	t.Helper()
	Need(t, "xdotool", "xdotool")
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		id, err := d.run("xdotool", "getactivewindow")
		// Windows of two programs may have the same number one after the other.
		pid, _ := d.run("xdotool", "getwindowpid", id)
		if err == nil && id+" "+pid != d.last {
			if name, err := d.run("xdotool", "getwindowname", id); err == nil && strings.Contains(name, title) {
				d.last = id + " " + pid
				break
			}
		}
		if time.Now().After(end) {
			d.Picture(t, picture)
			t.Fatalf("no window for %s has the keyboard", picture)
		}
	}
	d.Picture(t, picture)
}

// Activate gives a window the keyboard, as a click would.
func (d *Display) Activate(t testing.TB, title string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		// Asked for again and again: a window manager that does not manage the window yet ignores it, and xdotool's
		// own --sync would wait for that one answer without end.
		id, err := d.run("xdotool", "search", "--onlyvisible", "--name", title)
		if err == nil {
			_, err = d.run("xdotool", "windowactivate", id)
		}
		active, activeErr := d.run("xdotool", "getactivewindow")
		if err == nil && activeErr == nil && active == id {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("window %s: number %q; number %q has the keyboard: %v", title, id, active, errors.Join(err, activeErr))
		}
	}
}

// Picture takes one of the whole display where Pictures says.
func (d *Display) Picture(t testing.TB, name string) {
	t.Helper()
	dir := os.Getenv(Pictures)
	if dir == "" {
		return
	}
	time.Sleep(300 * time.Millisecond) // for the picture alone: until it is painted
	if _, err := d.run(Need(t, "import", "imagemagick"), "-window", "root", filepath.Join(dir, name+".png")); err != nil {
		t.Fatal(err)
	}
}

// Gone waits until no window with this title is visible.
func (d *Display) Gone(t testing.TB, title string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		if _, err := d.run("xdotool", "search", "--onlyvisible", "--name", title); err != nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the window %s does not close", title)
		}
	}
}

// Key presses a key, such as alt+d.
func (d *Display) Key(t testing.TB, key string) {
	t.Helper()
	if _, err := d.run("xdotool", "key", key); err != nil {
		t.Fatal(err)
	}
}

// Type types a text and presses Return.
func (d *Display) Type(t testing.TB, text string) {
	t.Helper()
	if _, err := d.run("xdotool", "type", "--delay", "15", text); err != nil {
		t.Fatal(err)
	}
	d.Key(t, "Return")
}
