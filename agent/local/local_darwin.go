package local

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// peer reads LOCAL_PEERCRED and LOCAL_PEERPID.
func peer(fd uintptr) (Peer, error) {
	c, err := unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	pid, err := unix.GetsockoptInt(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	if err != nil {
		return Peer{}, err
	}
	return Peer{User: strconv.Itoa(int(c.Uid)), PID: pid}, nil
}

func runtimeDir() (string, error) {
	dir, err := stateDir()
	return filepath.Join(dir, "run"), err
}

func stateDir() (string, error) {
	home, err := os.UserHomeDir()
	return filepath.Join(home, "Library", "Application Support", "Odnowa"), err
}

// sessionName: a user has one graphical login here.
func sessionName() string { return "session.sock" }
