package module

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// p11kit reads p11-kit's configuration of modules, pkcs11.conf(5), of the machine; a user's own is not read. A file
// of the administrator's in the first folder comes before one of the same name in the others, setting by setting.
type p11kit struct {
	// folders of *.module files, the administrator's first.
	folders []string
	// libraries are the folders that a module's relative path may mean; distributions have one.
	libraries []string
}

// program is what "enable-in" and "disable-in" call us.
const program = "odnowa-agent"

// noCards are modules without cards: of certificate authorities, of all other modules, of passwords, of tests.
var noCards = []string{"p11-kit-trust", "p11-kit-proxy", "p11-kit-client", "gnome-keyring", "gnome-keyring-pkcs11", "libsofthsm2", "softhsm2"}

type candidate struct {
	name, path string
}

// find gives the modules that are for us, by priority.
func (k p11kit) find(trusted func(string) error) []candidate {
	settings := make(map[string]map[string]string)
	for _, folder := range k.folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.module"))
		if err != nil {
			continue
		}
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".module")
			settings[name] = merge(settings[name], readSettings(file, trusted))
		}
	}
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	slices.Sort(names)
	var found []candidate
	for _, name := range names {
		if path, ok := k.path(name, settings[name]); ok {
			found = append(found, candidate{name, path})
		}
	}
	return found
}

// path gives the module's, and whether it is for us.
func (k p11kit) path(name string, s map[string]string) (string, bool) {
	path := s["module"]
	base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	switch {
	case path == "", s["remote"] != "", s["trust-policy"] == "yes", !enabled(s):
		return "", false
	case slices.Contains(noCards, name), slices.Contains(noCards, base):
		return "", false
	case filepath.IsAbs(path):
		return path, true
	case path != filepath.Base(path): // into other folders: p11-kit would follow it, we do not
		return "", false
	}
	for _, folder := range k.libraries {
		full := filepath.Join(folder, path)
		if _, err := os.Stat(full); err == nil {
			return full, true
		}
	}
	if len(k.libraries) == 0 {
		return "", false
	}
	return filepath.Join(k.libraries[0], path), true // missing, which is to be told
}

// enabled is about enable-in and disable-in, lists of programs; an empty enable-in is nobody.
func enabled(s map[string]string) bool {
	listed := func(setting string) bool {
		return slices.Contains(strings.FieldsFunc(s[setting], func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }), program)
	}
	if _, set := s["enable-in"]; set {
		return listed("enable-in")
	}
	return !listed("disable-in")
}

// merge adds settings that are not there yet.
func merge(first, second map[string]string) map[string]string {
	if first == nil {
		return second
	}
	for name, value := range second {
		if _, set := first[name]; !set {
			first[name] = value
		}
	}
	return first
}

const maxSettings = 64 << 10

// readSettings reads "name: value" lines; a file that cannot be read, is larger than any has a reason to be, or lies
// where users write, has none.
func readSettings(file string, trusted func(string) error) map[string]string {
	settings := make(map[string]string)
	if file, err := filepath.EvalSymlinks(file); err != nil || trusted(file) != nil {
		return settings
	}
	f, err := os.Open(file)
	if err != nil {
		return settings
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSettings {
		return settings
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		name, value, ok := strings.Cut(line, ":")
		if ok && !strings.HasPrefix(line, "#") {
			settings[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return settings
}

// exists tells whether a path names something, though perhaps nothing that we may look at.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
