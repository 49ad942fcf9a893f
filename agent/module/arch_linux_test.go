package module

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// A real 32-bit module on a 64-bit machine: the agent lists its certificate through the 386 worker beside it.
func TestThirtyTwoBitModule(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("only amd64 runs 386 beside it")
	}
	dir := t.TempDir()
	library := filepath.Join(dir, "hostile.so")
	compile := exec.Command("gcc", "-m32", "-shared", "-fPIC", "-w", "-o", library, "../card/cardtest/testdata/hostile.c")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Skipf("no 32-bit compiler (apt package gcc-multilib): %v: %.200s", err, out)
	}
	self := filepath.Join(dir, "odnowa-agent")
	m := machine{system: "linux", arch: "amd64", trusted: anyone, self: self}
	if one := m.examine("m", library, false); one.Code != bridge.CodeModuleFailed {
		t.Errorf("without its worker: got %+v", one)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, WorkerName("linux", "386")), "github.com/odnowa/odnowa/agent/cmd/odnowa-agent-worker")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=386")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	one := m.examine("m", library, false)
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	one.Env = h.Env("", "")
	store := card.New([]card.Module{one}, card.Options{})
	defer store.Close()
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != 1 || list.Certificates[0].ID != h.Certificate.ID {
		t.Errorf("got %+v, %v", list, err)
	}
}
