package host

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// detached takes the session out of the browser's job and console.
func detached() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{NoInheritHandles: true, CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS}
	if mayLeaveJob() {
		a.CreationFlags |= windows.CREATE_BREAKAWAY_FROM_JOB
	}
	return a
}

// mayLeaveJob asks whether this process's job, if it is in one, lets programs out of it. Chromium has no such
// job and Firefox's does; in another's a session that ends with the browser is better than none, which is what
// asking to leave would give.
func mayLeaveJob() bool {
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	err := windows.QueryInformationJobObject(0, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)), nil)
	const out = windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK | windows.JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK
	return err != nil || limits.BasicLimitInformation.LimitFlags&out != 0
}

// keepHandles has nothing to do: detached says that nothing is inherited.
func keepHandles() error { return nil }

func rootDir() string { return os.Getenv("SystemRoot") }
