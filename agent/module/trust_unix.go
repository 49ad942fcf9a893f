//go:build unix

package module

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrUserWritable: a path leads through what others than the administrator can write.
var errUserWritable = errors.New("others than the administrator can write")

// trusted tells why a path may not be loaded from: it and every folder above it must belong to root and be writable
// by nobody else (access lists show in the group's bits), or to a group of administrators. The path must be
// without symbolic links, see filepath.EvalSymlinks.
func trusted(path string) error {
	for {
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if !administrators(info) {
			return fmt.Errorf("%w %s", errUserWritable, path)
		}
		parent := filepath.Dir(path)
		if parent == path {
			return nil
		}
		path = parent
	}
}

func administrators(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Uid != 0 {
		return false
	}
	mode := info.Mode().Perm()
	if info.Mode()&os.ModeSymlink != 0 {
		return true // its own mode means nothing
	}
	return mode&0o002 == 0 && (mode&0o020 == 0 || writerGroup(st.Gid))
}
