package log

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// maxLog is the size at which a log file becomes the old one, in bytes; there is one old file.
const maxLog = 512 << 10

// Old is the ending of the file before the current one.
const Old = ".1"

// File is a log of bounded size that only its user reads (0600), for one process. It never fails a write:
// what cannot be kept is lost.
type File struct {
	path string

	mu   sync.Mutex // guards the fields that follow
	file *os.File   // nil when it could not be opened
	size int64
}

// OpenFile opens or makes the log, and its folder (0700).
func OpenFile(path string) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the log's folder: %w", err)
	}
	f := &File{path: path}
	if err := f.openLocked(); err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	return f, nil
}

func (f *File) openLocked() error {
	// What lies there may be anything; only a file of ours is written to.
	info, err := os.Lstat(f.path)
	if err == nil && !info.Mode().IsRegular() {
		return errors.New("not a file")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := file.Chmod(0o600); err != nil && info != nil && info.Mode().Perm()&0o077 != 0 {
		file.Close()
		return err
	}
	if info, err = file.Stat(); err != nil {
		file.Close()
		return err
	}
	f.file, f.size = file, info.Size()
	return nil
}

// Write appends a line.
func (f *File) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file != nil && f.size > 0 && f.size+int64(len(line)) > maxLog {
		f.file.Close()
		f.file = nil
		if err := os.Rename(f.path, f.path+Old); err != nil {
			_ = os.Remove(f.path) // bounded size goes before history
		}
	}
	if f.file == nil && f.openLocked() != nil {
		return len(line), nil
	}
	n, _ := f.file.Write(line)
	f.size += int64(n)
	return len(line), nil
}

// Close closes the file.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
