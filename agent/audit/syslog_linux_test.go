package audit

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// TestSyslog: what arrives at the system's log has the record and its line's hash.
func TestSyslog(t *testing.T) {
	const socket = "/dev/log"
	if _, err := os.Lstat(socket); err == nil {
		t.Skip("this computer has a system log of its own, which tests leave alone")
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
