package window

import (
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTerminalIsSilent: what is typed is not shown until the terminal is given back.
func TestTerminalIsSilent(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	echoes := func() bool {
		modes, err := unix.IoctlGetTermios(int(master.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return modes.Lflag&unix.ECHO != 0
	}
	lent, err := openTerminal("/dev/pts/" + strconv.Itoa(n))
	if err != nil {
		t.Fatal(err)
	}
	if echoes() {
		t.Error("it shows what is typed")
	}
	lent.restore()
	if !echoes() {
		t.Error("it was not given back as it was")
	}
}
