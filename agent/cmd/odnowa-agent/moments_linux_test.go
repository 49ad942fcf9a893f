package main

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/odnowa/odnowa/agent/card/cardtest"
)

// What the kernel shows of processes in the middle of something, when they themselves show nothing.

// lockCard locks the files of a card's keys and certificates, as another program may that uses them: SoftHSM waits
// for it. Only who is asked for one does, and not who looks whether the card is there. It gives what lets go.
func lockCard(t *testing.T, c cardtest.Card) (unlock func()) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.Tokens, "*", "*-*.object")) // not token.object
	if err != nil || len(files) == 0 {
		t.Fatal("no token", err)
	}
	var locked []*os.File
	unlock = func() {
		for _, f := range locked {
			f.Close()
		}
	}
	t.Cleanup(unlock)
	for _, path := range files {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		locked = append(locked, f)
		// Of the open file, not of this process: closing another one of the same file leaves it.
		if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLKW, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
			t.Fatal(err)
		}
	}
	return unlock
}

// waitsForLock says whether a process waits for a lock of fcntl(2) (proc(5), /proc/locks).
func waitsForLock(t *testing.T, pid int) bool {
	t.Helper()
	data, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		// 1: -> POSIX ADVISORY READ pid device:inode start end
		if f := strings.Fields(line); len(f) > 5 && f[1] == "->" && f[5] == strconv.Itoa(pid) {
			return true
		}
	}
	return false
}

// hasEnded says whether a process has ended. One whose parent was killed may remain as a zombie, for as long as
// the container's first process likes.
func hasEnded(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			return true
		}
		t.Fatal(err)
	}
	return statFields(stat)[0] == "Z"
}

// statFields are those of /proc/PID/stat after the program's name, which may have spaces and brackets: the first is
// the state, the second the parent.
func statFields(stat []byte) []string {
	return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
}

// unread is how many bytes wait for those who have connected to a Unix socket, and have not read them (sock_diag(7)).
func unread(t *testing.T, path string) int {
	t.Helper()
	const ( // UNIX_DIAG_NAME, _PEER, _RQLEN
		name, peer, queues = 0, 2, 4
		show               = 1<<name | 1<<peer | 1<<queues
	)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	order := binary.NativeEndian
	request := order.AppendUint32(nil, unix.SizeofNlMsghdr+24)
	request = order.AppendUint16(request, unix.SOCK_DIAG_BY_FAMILY)
	request = order.AppendUint16(request, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request = append(request, make([]byte, 8)...) // sequence, port
	request = append(request, unix.AF_UNIX, 0, 0, 0)
	for _, v := range []uint32{^uint32(0), 0, show, 0, 0} { // states, inode, what to show, cookie
		request = order.AppendUint32(request, v)
	}
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
	var peers []uint32
	waiting := map[uint32]int{}
	for buf := make([]byte, 1<<16); ; {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			t.Fatal(err)
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				sum := 0
				for _, inode := range peers {
					sum += waiting[inode]
				}
				return sum
			case unix.NLMSG_ERROR:
				t.Fatal("this kernel does not show Unix sockets")
			}
			inode := order.Uint32(m.Data[4:])
			named, other := false, uint32(0)
			for a := m.Data[16:]; len(a) >= 4; { // length and type, value, up to a multiple of four
				length := int(order.Uint16(a))
				if length < 4 || length > len(a) {
					break
				}
				switch value := a[4:length]; order.Uint16(a[2:]) {
				case name:
					named = strings.TrimRight(string(value), "\x00") == path
				case peer:
					other = order.Uint32(value)
				case queues:
					waiting[inode] = int(order.Uint32(value))
				}
				a = a[min((length+3)&^3, len(a)):]
			}
			if named && other != 0 && !slices.Contains(peers, other) {
				peers = append(peers, other)
			}
		}
	}
}
