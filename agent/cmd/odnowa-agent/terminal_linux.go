package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// terminalOf gives the path of the terminal in which the person typed the command, or nothing where
// input or messages go elsewhere.
func terminalOf(s stdio) string {
	for _, f := range []*os.File{s.in, s.err} {
		if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err != nil {
			return ""
		}
	}
	path, err := os.Readlink("/proc/self/fd/0")
	if err != nil || !strings.HasPrefix(path, "/dev/") {
		return ""
	}
	return path
}
