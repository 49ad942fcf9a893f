package doctor

import "github.com/odnowa/odnowa/agent/frame"

// browsers have their policies in property lists, which are not read here. Not run on a Mac yet.
var browsers = []browser{
	{
		name: "Chromium", family: frame.Chromium,
		programs: []string{"/Applications/Chromium.app", "~/Applications/Chromium.app"},
		system:   []string{"/Library/Application Support/Chromium/NativeMessagingHosts"},
		user:     []string{"~/Library/Application Support/Chromium/NativeMessagingHosts"},
	},
	{
		name: "Google Chrome", family: frame.Chromium,
		programs: []string{"/Applications/Google Chrome.app", "~/Applications/Google Chrome.app"},
		system:   []string{"/Library/Google/Chrome/NativeMessagingHosts"},
		user:     []string{"~/Library/Application Support/Google/Chrome/NativeMessagingHosts"},
	},
	{
		name: "Microsoft Edge", family: frame.Chromium,
		programs: []string{"/Applications/Microsoft Edge.app", "~/Applications/Microsoft Edge.app"},
		system:   []string{"/Library/Microsoft/Edge/NativeMessagingHosts"},
		user:     []string{"~/Library/Application Support/Microsoft Edge/NativeMessagingHosts"},
	},
	{
		name: "Firefox", family: frame.Firefox,
		programs: []string{"/Applications/Firefox.app", "~/Applications/Firefox.app"},
		system:   []string{"/Library/Application Support/Mozilla/NativeMessagingHosts"},
		user:     []string{"~/Library/Application Support/Mozilla/NativeMessagingHosts"},
	},
}
