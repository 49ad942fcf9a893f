//go:build unix

package local

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "lo")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestPrivate(t *testing.T) {
	path := filepath.Join(shortDir(t), "run", "a.sock")
	l, err := ListenPrivate(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ListenPrivate(path); !errors.Is(err, ErrRunning) {
		t.Errorf("second listener: got %v, want ErrRunning", err)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %o", name, info.Mode(), err, want)
		}
	}
	conn, err := DialPrivate(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	for side, c := range map[string]net.Conn{"listener": accepted, "dialler": conn} {
		if p, err := PeerOf(c); err != nil || p.User != Self() || p.PID != os.Getpid() {
			t.Errorf("%s's peer: %+v, %v", side, p, err)
		}
		if err := CheckPeer(c, "4294967294"); !errors.Is(err, ErrPeer) {
			t.Errorf("%s: got %v, want ErrPeer", side, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := ListenPrivate(path)
	if err != nil {
		t.Fatalf("after the first: %v", err)
	}
	again.Close()
}

// TestLeftBehind: a socket of a process that died does not keep the next one out.
func TestLeftBehind(t *testing.T) {
	path := filepath.Join(shortDir(t), "run", "a.sock")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	l, err := ListenPrivate(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestFolders(t *testing.T) {
	open := filepath.Join(shortDir(t), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenPrivate(filepath.Join(open, "a.sock")); err == nil {
		t.Error("listens in a folder where everybody writes")
	}
	if _, err := ListenShared(filepath.Join(open, "a.sock")); err == nil {
		t.Error("the service listens in a folder where everybody writes")
	}
	l, err := net.Listen("unix", filepath.Join(open, "b.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := DialShared(context.Background(), filepath.Join(open, "b.sock")); err == nil {
		t.Error("a service is known by a folder where everybody writes")
	}
	link := filepath.Join(shortDir(t), "link")
	if err := os.Symlink(shortDir(t), link); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenPrivate(filepath.Join(link, "a.sock")); err == nil {
		t.Error("listens in a folder that is a link")
	}
	if _, err := ListenPrivate("/tmp/" + strings.Repeat("x", 100) + "/a.sock"); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("long path: got %v", err)
	}
}

func TestMakePrivate(t *testing.T) {
	dir := filepath.Join(shortDir(t), "a", "state")
	for range 2 {
		if err := MakePrivate(dir); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%v, %v", info, err)
		}
	}
}

func TestShared(t *testing.T) {
	path := filepath.Join(shortDir(t), "service", "a.sock")
	l, err := ListenShared(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, want := range map[string]os.FileMode{path: 0o666, filepath.Dir(path): 0o755} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %o", name, info.Mode(), err, want)
		}
	}
	conn, err := DialShared(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
