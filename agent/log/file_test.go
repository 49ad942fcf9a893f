package log

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "session.jsonl")
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l := New(f, "session")
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 2500 {
				l.Info("line", zap.String("filling", strings.Repeat("x", 200)))
			}
		})
	}
	writers.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + Old} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > maxLog || info.Size() == 0 || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %d bytes, mode %o", filepath.Base(p), info.Size(), info.Mode().Perm())
		}
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			if !bytes.HasPrefix(line, []byte(`{"level"`)) || !bytes.HasSuffix(line, []byte("}\n")) {
				t.Fatalf("torn line: %s", line)
			}
		}
	}
	// The next process goes on.
	if f, err = OpenFile(path); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	before, _ := os.Stat(path)
	f.Write([]byte("x\n"))
	if after, _ := os.Stat(path); after.Size() != before.Size()+2 {
		t.Errorf("size %d after %d", after.Size(), before.Size())
	}
}

// TestFileHostile: what lies at the path is not followed, and a log that cannot be written is no failure.
func TestFileHostile(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := os.Symlink(target, filepath.Join(dir, "link")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, err := OpenFile(filepath.Join(dir, "link")); err == nil {
		t.Error("a link was followed")
	}
	if _, err := OpenFile(dir); err == nil {
		t.Error("a folder was opened")
	}
	f, err := OpenFile(filepath.Join(dir, "x", "log"))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	os.RemoveAll(filepath.Join(dir, "x"))
	if n, err := f.Write([]byte("abc")); n != 3 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}
