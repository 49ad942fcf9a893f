package window

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/odnowa/odnowa/agent/environ"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// viewable maps the media types that get signed to the ending that a desktop knows them by. The
// document's own name is never used as a path.
var viewable = map[string]string{
	"application/pdf": ".pdf",
	"text/plain":      ".txt",
}

// Viewable says whether the window can show documents of this media type; only those are signed.
func Viewable(mediaType string) bool {
	_, ok := viewable[mediaType]
	return ok
}

// viewFolder begins the names of the folders for what is viewed.
const viewFolder = "odnowa-view-"

// viewer opens documents in the desktop's program for them.
type viewer struct{ program string }

func newViewer(program string) viewer {
	tidyUp()
	return viewer{program}
}

// available says whether documents can be shown here: not in a terminal alone.
func (v viewer) available() bool {
	return runtime.GOOS != "linux" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

// view writes the bytes where nobody else reads them and starts the viewer. done removes them.
func (v viewer) view(doc bridge.Document) (done func(), err error) {
	ending, ok := viewable[doc.MediaType]
	if !ok {
		return nil, errors.New("no viewer for this media type")
	}
	// XDG_RUNTIME_DIR is memory that ends with the login. Without one the system's folder for
	// temporary files must do; MkdirTemp makes the new folder 0700.
	dir, err := os.MkdirTemp(os.Getenv("XDG_RUNTIME_DIR"), viewFolder)
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	done = func() { _ = os.RemoveAll(dir) }
	path := filepath.Join(dir, "document"+ending)
	if err := os.WriteFile(path, doc.Bytes, 0o600); err != nil {
		done()
		return nil, fmt.Errorf("writing the document: %w", err)
	}
	if v.program != "" {
		err = start(v.program, path)
	} else {
		err = open(path)
	}
	if err != nil {
		done()
		return nil, fmt.Errorf("starting the viewer: %w", err)
	}
	return done, nil
}

func start(program, path string) error {
	cmd := exec.Command(program, path)
	cmd.Env = environ.Desktop()
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // xdg-open ends at once, viewers when the person closes them
	return nil
}
