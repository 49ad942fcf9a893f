package cardtest

import (
	_ "embed"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
)

//go:embed testdata/hostile.c
var hostileSource []byte

// Hostile is a module that misbehaves to order; its source documents the orders.
type Hostile struct {
	Module      string // path
	Certificate Certificate
	// Log is the file where the module notes logins, signatures and logouts.
	Log  string
	pids string
	gate string
	env  []string
}

// hostile is the compiled module, one for all tests of the process.
var hostile struct {
	once sync.Once
	dir  string
}

// NewHostile makes the module show the certificate of a card; its one key signs nonsense.
func NewHostile(t testing.TB, certificate Certificate) Hostile {
	t.Helper()
	module := hostileModule(t)
	dir := t.TempDir()
	der := filepath.Join(dir, "certificate.der")
	if err := os.WriteFile(der, certificate.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	h := Hostile{
		Module: module, Certificate: certificate,
		Log: filepath.Join(dir, "log"), pids: filepath.Join(dir, "pids"), gate: filepath.Join(dir, "gate"),
	}
	h.Break(t)
	h.env = []string{"HOSTILE_CERT=" + der, "HOSTILE_LOG=" + h.Log, "HOSTILE_PIDS=" + h.pids, "HOSTILE_IF=" + h.gate, subprocesstest.Env()}
	return h
}

// Mend makes the module well-behaved from now on.
func (h Hostile) Mend(t testing.TB) {
	t.Helper()
	if err := os.Remove(h.gate); err != nil {
		t.Fatal(err)
	}
}

// Break undoes Mend.
func (h Hostile) Break(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(h.gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Processes that loaded the module, by number; some may have ended.
func (h Hostile) Processes(t testing.TB) []int {
	t.Helper()
	b, err := os.ReadFile(h.pids)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var pids []int
	for _, line := range strings.Fields(string(b)) {
		pid, err := strconv.Atoi(line)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func hostileModule(t testing.TB) string {
	t.Helper()
	if soft {
		return windowsModule(t, "hostile.dll")
	}
	hostile.once.Do(func() { compileHostile(t) })
	if hostile.dir == "" {
		t.Fatal("cardtest: an earlier test could not compile the module")
	}
	return filepath.Join(hostile.dir, "hostile.so")
}

func compileHostile(t testing.TB) {
	t.Helper()
	need(t, "gcc", "gcc")
	dir, err := os.MkdirTemp("", "cardtest")
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(dir, "hostile.c")
	if err := os.WriteFile(source, hostileSource, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, nil, "gcc", "-shared", "-fPIC", "-w", "-o", filepath.Join(dir, "hostile.so"), source)
	hostile.dir = dir
}

// Env is the environment that makes the module behave as ordered ("" for well) and its token show these
// flags (a number; "" for a token with login).
func (h Hostile) Env(orders, flags string) []string {
	env := append(h.env[:len(h.env):len(h.env)], "HOSTILE="+orders)
	if flags != "" {
		env = append(env, "HOSTILE_FLAGS="+flags)
	}
	return env
}

// Calls gives what the module noted.
func (h Hostile) Calls(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(h.Log)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(b)
}
