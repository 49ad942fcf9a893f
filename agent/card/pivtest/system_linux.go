package pivtest

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// socketPair gives two ends of a connection that keeps messages apart: ours, and one for another process.
func socketPair() (*net.UnixConn, *os.File, error) {
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(ends[0]), "ours"), os.NewFile(uintptr(ends[1]), "theirs")
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return conn.(*net.UnixConn), theirs, nil
}

// nobody is the user and group that pcscd runs as when we are root.
const nobody = 65534

// ordinary lets a command of root's run without any rights; another's runs as it is.
func ordinary() *syscall.SysProcAttr {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

// inherited is the path by which a process opens what it inherited, wherever the file is and even without
// a name.
func inherited(descriptor int) string { return fmt.Sprintf("/proc/self/fd/%d", descriptor) }
