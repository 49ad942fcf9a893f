package subprocess

import (
	"os"
	"syscall"
)

// self is this program.
func self() (string, error) { return os.Executable() }

// attributes: macOS has no signal for a parent's death; the child notices the end of its input.
func attributes() *syscall.SysProcAttr { return nil }
