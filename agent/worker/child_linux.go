package worker

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// harden keeps the PIN out of core dumps. RLIMIT_CORE alone does not: where /proc/sys/kernel/core_pattern
// is a pipe, the limit is left to the program behind it (core(5)), and only a process that is not
// dumpable is never dumped. That also keeps the user's other processes from attaching to this one.
func harden() error {
	if err := noCore(); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// self is this very program, also when an update has replaced its file since it was started: parent
// and child must speak the same protocol.
func self() (string, error) { return "/proc/self/exe", nil }

// processAttributes lets the child die with the parent, even one whose memory the module has ruined.
// The signal is bound to the thread that starts the child, and Go ends no thread but one that a
// goroutine has locked and not unlocked; should that ever happen, the call fails and the next works.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
