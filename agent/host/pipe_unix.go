//go:build unix

package host

import (
	"os"

	"golang.org/x/sys/unix"
)

// Pipe gives the same pipe for reading without a thread that waits in the read. Such a thread keeps its processor until
// the runtime takes it back, which in a process at rest it does every 10 ms; what the session answers meanwhile
// would wait as long. The pipe's other end, the browser's, is not affected.
func Pipe(f *os.File) *os.File {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return f
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return f
	}
	enlarge(uintptr(fd))
	return os.NewFile(uintptr(fd), f.Name())
}
