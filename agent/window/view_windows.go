package window

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// open lets the desktop choose the viewer, by the ending that this package gave the file.
func open(path string) error {
	verb, err := windows.UTF16PtrFromString("open")
	if err != nil {
		return err
	}
	file, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	return windows.ShellExecute(0, verb, file, nil, nil, windows.SW_SHOWNORMAL)
}

// tidyUp removes what could not be removed before, because a viewer still had it open. It takes nothing
// away from one that shows a document now, for the same reason.
func tidyUp() {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), viewFolder+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}
