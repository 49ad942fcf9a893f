package host

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// detached takes the session out of the browser's console, and of its job, which ends all that is in it with
// the browser. Chromium has no such job, Firefox lets programs out of its own, and where a job of somebody
// else's lets nobody out, a session that ends with the browser is better than none.
func detached() []*syscall.SysProcAttr {
	const alone = windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS
	return []*syscall.SysProcAttr{
		{NoInheritHandles: true, CreationFlags: alone | windows.CREATE_BREAKAWAY_FROM_JOB},
		{NoInheritHandles: true, CreationFlags: alone},
	}
}

func rootDir() string { return os.Getenv("SystemRoot") }
