package host

import (
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// chunk is small, for the session to hear of a document at once; the rest of that is spliced.
const chunk = 16 << 10

// splice moves some of at most n bytes from the browser's pipe to the session's socket without copying them (splice(2)),
// once there is something. It gives 0 where it cannot, and at the end of the pipe.
func splice(to io.Writer, from io.Reader, n int64) (moved int64, err error) {
	socket, ok := to.(*net.UnixConn)
	if !ok {
		return 0, nil
	}
	pipe, ok := from.(*os.File)
	if !ok {
		return 0, nil
	}
	in, err := pipe.SyscallConn()
	if err != nil {
		return 0, nil
	}
	out, err := socket.SyscallConn()
	if err != nil {
		return 0, nil
	}
	var failed error
	readable := in.Read(func(r uintptr) bool {
		empty := false
		writable := out.Write(func(w uintptr) bool {
			for failed = unix.EINTR; failed == unix.EINTR; {
				moved, failed = unix.Splice(int(r), nil, int(w), nil, int(n), unix.SPLICE_F_NONBLOCK)
			}
			if failed != unix.EAGAIN {
				return true
			}
			// One of the two is not ready. Where it is the pipe, the wait is for that.
			ready, _ := unix.Poll([]unix.PollFd{{Fd: int32(r), Events: unix.POLLIN}}, 0)
			empty = ready == 0
			return empty
		})
		if writable != nil {
			failed = writable
		}
		return !empty
	})
	switch {
	case readable != nil:
		return 0, readError(readable)
	case failed == unix.EINVAL: // not a pipe
		return 0, nil
	case failed != nil:
		return 0, fmt.Errorf("writing frame: %w", failed)
	}
	return moved, nil
}

// enlarge lets the browser write a document into its pipe in few pieces, yet so many that the session reads the first while the
// next is written. Where it can't, the pipe takes 64 KiB.
func enlarge(pipe uintptr) {
	_, _ = unix.FcntlInt(pipe, unix.F_SETPIPE_SZ, 512<<10)
}
