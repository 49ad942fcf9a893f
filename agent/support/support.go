// Package support packs what somebody needs who helps from afar: the doctor's findings, the log, the policy,
// versions and the system; and nothing that tells of a person.
//
// What goes in is named here, key by key; texts from elsewhere are cleaned on top of that (scrub.go). It
// trusts neither the log nor what programs called themselves. It sends nothing: the person looks at the file,
// and sends it or not.
package support

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/odnowa/odnowa/agent/doctor"
	"github.com/odnowa/odnowa/agent/log"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window"
)

// Options say what is packed.
type Options struct {
	Version  string
	Findings []doctor.Finding
	// Policy may be nil, where it cannot be read.
	Policy *policy.Policy
	// Log is the path of the session's log.
	Log string
	Now time.Time
	// Readme says, in the person's language, what this is.
	Readme string
	Scrub  *Scrubber
}

// Write writes the pack, a zip file.
func Write(w io.Writer, o Options) error {
	z := zip.NewWriter(w)
	files := []struct {
		name string
		data func() ([]byte, error)
	}{
		{"README.txt", func() ([]byte, error) { return []byte(o.Readme + "\n"), nil }},
		{"doctor.json", func() ([]byte, error) { return o.json(doctor.Anonymous(o.Findings, o.Scrub.Text)) }},
		{"doctor.txt", o.text},
		{"system.json", func() ([]byte, error) { return o.json(o.system()) }},
		{"policy.json", func() ([]byte, error) { return o.json(o.policy()) }},
		{"session.jsonl", func() ([]byte, error) { return o.log(o.Log) }},
		{"session" + log.Old + ".jsonl", func() ([]byte, error) { return o.log(o.Log + log.Old) }},
	}
	for _, f := range files {
		data, err := f.data()
		if err != nil {
			return fmt.Errorf("packing %s: %w", f.name, err)
		}
		entry, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: o.Now})
		if err != nil {
			return err
		}
		if _, err := entry.Write(data); err != nil {
			return err
		}
	}
	return z.Close()
}

func (o Options) json(v any) ([]byte, error) { return json.MarshalIndent(v, "", "  ") }

func (o Options) text() ([]byte, error) {
	var b bytes.Buffer
	doctor.Print(&b, window.English, doctor.Anonymous(o.Findings, o.Scrub.Text))
	return b.Bytes(), nil
}

// log gives a log file cleaned; one that is not there is empty.
func (o Options) log(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 4<<20))
	if err != nil {
		return nil, err
	}
	return o.Scrub.Log(data), nil
}

// module is a module's file.
type module struct {
	Name  string   `json:"name"`
	Path  string   `json:"path"`
	Env   []string `json:"env,omitempty"` // names only
	Size  int64    `json:"size"`
	Error string   `json:"error,omitempty"`
}

// rules are the policy's parts that are no secret and tell of nobody.
type rules struct {
	Source     string            `json:"source"`
	Service    bool              `json:"service"`
	Port       int               `json:"port"`
	TimeoutMs  int               `json:"windowTimeoutMs"`
	Pinentry   string            `json:"pinentry,omitempty"`
	Viewer     string            `json:"viewer,omitempty"`
	Extensions policy.Extensions `json:"extensions"`
	Origins    []site            `json:"origins"`
	Modules    []module          `json:"modules"`
}

type site struct {
	Origin    string   `json:"origin"`
	Documents string   `json:"documents"`
	RSign     string   `json:"rsign,omitempty"`
	SealKeys  []string `json:"sealKeys"` // beginnings of their SHA-256
}

func (o Options) policy() any {
	p := o.Policy
	if p == nil {
		return nil
	}
	text := o.Scrub.Text
	r := rules{
		Source: text(p.Source()), Service: p.Service, Port: p.Port, TimeoutMs: p.WindowTimeoutMs,
		Pinentry: text(p.Pinentry), Viewer: text(p.Viewer), Extensions: p.Extensions, Origins: []site{}, Modules: []module{},
	}
	for _, from := range p.Origins {
		s := site{Origin: text(from.Origin), Documents: string(from.Documents), RSign: text(from.RSign), SealKeys: []string{}}
		for _, der := range from.SealKeys {
			sum := sha256.Sum256(der)
			s.SealKeys = append(s.SealKeys, hex.EncodeToString(sum[:4]))
		}
		r.Origins = append(r.Origins, s)
	}
	for _, from := range p.Modules {
		m := module{Name: text(from.Name), Path: text(from.Path)}
		for _, env := range from.Env {
			name, _, _ := strings.Cut(env, "=")
			m.Env = append(m.Env, text(name))
		}
		if info, err := os.Stat(from.Path); err != nil {
			m.Error = text(err.Error())
		} else {
			m.Size = info.Size()
		}
		r.Modules = append(r.Modules, m)
	}
	return r
}

// system is what the agent runs on.
func (o Options) system() map[string]any {
	s := map[string]any{
		"agent": o.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "cpus": runtime.NumCPU(),
		"packed": o.Now.UTC().Format(time.RFC3339),
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				s["revision"] = fmt.Sprintf("%.12s", setting.Value)
			}
		}
	}
	for _, name := range []string{"LANG", "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "DESKTOP_SESSION"} {
		if v := os.Getenv(name); v != "" {
			s[name] = o.Scrub.Text(v)
		}
	}
	for name, path := range systemFiles {
		if data, err := os.ReadFile(path); err == nil && len(data) < 64<<10 {
			s[name] = strings.Split(strings.TrimSpace(o.Scrub.Text(string(data))), "\n")
		}
	}
	s["programs"] = programs()
	return s
}

// systemFiles tell which system it is.
var systemFiles = map[string]string{"release": "/etc/os-release", "kernel": "/proc/sys/kernel/osrelease"}

// programs are those of the window and the cards that are installed.
func programs() []string {
	found := []string{}
	for _, dir := range []string{"/usr/bin", "/usr/sbin", "/usr/local/bin"} {
		for _, pattern := range []string{"pinentry*", "pcscd", "xdg-open", "chromium", "google-chrome*", "microsoft-edge*", "firefox*"} {
			names, err := filepath.Glob(filepath.Join(dir, pattern))
			if err == nil {
				found = append(found, names...)
			}
		}
	}
	return found
}
