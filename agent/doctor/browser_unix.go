//go:build unix

package doctor

import (
	"encoding/json"
	"path/filepath"

	"github.com/odnowa/odnowa/agent/frame"
)

func (m Machine) places(b browser) []place {
	var all []place
	for _, dir := range b.user {
		all = append(all, place{filepath.Join(m.path(dir), hostName+".json"), true})
	}
	for _, dir := range b.system {
		all = append(all, place{filepath.Join(m.path(dir), hostName+".json"), false})
	}
	return all
}

// rules reads the browser's policies in their order, where a later file replaces what an earlier one says.
func (m Machine) rules(b browser) (rules browserPolicy, source string) {
	var p struct {
		browserPolicy
		Policies browserPolicy `json:"policies"` // Firefox has them in there
	}
	for _, from := range b.policies {
		files, err := filepath.Glob(filepath.Join(m.path(from), "*.json"))
		if err != nil || len(files) == 0 {
			files = []string{m.path(from)}
		}
		for _, file := range files {
			data, err := readSmall(file)
			if err == nil && json.Unmarshal(data, &p) == nil {
				source = file
			}
		}
	}
	if b.family == frame.Firefox {
		return p.Policies, source
	}
	return p.browserPolicy, source
}
