//go:build unix

package module

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func parse(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// find gives the module with this name.
func find(t *testing.T, modules []card.Module, name string) card.Module {
	t.Helper()
	i := slices.IndexFunc(modules, func(m card.Module) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no %q in %+v", name, modules)
	}
	return modules[i]
}

func names(modules []card.Module) string {
	var all []string
	for _, m := range modules {
		all = append(all, m.Name)
	}
	return strings.Join(all, " ")
}

// The policy's list: what is missing, refused or broken is a line; one file is one module.
func TestListed(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	good := library(t, filepath.Join(dir, "good.so"))
	write(t, filepath.Join(dir, "text.so"), strings.Repeat("no library ", 10))
	write(t, filepath.Join(dir, "empty.so"), "")
	for link, to := range map[string]string{"link.so": "good.so", "dangling.so": "nowhere.so"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(good, filepath.Join(dir, "hard.so")); err != nil {
		t.Fatal(err)
	}
	text := `{"modules": [`
	for i, name := range []string{"missing", "dangling", "text", "empty", "link", "good", "hard"} {
		if i > 0 {
			text += ","
		}
		text += `{"name":"` + name + `","path":"` + filepath.Join(dir, name+".so") + `","userWritable":true,"env":["A=` + name + `"]}`
	}
	got := List(parse(t, text+`]}`))
	if names(got) != "missing dangling text empty link" {
		t.Errorf("got %s", names(got))
	}
	for name, code := range map[string]bridge.Code{
		"missing": bridge.CodeModuleMissing, "dangling": bridge.CodeModuleMissing, "text": bridge.CodeModuleFailed,
		"empty": bridge.CodeModuleFailed, "link": "",
	} {
		m := find(t, got, name)
		if m.Code != code || (m.Problem == "") != (code == "") || !slices.Equal(m.Env, []string{"A=" + name}) {
			t.Errorf("%s: got %+v, want code %q", name, m, code)
		}
	}
	if m := find(t, got, "link"); m.Path != good || m.Command != nil {
		t.Errorf("got %+v, want the file itself", m)
	}
	// Without the policy's word none of them is loaded: the folder for temporary files is everybody's.
	for _, m := range List(parse(t, strings.ReplaceAll(text, `"userWritable":true`, `"userWritable":false`)+`]}`)) {
		if want := map[bool]bridge.Code{true: bridge.CodeModuleMissing, false: bridge.CodeModuleRefused}[m.Name == "missing" || m.Name == "dangling"]; m.Code != want {
			t.Errorf("%s: got %q (%s), want %s", m.Name, m.Code, m.Problem, want)
		}
	}
}

// Discovery is the default where the policy lists no module, and what it lists comes first.
func TestDiscovery(t *testing.T) {
	dir := t.TempDir()
	library(t, filepath.Join(dir, "lib/opensc-pkcs11.so"))
	vendor := library(t, filepath.Join(dir, "lib/vendor.so"))
	write(t, filepath.Join(dir, "p11/opensc.module"), "module: opensc-pkcs11.so\n")
	write(t, filepath.Join(dir, "p11/vendor.module"), "module: "+vendor+"\n")
	m := machine{
		system: runtime.GOOS, arch: runtime.GOARCH, trusted: anyone, folders: map[string][]string{"lib": {filepath.Join(dir, "lib")}},
		p11kit: p11kit{folders: []string{filepath.Join(dir, "p11")}, libraries: []string{filepath.Join(dir, "lib")}},
	}
	if runtime.GOOS != "linux" {
		t.Skip("known.json has whole paths for this system")
	}
	for text, want := range map[string]string{
		`{}`:                        "OpenSC vendor",
		`{"discoverModules":false}`: "",
		`{"modules":[{"name":"mine","path":"` + vendor + `"}]}`:                           "mine",
		`{"modules":[{"name":"mine","path":"` + vendor + `"}],"discoverModules":true}`:    "mine OpenSC",
		`{"modules":[{"name":"OpenSC","path":"/nonexistent.so"}],"discoverModules":true}`: "OpenSC OpenSC 2 vendor",
	} {
		if got := names(m.list(parse(t, text))); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	m.trusted = func(string) error { return errUserWritable }
	for _, one := range m.list(parse(t, `{}`)) { // p11-kit's files are not believed either
		if one.Name != "OpenSC" || one.Code != bridge.CodeModuleRefused {
			t.Errorf("where users write: got %+v", one)
		}
	}
}
