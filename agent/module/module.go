// Package module finds the PKCS#11 modules of this machine: those that the policy lists, those that p11-kit is
// configured with (Linux), and those that the card makers' installers are known to put somewhere (known.json).
//
// A module runs with its user's rights and sees PINs. So one is only loaded from where nobody but the
// administrator can write, whoever named it; the policy may make an exception for a sandbox. What is missing, refused
// or for another kind of machine is in the list all the same, with its code, for diagnosis. Nothing is loaded here:
// a library's header alone is read, to choose the worker of its architecture.
package module

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// List gives the modules to use, in the order in which cards are listed. The same library is listed once, under
// the first name.
func List(p *policy.Policy) []card.Module {
	m := machine{system: runtime.GOOS, arch: runtime.GOARCH, folders: folders(), p11kit: systemP11Kit(), trusted: trusted}
	m.self, _ = os.Executable() // without it, no other worker is found
	return m.list(p)
}

// machine is where modules are looked for.
type machine struct {
	system, arch string
	folders      map[string][]string // of known.json
	p11kit       p11kit
	trusted      func(path string) error // tells why nothing may be loaded from there
	self         string                  // the agent's own file
}

func (m machine) list(p *policy.Policy) []card.Module {
	var l list
	for _, listed := range p.Modules {
		one := m.examine(listed.Name, listed.Path, listed.UserWritable)
		one.Env = listed.Env
		l.add(one)
	}
	if !p.DiscoversModules() {
		return l.modules
	}
	for _, found := range m.p11kit.find(m.trusted) {
		name := nameOf(found.path)
		if name == "" {
			name = found.name
		}
		l.add(m.examine(name, found.path, false))
	}
	for _, k := range known() {
		if path := k.find(m.system, m.folders); path != "" {
			l.add(m.examine(k.Name, path, false))
		}
	}
	return l.modules
}

// examine decides whether a module may be loaded, and by which worker.
func (m machine) examine(name, path string, userWritable bool) card.Module {
	one := card.Module{Name: name, Path: path}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return refuse(one, bridge.CodeModuleMissing, err)
	}
	one.Path = resolved // so that what was looked at gets loaded
	if !userWritable {
		if err := m.trusted(resolved); err != nil {
			return refuse(one, bridge.CodeModuleRefused, err)
		}
	}
	kinds, err := architectures(resolved, m.system)
	if err != nil {
		return refuse(one, bridge.CodeModuleFailed, err)
	}
	if one.Command, err = m.workerFor(kinds); err != nil {
		return refuse(one, bridge.CodeModuleFailed, err)
	}
	return one
}

func refuse(one card.Module, code bridge.Code, why error) card.Module {
	one.Code, one.Problem = code, why.Error()
	return one
}

// list has each file and each name once.
type list struct {
	modules []card.Module
	files   []os.FileInfo
}

func (l *list) add(one card.Module) {
	if info, err := os.Stat(one.Path); err == nil {
		for _, known := range l.files {
			if os.SameFile(known, info) {
				return
			}
		}
		l.files = append(l.files, info)
	}
	one.Name = l.unused(one.Name)
	l.modules = append(l.modules, one)
}

// unused gives the name, with a number behind it where another module has it.
func (l *list) unused(name string) string {
	taken := func(s string) bool {
		for _, m := range l.modules {
			if m.Name == s {
				return true
			}
		}
		return false
	}
	if !taken(name) {
		return name
	}
	for i := 2; ; i++ {
		if numbered := name + " " + strconv.Itoa(i); !taken(numbered) {
			return numbered
		}
	}
}
