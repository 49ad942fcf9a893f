package module

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/odnowa/odnowa/agent/worker"
)

// runnable are the architectures whose programs a system runs beside its own: 32-bit ones on Windows and Linux,
// those of Intel by emulation on arm64.
var runnable = map[string][]string{
	"windows/amd64": {"386"}, "windows/arm64": {"amd64", "386"}, "darwin/arm64": {"amd64"}, "linux/amd64": {"386"},
}

// WorkerName is the file name of the module worker for another architecture, which is installed beside the
// agent: odnowa-agent-worker-386.exe on Windows. It is agent/cmd/odnowa-agent-worker built for that GOARCH.
func WorkerName(system, arch string) string {
	name := "odnowa-agent-worker-" + arch
	if system == "windows" {
		name += ".exe"
	}
	return name
}

// workerFor gives the command of the worker for a library of these architectures, nil for the agent itself.
func (m machine) workerFor(architectures []string) ([]string, error) {
	if slices.Contains(architectures, m.arch) {
		return nil, nil
	}
	for _, arch := range runnable[m.system+"/"+m.arch] {
		if !slices.Contains(architectures, arch) {
			continue
		}
		path := filepath.Join(filepath.Dir(m.self), WorkerName(m.system, arch))
		if !exists(path) {
			return nil, fmt.Errorf("a library for %s, which needs %s", arch, path)
		}
		if err := m.trusted(path); err != nil {
			return nil, err
		}
		return []string{path, worker.Role}, nil
	}
	return nil, fmt.Errorf("a library for %s, which does not run on %s", strings.Join(architectures, " and "), m.arch)
}
