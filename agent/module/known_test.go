package module

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The file of known modules is whole: names, sources, paths that are absolute on their system, no SoftHSM.
func TestKnown(t *testing.T) {
	places := map[string][]string{"linux": {"lib"}, "darwin": nil, "windows": {"ProgramFiles", "ProgramFiles32", "System", "System32"}}
	var all []string
	for _, k := range known() {
		if k.Name == "" || k.Source == "" || slices.Contains(all, k.Name) {
			t.Errorf("%q: no name of its own, or no source", k.Name)
		}
		all = append(all, k.Name)
		for system, folders := range places {
			for _, path := range k.paths(system) {
				name, _, braced := strings.Cut(strings.TrimPrefix(path, "{"), "}")
				if strings.HasPrefix(path, "{") != braced || braced && !slices.Contains(folders, name) || !braced && !strings.HasPrefix(path, "/") {
					t.Errorf("%s, %s: %s", k.Name, system, path)
				}
				if strings.Contains(path, "/") == (system == "windows") || strings.Contains(strings.ToLower(path), "softhsm") {
					t.Errorf("%s, %s: %s", k.Name, system, path)
				}
			}
		}
	}
	for _, want := range []string{"OpenSC", "SafeNet eToken", "Thales IDPrime", "CryptoCard Graphite", "cryptoCertum", "ENCARD / PEM-HEART", "Charismathics CSSI", "YubiKey PIV"} {
		if !slices.Contains(all, want) {
			t.Errorf("%s is not known", want)
		}
	}
}

// The one with a version in its name, the newest of several.
func TestKnownPatterns(t *testing.T) {
	dir := t.TempDir()
	library(t, filepath.Join(dir, "sc30pkcs11-3.0.5.60-MS.so"))
	newest := library(t, filepath.Join(dir, "sc30pkcs11-3.0.6.68-MS.so"))
	k := knownModule{Linux: []string{"{nowhere}/x.so", "{lib}/sc30pkcs11-*.so"}}
	if got := k.find("linux", map[string][]string{"lib": {"/nonexistent", dir}}); got != newest {
		t.Errorf("got %q, want %q", got, newest)
	}
	if got := k.find("windows", nil); got != "" {
		t.Errorf("another system: got %q", got)
	}
	if got := nameOf("/somewhere/sc30pkcs11-9-MS.so"); got != "cryptoCertum" {
		t.Errorf("got name %q", got)
	}
}
