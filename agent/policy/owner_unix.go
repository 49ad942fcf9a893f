//go:build unix

package policy

import (
	"errors"
	"os"
	"syscall"
)

// checkOwner wants a file that only its owner may write, and root to own the machine's.
func checkOwner(f *os.File, machine bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if info.Mode().Perm()&0o022 != 0 {
		return errors.New("writable by others than its owner")
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if machine && (!ok || st.Uid != 0) {
		return errors.New("does not belong to root")
	}
	return nil
}
