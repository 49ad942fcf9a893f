// Package waketest has a system bus of its own and plays logind on it, in tests. It needs dbus-daemon (apt package
// dbus-daemon).
package waketest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

// Variable tells a process where the bus is, as in the D-Bus specification.
const Variable = "DBUS_SYSTEM_BUS_ADDRESS"

const config = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>`

// Logind is a login manager of the test's.
type Logind struct {
	// Address of the bus.
	Address string
	t       testing.TB
	conn    *dbus.Conn
}

// New starts a bus with a login manager.
func New(t testing.TB) *Logind {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Fatal("dbus-daemon is missing: apt-get install dbus-daemon")
	}
	dir, err := os.MkdirTemp("", "bus") // short: a socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, filepath.Join(dir, "bus")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--config-file="+file, "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	l := &Logind{Address: strings.TrimSpace(address), t: t}
	l.conn = l.connect()
	if reply, err := l.conn.RequestName("org.freedesktop.login1", dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(reply, err)
	}
	return l
}

func (l *Logind) connect() *dbus.Conn {
	l.t.Helper()
	conn, err := dbus.Connect(l.Address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { conn.Close() })
	return conn
}

// Sleep says that the computer is about to sleep, or that it woke up.
func (l *Logind) Sleep(begins bool) { l.emit(l.conn, "Manager.PrepareForSleep", begins) }

// Lock asks for the lock.
func (l *Logind) Lock() { l.emit(l.conn, "Session.Lock") }

// Impostor says that the computer woke up, without being the login manager.
func (l *Logind) Impostor() { l.emit(l.connect(), "Manager.PrepareForSleep", false) }

// Property says that a property of the session changed.
func (l *Logind) Property(name string, value any) {
	l.t.Helper()
	changed := map[string]dbus.Variant{name: dbus.MakeVariant(value)}
	if err := l.conn.Emit("/org/freedesktop/login1/session/_31", "org.freedesktop.DBus.Properties.PropertiesChanged",
		"org.freedesktop.login1.Session", changed, []string{}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *Logind) emit(conn *dbus.Conn, signal string, values ...any) {
	l.t.Helper()
	if err := conn.Emit("/org/freedesktop/login1", "org.freedesktop.login1."+signal, values...); err != nil {
		l.t.Fatal(err)
	}
}
