package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

var allowed = policy.Extensions{Chromium: []string{strings.Repeat("a", 32)}, Firefox: []string{"odnowa@ca.example"}}

// computer is a folder that looks like a computer with browsers and an agent.
type computer struct {
	t *testing.T
	Machine
}

func newComputer(t *testing.T, programs ...string) computer {
	t.Helper()
	c := computer{t, Machine{Root: t.TempDir(), Home: t.TempDir()}}
	c.Self = c.write("/usr/lib/odnowa/odnowa-agent", "agent", 0o755)
	for _, p := range programs {
		c.write(p, "browser", 0o755)
	}
	return c
}

func (c computer) write(path, text string, mode os.FileMode) string {
	c.t.Helper()
	path = c.path(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		c.t.Fatal(err)
	}
	return path
}

func (c computer) manifests(program string) {
	c.write("/etc/chromium/native-messaging-hosts/pl.odnowa.agent.json",
		fmt.Sprintf(`{"name":"pl.odnowa.agent","path":%q,"type":"stdio","allowed_origins":["chrome-extension://%s/"]}`, program, allowed.Chromium[0]), 0o644)
	c.write("/usr/lib/mozilla/native-messaging-hosts/pl.odnowa.agent.json",
		fmt.Sprintf(`{"name":"pl.odnowa.agent","path":%q,"type":"stdio","allowed_extensions":[%q]}`, program, allowed.Firefox[0]), 0o644)
}

const (
	chromiumManifest = "/etc/chromium/native-messaging-hosts/pl.odnowa.agent.json"
	chromiumPolicy   = "/etc/chromium/policies/managed/x.json"
	firefoxPolicy    = "/etc/firefox/policies/policies.json"
)

