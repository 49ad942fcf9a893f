//go:build unix

package policy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// machinePlaces is the administrator's file.
func machinePlaces() []place { return []place{filePlace(Source{FromFile, MachinePath()})} }

// checkFile wants a file that only its owner may write: root for the machine's, which must lie in a folder of
// root's too, where nobody else can put another one in its place; root or this user for any other.
func checkFile(f *os.File, machine bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if err := checkOwner(info, machine); err != nil {
		return err
	}
	if !machine {
		return nil
	}
	dir, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	if err := checkOwner(dir, true); err != nil {
		return fmt.Errorf("its folder: %w", err)
	}
	return nil
}

func checkOwner(info os.FileInfo, machine bool) error {
	if info.Mode().Perm()&0o022 != 0 {
		return errors.New("writable by others than its owner")
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return errors.New("has no owner")
	case st.Uid == 0:
		return nil
	case machine:
		return errors.New("does not belong to root")
	case int(st.Uid) != os.Getuid():
		return errors.New("belongs neither to root nor to this user")
	}
	return nil
}

// fileStamp changes with everything that checkFile and ReadLayer look at; empty where there is no file.
func fileStamp(path string) string {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return ""
		}
		return err.Error()
	}
	var dir syscall.Stat_t
	if err := syscall.Stat(filepath.Dir(path), &dir); err != nil {
		return err.Error()
	}
	modified, changed := times(&st)
	return fmt.Sprint(st.Dev, st.Ino, st.Size, modified, changed, dir.Mode, dir.Uid)
}
