package subprocess

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// self is this program.
func self() (string, error) { return os.Executable() }

// workingDirectory is where relative paths would be looked up: nowhere a user writes.
func workingDirectory() string {
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return ""
	}
	return dir
}

// attributes keeps a console from flashing up. A driver's own dialogs still show.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NO_WINDOW}
}
