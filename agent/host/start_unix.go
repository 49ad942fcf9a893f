//go:build unix

package host

import "syscall"

// detached makes the session a leader of its own session of processes, so that the browser's end
// does not end it. exec closes all handles but the standard three, which are the null device.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func rootDir() string { return "/" }
