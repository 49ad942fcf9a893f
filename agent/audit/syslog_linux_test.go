package audit

import (
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ownDev gives this test, whose goroutine keeps its thread to itself from now on, an empty /dev that nobody else sees.
func ownDev() error {
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	return syscall.Mount("tmpfs", "/dev", "tmpfs", 0, "size=64k")
}

// TestSyslog: what arrives at the system's log has the record and its line's hash.
func TestSyslog(t *testing.T) {
	const socket = "/dev/log"
	private := ownDev()
	if _, err := os.Lstat(socket); err == nil {
		t.Skip("this computer has a system log of its own, which tests leave alone; a /dev of the test's own needs root: ", private)
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skip("cannot play the system's log: ", err)
	}
	defer os.Remove(socket)
	defer conn.Close()
	path := newPath(t)
	l, err := Open(path, Options{System: OpenSystem()})
	if err != nil {
		t.Fatal(err)
	}
	write(t, l, 1)
	buf := make([]byte, 4096)
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	got := string(buf[:n])
	if want := "audit n=1 hash=" + verified(t, path, "").Head; !strings.HasPrefix(got, "<85>") || !strings.Contains(got, "odnowa-agent[") || !strings.Contains(got, want) {
		t.Errorf("got %q, want authpriv.notice and %s", got, want)
	}
}