// TestBrowsers: each way in which a browser cannot start the agent.
func TestBrowsers(t *testing.T) {
	chromiumID := allowed.Chromium[0]
	for _, c := range []struct {
		name   string
		change func(computer)
		want   string // Chromium's and Firefox's reasons
	}{
		{"well", func(computer) {}, " "},
		{"link to the agent", func(c computer) {
			if err := os.Symlink(c.Self, c.path("/usr/bin-agent")); err != nil {
				t.Fatal(err)
			}
			c.manifests(c.path("/usr/bin-agent"))
		}, " "},
		{"no manifest", func(c computer) { os.Remove(c.path(chromiumManifest)) }, "manifest_missing "},
		{"no JSON", func(c computer) { c.write(chromiumManifest, "{", 0o644) }, "manifest_invalid "},
		{"another host's", func(c computer) { c.write(chromiumManifest, `{"name":"x","path":"/x","type":"stdio"}`, 0o644) }, "manifest_invalid "},
		{"a folder", func(c computer) { os.Remove(c.path(chromiumManifest)); os.Mkdir(c.path(chromiumManifest), 0o755) }, "manifest_invalid "},
		{"program is not there", func(c computer) { c.manifests("/nonexistent/agent") }, "manifest_path manifest_path"},
		{"another program", func(c computer) { c.manifests(c.write("/opt/agent", "x", 0o755)) }, "manifest_path manifest_path"},
		{"program cannot be started", func(c computer) { os.Chmod(c.Self, 0o644) }, "manifest_path manifest_path"},
		{"another extension", func(c computer) {
			c.write(chromiumManifest, fmt.Sprintf(`{"name":"pl.odnowa.agent","path":%q,"type":"stdio","allowed_origins":["chrome-extension://%s/"]}`, c.Self, strings.Repeat("b", 32)), 0o644)
		}, "manifest_extension "},
		{"the user's manifest goes first", func(c computer) { c.write("~/.config/chromium/NativeMessagingHosts/pl.odnowa.agent.json", "{", 0o644) }, "manifest_invalid "},
		{"all hosts blocked", func(c computer) { c.write(chromiumPolicy, `{"NativeMessagingBlocklist":["*"]}`, 0o644) }, "native_messaging_blocked "},
		{"this host blocked", func(c computer) { c.write(chromiumPolicy, `{"NativeMessagingBlocklist":["pl.odnowa.agent"]}`, 0o644) }, "native_messaging_blocked "},
		{"others blocked", func(c computer) { c.write(chromiumPolicy, `{"NativeMessagingBlocklist":["com.example"]}`, 0o644) }, " "},
		{"allowed in another file", func(c computer) {
			c.write("/etc/chromium/policies/managed/a.json", `{"NativeMessagingBlocklist":["*"]}`, 0o644)
			c.write("/etc/chromium/policies/managed/b.json", `{"NativeMessagingAllowlist":["pl.odnowa.agent"]}`, 0o644)
		}, " "},
		{"user's hosts blocked, system's manifest", func(c computer) { c.write(chromiumPolicy, `{"NativeMessagingUserLevelHosts":false}`, 0o644) }, " "},
		{"user's hosts blocked", func(c computer) {
			if err := os.MkdirAll(c.path("~/.config/chromium/NativeMessagingHosts"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(c.path(chromiumManifest), c.path("~/.config/chromium/NativeMessagingHosts/pl.odnowa.agent.json")); err != nil {
				t.Fatal(err)
			}
			c.write(chromiumPolicy, `{"NativeMessagingUserLevelHosts":false}`, 0o644)
		}, "user_level_hosts_blocked "},
		{"all extensions blocked", func(c computer) {
			c.write(chromiumPolicy, `{"ExtensionSettings":{"*":{"installation_mode":"blocked"}}}`, 0o644)
			c.write(firefoxPolicy, `{"policies":{"ExtensionSettings":{"*":{"installation_mode":"blocked"}}}}`, 0o644)
		}, "extension_blocked extension_blocked"},
		{"all others blocked", func(c computer) {
			c.write(chromiumPolicy, `{"ExtensionSettings":{"*":{"installation_mode":"blocked"},"`+chromiumID+`":{"installation_mode":"force_installed"}}}`, 0o644)
			c.write(firefoxPolicy, `{"policies":{"ExtensionSettings":{"*":{"installation_mode":"blocked"},"odnowa@ca.example":{"installation_mode":"allowed"}}}}`, 0o644)
		}, " "},
		{"on the old list", func(c computer) { c.write(chromiumPolicy, `{"ExtensionInstallBlocklist":["*"]}`, 0o644) }, "extension_blocked "},
		{"on both old lists", func(c computer) {
			c.write(chromiumPolicy, `{"ExtensionInstallBlocklist":["*"],"ExtensionInstallForcelist":["`+chromiumID+`;https://x.example/up.xml"]}`, 0o644)
		}, " "},
		{"policy that is no JSON", func(c computer) { c.write(chromiumPolicy, `{`, 0o644) }, " "},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newComputer(t, "/usr/bin/chromium", "/usr/bin/firefox-esr")
			m.manifests(m.Self)
			c.change(m)
			f := m.Browsers(window.English, allowed)
			if len(f.Details) != 2 || f.Details[0].Name != "Chromium" || f.Details[1].Name != "Firefox" {
				t.Fatalf("got %+v", f)
			}
			if got := f.Details[0].Reason + " " + f.Details[1].Reason; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			want := map[int]bridge.CheckState{0: bridge.CheckOK, 1: bridge.CheckWarning, 2: bridge.CheckFailed}[len(strings.Fields(c.want))]
			if f.State != want {
				t.Errorf("state %s, want %s", f.State, want)
			}
			for _, d := range f.Details {
				if (d.Reason == "") != (d.Cause == "") || (d.Cause == "") != (d.Cure == "") {
					t.Errorf("no words in %+v", d)
				}
			}
		})
	}
}

// TestConfined: Snaps and Flatpaks, and Ubuntu's programs that start them.
func TestConfined(t *testing.T) {
	c := newComputer(t, "/snap/bin/firefox", "/var/lib/flatpak/app/com.google.Chrome/current")
	c.write("/usr/bin/firefox", "#!/bin/sh\nexec /snap/bin/firefox \"$@\"\n", 0o755)
	f := c.Browsers(window.Polish, allowed)
	if len(f.Details) != 2 || f.Code != bridge.CodeHostNotRegistered {
		t.Fatalf("got %+v", f)
	}
	for _, d := range f.Details {
		if d.Reason != string(browserConfined) {
			t.Errorf("got %+v", d)
		}
	}
	if f := newComputer(t).Browsers(window.Polish, allowed); f.State != bridge.CheckOK || len(f.Details) != 0 {
		t.Errorf("no browser: got %+v", f)
	}
}

// TestReasonsHaveWords in both languages.
func TestReasonsHaveWords(t *testing.T) {
	for lang, w := range words {
		for _, r := range []reason{manifestMissing, manifestInvalid, manifestPath, manifestID, nativeBlocked, userHostsBlocked, extensionBlocked,
			browserConfined, serviceMissing, serviceVersion, sessionVersion, sessionSilent, policyBefore, pinIsLow, pinIsFinal,
			certificateLogin, certificatePast, certificateFuture} {
			if e, ok := w[string(r)]; !ok || e.cause == "" || e.cure == "" {
				t.Errorf("%s: no words for %s", lang, r)
			}
		}
	}
}
