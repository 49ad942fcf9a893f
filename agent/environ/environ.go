// Package environ chooses what the agent's child processes inherit. A browser, or whoever started
// it, can put anything into the environment; children get what they need by name.
package environ

import (
	"os"
	"strings"
)

// desktop are the variables that a program needs to reach the user's desktop in the user's language.
var desktop = []string{
	"HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ",
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "DESKTOP_SESSION",
	"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS",
	"XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "XDG_SESSION_ID",
	"SystemRoot", "SystemDrive", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "TEMP", "TMP", "USERNAME",
}

// session are the variables that a session needs beside those: its policy where the machine has
// none, and the configuration of a software token.
var session = []string{"ODNOWA_CONFIG", "SOFTHSM2_CONF"}

// path is where programs are looked for, whatever the caller's says.
const path = "PATH=/usr/local/bin:/usr/bin:/bin"

// Desktop is for programs that show windows: pinentry, viewers.
func Desktop() []string { return pick(desktop) }

// Session is for a session that a native host starts.
func Session() []string { return append(pick(desktop), pick(session)[1:]...) }

func pick(names []string) []string {
	out := []string{path}
	for _, name := range names {
		if v, ok := os.LookupEnv(name); ok && !strings.ContainsRune(v, 0) {
			out = append(out, name+"="+v)
		}
	}
	return out
}
