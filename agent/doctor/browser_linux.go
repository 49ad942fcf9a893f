package doctor

import "github.com/odnowa/odnowa/agent/frame"

// browsers are where Debian, Fedora and the makers' packages put them.
var browsers = []browser{
	{
		name: "Chromium", family: frame.Chromium,
		programs: []string{"/usr/bin/chromium", "/usr/bin/chromium-browser"},
		confined: []string{"/snap/bin/chromium", "/var/lib/flatpak/app/org.chromium.Chromium", "~/.local/share/flatpak/app/org.chromium.Chromium"},
		system:   []string{"/etc/chromium/native-messaging-hosts"},
		user:     []string{"~/.config/chromium/NativeMessagingHosts"},
		policies: []string{"/etc/chromium/policies/managed"},
	},
	{
		name: "Google Chrome", family: frame.Chromium,
		programs: []string{"/opt/google/chrome/chrome", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"},
		confined: []string{"/var/lib/flatpak/app/com.google.Chrome", "~/.local/share/flatpak/app/com.google.Chrome"},
		system:   []string{"/etc/opt/chrome/native-messaging-hosts"},
		user:     []string{"~/.config/google-chrome/NativeMessagingHosts"},
		policies: []string{"/etc/opt/chrome/policies/managed"},
	},
	{
		name: "Microsoft Edge", family: frame.Chromium,
		programs: []string{"/opt/microsoft/msedge/msedge", "/usr/bin/microsoft-edge", "/usr/bin/microsoft-edge-stable"},
		confined: []string{"/var/lib/flatpak/app/com.microsoft.Edge", "~/.local/share/flatpak/app/com.microsoft.Edge"},
		system:   []string{"/etc/opt/edge/native-messaging-hosts"},
		user:     []string{"~/.config/microsoft-edge/NativeMessagingHosts"},
		policies: []string{"/etc/opt/edge/policies/managed"},
	},
	{
		name: "Firefox", family: frame.Firefox,
		programs: []string{"/usr/bin/firefox", "/usr/bin/firefox-esr", "/usr/lib/firefox/firefox", "/opt/firefox/firefox"},
		confined: []string{"/snap/bin/firefox", "/var/lib/flatpak/app/org.mozilla.firefox", "~/.local/share/flatpak/app/org.mozilla.firefox"},
		system:   []string{"/usr/lib/mozilla/native-messaging-hosts", "/usr/lib64/mozilla/native-messaging-hosts"},
		user:     []string{"~/.mozilla/native-messaging-hosts"},
		policies: []string{"/etc/firefox/policies/policies.json", "/usr/lib/firefox/distribution/policies.json", "/usr/lib/firefox-esr/distribution/policies.json"},
	},
}
