package subprocess

import "syscall"

// self is this very program, also when an update has replaced its file since it was started: parent
// and child must speak the same protocol.
func self() (string, error) { return "/proc/self/exe", nil }

// attributes lets the child die with the parent, even one whose memory foreign code has ruined. The signal is
// bound to the thread that starts the child, and Go ends no thread but one that a goroutine has locked and not
// unlocked; should that ever happen, the call fails and the next works.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
