package doctor

import (
	"encoding/json"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows/registry"

	"github.com/odnowa/odnowa/agent/frame"
)

// browsers are where their installers put them. Not run on Windows yet.
var browsers = []browser{
	{
		name: "Google Chrome", family: frame.Chromium,
		programs: inPrograms(`Google\Chrome\Application\chrome.exe`),
		system:   []string{`SOFTWARE\Google\Chrome\NativeMessagingHosts\` + hostName},
		policies: []string{`SOFTWARE\Policies\Google\Chrome`},
	},
	{
		name: "Microsoft Edge", family: frame.Chromium,
		programs: inPrograms(`Microsoft\Edge\Application\msedge.exe`),
		system:   []string{`SOFTWARE\Microsoft\Edge\NativeMessagingHosts\` + hostName},
		policies: []string{`SOFTWARE\Policies\Microsoft\Edge`},
	},
	{
		name: "Firefox", family: frame.Firefox,
		programs: inPrograms(`Mozilla Firefox\firefox.exe`),
		system:   []string{`SOFTWARE\Mozilla\NativeMessagingHosts\` + hostName},
		policies: []string{`SOFTWARE\Policies\Mozilla\Firefox`},
	},
}

// inPrograms are the places of a program for all users, and for one.
func inPrograms(program string) []string {
	var all []string
	for _, name := range []string{"ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"} {
		if dir := os.Getenv(name); dir != "" {
			all = append(all, filepath.Join(dir, program))
		}
	}
	return all
}

// places are what the registry names, the user's before the machine's, in both views of the registry.
func (m Machine) places(b browser) []place {
	var all []place
	for _, root := range []registry.Key{registry.CURRENT_USER, registry.LOCAL_MACHINE} {
		for _, view := range []uint32{registry.WOW64_32KEY, registry.WOW64_64KEY} {
			for _, path := range b.system {
				k, err := registry.OpenKey(root, path, registry.QUERY_VALUE|view)
				if err != nil {
					continue
				}
				manifest, _, err := k.GetStringValue("")
				k.Close()
				if err == nil {
					all = append(all, place{manifest, root == registry.CURRENT_USER})
				}
			}
		}
	}
	return all
}

// rules reads the browser's policies, of the machine before the user's: the lists are keys with numbered
// values, ExtensionSettings is JSON.
func (m Machine) rules(b browser) (rules browserPolicy, source string) {
	for _, root := range []registry.Key{registry.CURRENT_USER, registry.LOCAL_MACHINE} {
		for _, path := range b.policies {
			k, err := registry.OpenKey(root, path, registry.QUERY_VALUE)
			if err != nil {
				continue
			}
			source = path
			if n, _, err := k.GetIntegerValue("NativeMessagingUserLevelHosts"); err == nil {
				allowed := n != 0
				rules.NativeMessagingUserLevelHosts = &allowed
			}
			if text, _, err := k.GetStringValue("ExtensionSettings"); err == nil {
				_ = json.Unmarshal([]byte(text), &rules.ExtensionSettings) // the browser passes over what is none, too
			}
			k.Close()
			for name, list := range map[string]*[]string{
				"NativeMessagingBlocklist": &rules.NativeMessagingBlocklist, "NativeMessagingAllowlist": &rules.NativeMessagingAllowlist,
				"ExtensionInstallBlocklist": &rules.ExtensionInstallBlocklist, "ExtensionInstallAllowlist": &rules.ExtensionInstallAllowlist,
				"ExtensionInstallForcelist": &rules.ExtensionInstallForcelist,
			} {
				if found := listValue(root, path+`\`+name); found != nil {
					*list = found
				}
			}
		}
	}
	return rules, source
}

// listValue gives the values of a key, nil where there is none.
func listValue(root registry.Key, path string) []string {
	k, err := registry.OpenKey(root, path, registry.QUERY_VALUE)
	if err != nil {
		return nil
	}
	defer k.Close()
	names, err := k.ReadValueNames(0)
	if err != nil {
		return nil
	}
	var all []string
	for _, name := range names {
		if v, _, err := k.GetStringValue(name); err == nil {
			all = append(all, v)
		}
	}
	return all
}
