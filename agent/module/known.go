package module

import (
	_ "embed"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
)

// known.json is the list of the card makers' modules: where each one's installer puts it, by system, the first path
// that exists counting. Patterns of path.Match take what has a version in its name, the last by name. Each entry
// names where its paths were taken from (2026-11-25); none of the commercial ones could be installed here. SoftHSM
// is not among them: it is no card.
//
//go:embed known.json
var knownJSON []byte

type knownModule struct {
	Name    string   `json:"name"`
	Linux   []string `json:"linux"`
	Windows []string `json:"windows"`
	Darwin  []string `json:"darwin"`
	Source  string   `json:"source"`
}

// known reads the list.
func known() []knownModule {
	var list []knownModule
	if err := json.Unmarshal(knownJSON, &list); err != nil {
		panic("module: known.json: " + err.Error()) // part of this program, and tested
	}
	return list
}

// paths for a system (GOOS).
func (k knownModule) paths(system string) []string {
	switch system {
	case "linux":
		return k.Linux
	case "windows":
		return k.Windows
	case "darwin":
		return k.Darwin
	}
	return nil
}

// expand puts the system's folders in the place of names in braces. There may be several for one, or none: then
// the path is nowhere.
func expand(path string, folders map[string][]string) []string {
	name, rest, braced := strings.Cut(path, "}")
	if !braced {
		return []string{path}
	}
	var expanded []string
	for _, folder := range folders[strings.TrimPrefix(name, "{")] {
		expanded = append(expanded, folder+rest)
	}
	return expanded
}

// find gives the module's file on this machine, "" for none.
func (k knownModule) find(system string, folders map[string][]string) string {
	for _, path := range k.paths(system) {
		for _, pattern := range expand(path, folders) {
			if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
				return slices.Max(found)
			}
		}
	}
	return ""
}

// nameOf gives what people call the module with this file name, "" where it is not known.
func nameOf(path string) string {
	base := strings.ToLower(filepath.Base(path))
	for _, k := range known() {
		for _, p := range slices.Concat(k.Linux, k.Windows, k.Darwin) {
			p = strings.ToLower(p[strings.LastIndexAny(p, `/\`)+1:])
			if ok, err := filepath.Match(p, base); err == nil && ok {
				return k.Name
			}
		}
	}
	return ""
}
