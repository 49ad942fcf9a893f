package local

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// peer reads SO_PEERCRED: the credentials at connect, or at listen for the side that dialled.
func peer(fd uintptr) (Peer, error) {
	c, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	return Peer{User: strconv.Itoa(int(c.Uid)), PID: int(c.Pid)}, nil
}

// runtimeDir is $XDG_RUNTIME_DIR/odnowa-agent, or the state folder where a login has none.
func runtimeDir() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "odnowa-agent"), nil
	}
	return stateDir()
}

// stateDir is $XDG_STATE_HOME/odnowa-agent, by default below ~/.local/state.
func stateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "odnowa-agent"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "state", "odnowa-agent"), nil
}

// plainDisplay is what most displays are called: :0, localhost:10.0, wayland-0.
var plainDisplay = regexp.MustCompile(`^[A-Za-z0-9:_-]+$`)

const maxPlainDisplay = 32

// sessionName has the desktop's display in it. A user who is logged in twice, at the computer and from afar, has
// two desktops and one $XDG_RUNTIME_DIR, and the window must open where the browser is that asks. The
// logind session's number would say the same, but programs that systemd starts for the user have none.
// Programs of both logins can reach both sessions: they are one user.
func sessionName() string {
	display := os.Getenv("DISPLAY")
	if display == "" {
		display = os.Getenv("WAYLAND_DISPLAY")
	}
	if i := strings.LastIndexByte(display, ':'); i >= 0 {
		server, _, _ := strings.Cut(display[i:], ".") // all screens of a display are one desktop
		display = display[:i] + server
	}
	switch {
	case display == "":
		return "session.sock"
	case len(display) > maxPlainDisplay || !plainDisplay.MatchString(display):
		sum := sha256.Sum256([]byte(display))
		display = "-" + hex.EncodeToString(sum[:8])
	}
	return "session-" + strings.TrimPrefix(strings.ReplaceAll(display, ":", "-"), "-") + ".sock"
}
