package audit

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFullDisk: a record that did not fit leaves nothing behind.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("cannot mount here: ", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	path := filepath.Join(dir, "audit.jsonl")
	l, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for err == nil && n < 1000 {
		err = l.Write(record)
		n++
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("after %d records: got %v, want a full disk", n, err)
	}
	if r := verified(t, path, ""); r.HalfLine || len(r.Problems) != 0 || r.Records != n-1 {
		t.Errorf("got %+v", r)
	}
}
