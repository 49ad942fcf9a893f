package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// harden keeps PINs out of core dumps, also of the children. Debuggers are kept off by the hardened
// runtime that the program is signed with.
func harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("switching core dumps off: %w", err)
	}
	return nil
}
