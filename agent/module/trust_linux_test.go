package module_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/card/pivtest"
	"github.com/odnowa/odnowa/agent/module"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestMain(m *testing.M) { cardtest.Main(m) }

// On this machine: OpenSC, once, though p11-kit and the list of known ones both have it, and no SoftHSM.
func TestThisMachine(t *testing.T) {
	path, err := pivtest.OpenSC()
	if err != nil {
		t.Fatal(err)
	}
	modules := module.List(&policy.Policy{})
	var found int
	for _, m := range modules {
		a, errA := os.Stat(m.Path)
		b, errB := os.Stat(path)
		if err := errors.Join(errB); err != nil {
			t.Fatal(err)
		}
		if errA == nil && os.SameFile(a, b) {
			found++
			if m.Name != "OpenSC" || m.Code != "" || m.Command != nil {
				t.Errorf("got %+v", m)
			}
		}
		if strings.Contains(strings.ToLower(m.Path), "softhsm") {
			t.Errorf("SoftHSM was found: %+v", m)
		}
	}
	if found != 1 {
		t.Errorf("OpenSC was found %d times: %+v", found, modules)
	}
}

// The worker as a program of its own, as it is built for other architectures.
func TestWorkerProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "odnowa-agent-worker")
	build := exec.Command("go", "build", "-o", program, "github.com/odnowa/odnowa/agent/cmd/odnowa-agent-worker")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := cardtest.New(t)
	store := card.New([]card.Module{{Name: "SoftHSM", Path: c.Module, Env: c.Env, Command: []string{program, worker.Role}}}, card.Options{})
	defer store.Close()
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != len(c.Certificates) {
		t.Errorf("got %+v, %v", list, err)
	}
	if err := exec.Command(program).Run(); err == nil {
		t.Error("started by hand, it ended well")
	}
}

// Two real ownerships: the system's library is taken, one that another user can exchange is not. Needs root for the latter.
func TestOwnership(t *testing.T) {
	list := func(path string) card.Module {
		t.Helper()
		return module.List(&policy.Policy{Modules: []policy.Module{{Name: "m", Path: path}}})[0]
	}
	if m := list(cardtest.SoftHSM); m.Code != "" || m.Command != nil {
		t.Errorf("the system's: got %+v", m)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make files that are an administrator's")
	}
	dir, err := os.MkdirTemp("/var/lib", "odnowa-test") // not below /tmp, which is everybody's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(cardtest.SoftHSM)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "folder")
	file := filepath.Join(folder, "module.so")
	for _, test := range []struct {
		name                   string
		folderMode, fileMode   os.FileMode
		folderOwner, fileOwner int
		want                   bridge.Code
	}{
		{"root's", 0o755, 0o644, 0, 0, ""},
		{"everybody's file", 0o755, 0o666, 0, 0, bridge.CodeModuleRefused},
		{"a group's file", 0o755, 0o664, 0, 0, bridge.CodeModuleRefused},
		{"another's file", 0o755, 0o644, 0, 65534, bridge.CodeModuleRefused},
		{"another's folder", 0o755, 0o644, 65534, 0, bridge.CodeModuleRefused},
		{"everybody's folder", 0o777, 0o644, 0, 0, bridge.CodeModuleRefused},
		{"everybody's folder, sticky", os.ModeSticky | 0o777, 0o644, 0, 0, bridge.CodeModuleRefused},
	} {
		os.RemoveAll(folder)
		if err := errors.Join(os.Mkdir(folder, 0o755), os.WriteFile(file, b, 0o644), os.Chmod(file, test.fileMode), os.Chmod(folder, test.folderMode),
			syscall.Chown(file, test.fileOwner, 0), syscall.Chown(folder, test.folderOwner, 0)); err != nil {
			t.Fatal(err)
		}
		if m := list(file); m.Code != test.want {
			t.Errorf("%s: got %+v, want code %q", test.name, m, test.want)
		}
	}
	// By a link in a user's folder to a file that is in order: what is loaded is the file.
	link := filepath.Join(t.TempDir(), "link.so")
	if err := os.Symlink(cardtest.SoftHSM, link); err != nil {
		t.Fatal(err)
	}
	resolved, err := filepath.EvalSymlinks(cardtest.SoftHSM)
	if m := list(link); err != nil || m.Code != "" || m.Path != resolved {
		t.Errorf("link: got %+v", m)
	}
}
