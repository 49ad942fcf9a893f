// Package subprocess starts this program again in another role, for foreign code that must not run in the process
// that started it: a PKCS#11 module, the system's PC/SC library.
//
// The child gets of the environment what it is allowed by name, a working directory where no user writes, and on
// Linux the signal to die when its parent does. The package holds no pipes and no protocol.
package subprocess

import (
	"os"
	"os/exec"
	"strings"
)

// Command is this program with other arguments, or the given program where argv is not empty. Its environment is
// still to be set.
func Command(argv []string, args ...string) (*exec.Cmd, error) {
	if len(argv) == 0 {
		path, err := self()
		if err != nil {
			return nil, err
		}
		argv = []string{path}
	}
	c := exec.Command(argv[0], append(argv[1:len(argv):len(argv)], args...)...)
	c.Dir = workingDirectory()
	c.SysProcAttr = attributes()
	return c, nil
}

// Environment gives the child's: of the parent's what allowed names, a trailing * being any ending, and extra.
// A crash leaves no stack behind.
func Environment(allowed, extra []string) []string { return environment(os.Environ(), allowed, extra) }

func environment(parent, allowed, extra []string) []string {
	var env []string
	for _, v := range parent {
		name, _, _ := strings.Cut(v, "=")
		if isAllowed(strings.ToUpper(name), allowed) {
			env = append(env, v)
		}
	}
	env = append(env, "GOTRACEBACK=none")
	return append(env, extra...)
}

func isAllowed(name string, allowed []string) bool {
	for _, p := range allowed {
		prefix, any := strings.CutSuffix(p, "*")
		if name == p || any && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
