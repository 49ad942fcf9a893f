//go:build unix

package window

import "runtime"

// open lets the desktop choose the viewer.
func open(path string) error {
	if runtime.GOOS == "darwin" {
		return start("/usr/bin/open", path)
	}
	return start("xdg-open", path)
}

// tidyUp has nothing to do: a file can be removed while a viewer shows it.
func tidyUp() {}
