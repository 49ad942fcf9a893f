package worker

import (
	"os"
	"syscall"
)

// harden keeps the PIN out of core dumps.
func harden() error { return noCore() }

// self is this program.
func self() (string, error) { return os.Executable() }

// processAttributes: macOS has no signal for a parent's death; the child notices the end of its input.
func processAttributes() *syscall.SysProcAttr { return nil }
