package pivtest

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// The reader's driver for pcscd. Debian 12's vpcd, which is made for this, will not do: told to dial, it
// kills pcscd when a card is taken out (vsmartcard 0.8 selects on descriptor -1), and told to listen, it
// listens on all interfaces.
//
//go:embed testdata/driver.c
var driverSource []byte

// driver is compiled once a process. The file has no name any more.
var driver = sync.OnceValues(compileDriver)

func compileDriver() (*os.File, error) {
	dir, err := os.MkdirTemp("", "pivtest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	source, library := filepath.Join(dir, "driver.c"), filepath.Join(dir, "driver.so")
	if err := os.WriteFile(source, driverSource, 0o600); err != nil {
		return nil, err
	}
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		return nil, fmt.Errorf("gcc is missing: apt-get install gcc libc6-dev")
	}
	c := exec.Command(gcc, "-std=gnu11", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source)
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling the reader's driver: %w\n%s", err, out)
	}
	if err := os.Chmod(library, 0o644); err != nil { // readable whoever pcscd runs as
		return nil, err
	}
	return os.Open(library)
}
