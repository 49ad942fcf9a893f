//go:build unix

package local

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Self is the user of this process, as in [Peer].
func Self() string { return strconv.Itoa(os.Getuid()) }

// checkDir wants a real folder of the user's with no more rights than mode gives.
func checkDir(dir, user string, mode os.FileMode) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || strconv.Itoa(int(st.Uid)) != user {
		return fmt.Errorf("%s is not a folder of user %s", dir, user)
	}
	if info.Mode().Perm()&^mode != 0 {
		return fmt.Errorf("%s has mode %o, want at most %o", dir, info.Mode().Perm(), mode)
	}
	return nil
}

// dirOwner gives the owner of a folder that nobody else can write in.
func dirOwner(dir string) (string, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() {
		return "", fmt.Errorf("%s is not a folder", dir)
	}
	owner := strconv.Itoa(int(st.Uid))
	return owner, checkDir(dir, owner, 0o755)
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening lock: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrRunning
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
