package lock

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestTry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.lock")
	first, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Try(path); !errors.Is(err, ErrTaken) {
		t.Errorf("while it is held: got %v, want ErrTaken", err)
	}
	first.Close()
	second, err := Try(path)
	if err != nil {
		t.Fatalf("after it was let go: %v", err)
	}
	second.Close()
}

func TestWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.lock")
	first, err := Wait(path)
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan error)
	go func() {
		second, err := Wait(path)
		if err == nil {
			second.Close()
		}
		taken <- err
	}()
	select {
	case <-taken:
		t.Fatal("a second one has it")
	default:
	}
	first.Close()
	if err := <-taken; err != nil {
		t.Error(err)
	}
}

func TestNoFolder(t *testing.T) {
	if _, err := Try(filepath.Join(t.TempDir(), "absent", "a.lock")); err == nil || errors.Is(err, ErrTaken) {
		t.Errorf("got %v, want another error", err)
	}
}
