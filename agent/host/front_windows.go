package host

import (
	"net"

	"golang.org/x/sys/windows"

	"github.com/odnowa/odnowa/agent/local"
)

var allowSetForegroundWindow = windows.NewLazySystemDLL("user32.dll").NewProc("AllowSetForegroundWindow")

// letInFront lets the session's window come to the front. Windows lets only the program do so that the person
// uses, which is the browser, and those that it started, which is this host; either may hand it on.
func letInFront(conn net.Conn) {
	if p, err := local.PeerOf(conn); err == nil {
		allowSetForegroundWindow.Call(uintptr(p.PID)) // where it is refused, the window blinks in the task bar
	}
}
