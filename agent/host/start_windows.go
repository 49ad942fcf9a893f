package host

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// detached takes the session out of the browser's job and console.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		NoInheritHandles: true,
		CreationFlags:    windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS | windows.CREATE_BREAKAWAY_FROM_JOB,
	}
}

// keepHandles has nothing to do: detached says that nothing is inherited.
func keepHandles() error { return nil }

func rootDir() string { return os.Getenv("SystemRoot") }
