//go:build unix

package rsign

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// checkFolder wants a real folder of this user's that nobody else can look into.
func checkFolder(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New("not a folder")
	}
	return checkOwner(info, 0o700)
}

func checkOwner(info os.FileInfo, mode os.FileMode) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) != os.Getuid() {
		return errors.New("belongs to somebody else")
	}
	if info.Mode().Perm()&^mode != 0 {
		return fmt.Errorf("has mode %o, want at most %o", info.Mode().Perm(), mode)
	}
	return nil
}

// readPrivate reads a file of this user's that nobody else can read.
func readPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, errors.New("not a regular file, or too long")
	}
	if err := checkOwner(info, 0o600); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, err
	}
	return unprotect(data)
}

// writePrivate writes a file that readPrivate reads again.
func writePrivate(path string, data []byte) error {
	protected, err := protect(data)
	if err != nil {
		return err
	}
	return writeSynced(path, protected)
}
