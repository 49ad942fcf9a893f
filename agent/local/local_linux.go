package local

import (
	"os"
	"path/filepath"
	"strconv"

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
