package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// hostName is what browsers know the agent by.
const hostName = "pl.odnowa.agent"

// maxManifest bounds what is read of a browser's file, in bytes.
const maxManifest = 1 << 20

// browser is one that may be installed, and where its things are. Paths are absolute, or begin with "~/".
type browser struct {
	name   string
	family frame.Browser
	// programs show that it is installed; confined ones are Snaps and Flatpaks, which see the system
	// through a keyhole and cannot start a native host.
	programs, confined []string
	// system and user are the folders of native hosts' manifests; on Windows the key, of machine and user,
	// below which they are named is in system.
	system, user []string
	// policies are files, or folders of files, with the administrator's policies as JSON; on Windows a key.
	policies []string
}

// Machine is where browsers are looked for.
type Machine struct {
	// Root is put before absolute paths, Home instead of "~".
	Root, Home string
	// Self is the path of the program that is installed as native host; it may be a link to it.
	Self string
}

func (m Machine) path(p string) string {
	if rest, ok := cutHome(p); ok {
		return filepath.Join(m.Home, rest)
	}
	return filepath.Join(m.Root, p)
}

func cutHome(p string) (string, bool) {
	if len(p) > 2 && p[:2] == "~/" {
		return p[2:], true
	}
	return p, false
}

func (m Machine) any(paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		path := m.path(p)
		_, err := os.Stat(path)
		return err == nil && !startsSnap(path)
	})
}

// startsSnap says whether a program is Ubuntu's stand-in for a Snap.
func startsSnap(path string) bool {
	data, err := readSmall(path)
	return err == nil && bytes.HasPrefix(data, []byte("#!")) && bytes.Contains(data, []byte("/snap/bin/"))
}

// Browsers checks each browser that is installed. That one of several cannot start the agent is a warning.
func (m Machine) Browsers(lang window.Language, allowed policy.Extensions) Finding {
	var details []Detail
	working := 0
	for _, b := range browsers {
		plain := m.any(b.programs)
		if !plain && !m.any(b.confined) {
			continue
		}
		state, why, facts := bridge.CheckWarning, browserConfined, []string(nil)
		if plain {
			why, facts = m.browser(b, allowed)
			state = bridge.CheckFailed
		}
		if why == "" {
			state = bridge.CheckOK
			working++
		}
		d := detail(lang, b.name, state, codeIf(why != "", bridge.CodeHostNotRegistered), why)
		for _, f := range facts {
			d.Facts = append(d.Facts, terms[lang].label(f))
		}
		details = append(details, d)
	}
	f := result(lang, bridge.CheckBrowser, codeIf(working < len(details), bridge.CodeHostNotRegistered))
	f.Details = details
	if working > 0 && f.Code != "" {
		f.State = bridge.CheckWarning
	}
	return f
}

// browser says why a browser cannot start the agent, or nothing; facts begin with what they are.
func (m Machine) browser(b browser, allowed policy.Extensions) (why reason, facts []string) {
	ids := allowed.Chromium
	if b.family == frame.Firefox {
		ids = allowed.Firefox
	}
	path, user := m.manifest(b)
	if path == "" {
		return manifestMissing, nil
	}
	facts = []string{"manifest " + path}
	program, why := readManifest(path, b.family, ids)
	if program != "" {
		facts = append(facts, "program "+program)
	}
	if why != "" {
		return why, facts
	}
	if !sameFile(program, m.Self) {
		return manifestPath, facts
	}
	why, source := m.blocked(b, ids, user)
	if source != "" {
		facts = append(facts, "policy "+source)
	}
	return why, facts
}

// place is where a manifest may be.
type place struct {
	path string
	user bool // of this user alone
}

// manifest finds the one that the browser takes: the user's before the system's.
func (m Machine) manifest(b browser) (path string, user bool) {
	for _, p := range m.places(b) {
		if _, err := os.Stat(p.path); err == nil {
			return p.path, p.user
		}
	}
	return "", false
}

// readManifest gives the program that the browser starts.
func readManifest(path string, family frame.Browser, ids []string) (program string, why reason) {
	data, err := readSmall(path)
	var manifest struct {
		Name       string   `json:"name"`
		Path       string   `json:"path"`
		Type       string   `json:"type"`
		Origins    []string `json:"allowed_origins"`
		Extensions []string `json:"allowed_extensions"`
	}
	if err != nil || json.Unmarshal(data, &manifest) != nil || manifest.Name != hostName || manifest.Type != "stdio" || manifest.Path == "" {
		return "", manifestInvalid
	}
	named := func(id string) bool {
		if family == frame.Firefox {
			return slices.Contains(manifest.Extensions, id)
		}
		return slices.Contains(manifest.Origins, "chrome-extension://"+id+"/")
	}
	if !slices.ContainsFunc(ids, named) {
		return manifest.Path, manifestID
	}
	return manifest.Path, ""
}

func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxManifest {
		return nil, errors.New("not a small file")
	}
	return os.ReadFile(path)
}

// sameFile follows links: packages put one into /usr/bin.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil || x.Mode().Perm()&0o111 == 0 && filepath.Ext(a) != ".exe" {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// label translates the first word of a browser's fact.
func (t term) label(fact string) string {
	for _, l := range [][2]string{{"manifest ", t.manifest}, {"program ", t.program}, {"policy ", t.policy}} {
		if len(fact) > len(l[0]) && fact[:len(l[0])] == l[0] {
			return l[1] + ": " + fact[len(l[0]):]
		}
	}
	return fact
}

// blocked asks the administrator's policies for the browser.
func (m Machine) blocked(b browser, ids []string, userManifest bool) (why reason, source string) {
	rules, source := m.rules(b)
	if why = rules.blocks(b.family, ids, userManifest); why == "" {
		return "", ""
	}
	return why, source
}

// browserPolicy has the policies that matter (chromeenterprise.google/policies, mozilla.github.io/policy-templates).
type browserPolicy struct {
	NativeMessagingBlocklist      []string
	NativeMessagingAllowlist      []string
	NativeMessagingUserLevelHosts *bool
	ExtensionSettings             map[string]struct {
		InstallationMode string `json:"installation_mode"`
	}
	ExtensionInstallBlocklist []string
	ExtensionInstallAllowlist []string
	ExtensionInstallForcelist []string
}

func (p browserPolicy) blocks(family frame.Browser, ids []string, userManifest bool) reason {
	if family == frame.Chromium {
		listed := slices.Contains(p.NativeMessagingBlocklist, "*") || slices.Contains(p.NativeMessagingBlocklist, hostName)
		if listed && !slices.Contains(p.NativeMessagingAllowlist, hostName) {
			return nativeBlocked
		}
		if userManifest && p.NativeMessagingUserLevelHosts != nil && !*p.NativeMessagingUserLevelHosts {
			return userHostsBlocked
		}
	}
	if !slices.ContainsFunc(ids, p.extensionAllowed) {
		return extensionBlocked
	}
	return ""
}

func (p browserPolicy) extensionAllowed(id string) bool {
	if own, ok := p.ExtensionSettings[id]; ok && own.InstallationMode != "" {
		return own.InstallationMode != "blocked" && own.InstallationMode != "removed"
	}
	if slices.Contains(p.ExtensionInstallAllowlist, id) || slices.ContainsFunc(p.ExtensionInstallForcelist, func(f string) bool { return len(f) >= len(id) && f[:len(id)] == id }) {
		return true
	}
	if slices.Contains(p.ExtensionInstallBlocklist, id) || slices.Contains(p.ExtensionInstallBlocklist, "*") {
		return false
	}
	return p.ExtensionSettings["*"].InstallationMode != "blocked"
}
