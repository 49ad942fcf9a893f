//go:build unix

package host

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// detached makes the session a leader of its own session of processes, so that the browser's end
// does not end it.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// keepHandles lets no child have what this process was given beside the standard three: whatever its parent,
// which is a browser, has left open. What Go opens by itself is close-on-exec already.
func keepHandles() error {
	dir, err := os.Open("/dev/fd")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

func rootDir() string { return "/" }
