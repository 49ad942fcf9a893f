//go:build unix

package card_test

import "syscall"

// running says whether there is still a process of this number.
func running(pid int) bool { return syscall.Kill(pid, 0) == nil }
