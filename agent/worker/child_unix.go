//go:build !windows

package worker

import (
	"os"

	"golang.org/x/sys/unix"
)

// takeStdio moves standard input and output to private descriptors and puts the null device and
// standard error in their place.
func takeStdio(stdin, stdout *os.File) (in, out *os.File, err error) {
	if in, err = private(stdin, "requests"); err != nil {
		return nil, nil, err
	}
	if out, err = private(stdout, "answers"); err != nil {
		return nil, nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	if err := unix.Dup2(int(null.Fd()), int(stdin.Fd())); err != nil {
		return nil, nil, err
	}
	return in, out, unix.Dup2(int(os.Stderr.Fd()), int(stdout.Fd()))
}

// private duplicates f to a descriptor that programs started by a module don't inherit.
func private(f *os.File, name string) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// noCore forbids core files, which would hold the PIN.
func noCore() error {
	return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
