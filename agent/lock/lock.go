// Package lock has locks between the agent's own processes, as files: one process at a time holds a
// file's lock until it closes the file or ends, however it ends.
//
// It trusts the folder that the file is in, which must be one where nobody else writes. The file stays;
// nothing is ever in it.
package lock

import (
	"errors"
	"os"
)

// ErrTaken means that another process holds the lock.
var ErrTaken = errors.New("another process holds the lock")

// Try takes the lock, or says at once that it is taken: [ErrTaken].
func Try(path string) (*os.File, error) { return take(path, false) }

// Wait takes the lock once no other process holds it.
func Wait(path string) (*os.File, error) { return take(path, true) }

func take(path string, wait bool) (*os.File, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	if err := hold(f, wait); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
