package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// harden keeps PINs out of core dumps, also of the children, and other processes of the user from
// attaching to this one (prctl(2), PR_SET_DUMPABLE).
func harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("switching core dumps off: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("switching debuggers off: %w", err)
	}
	return nil
}
