package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/odnowa/odnowa/agent/subprocess"
)

// process is a running child and the parent's ends of its pipes.
type process struct {
	command *exec.Cmd
	in, out *os.File
	exited  chan struct{}
}

// startProcess starts the child. The pipes are made here, not by exec.Cmd, so that one goroutine may
// wait for the child's end while another reads.
func startProcess(path string, o Options) (p *process, err error) {
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer childIn.Close()
	out, childOut, err := os.Pipe()
	if err != nil {
		in.Close()
		return nil, err
	}
	defer childOut.Close()
	c, err := command(path, o)
	if err == nil {
		c.Stdin, c.Stdout = childIn, childOut
		err = c.Start()
	}
	if err != nil {
		in.Close()
		out.Close()
		return nil, fmt.Errorf("starting module worker: %w", err)
	}
	p = &process{command: c, in: in, out: out, exited: make(chan struct{})}
	go func() {
		c.Wait()
		close(p.exited)
	}()
	return p, nil
}

func command(path string, o Options) (*exec.Cmd, error) {
	argv := o.Command
	args := []string{path}
	if len(argv) == 0 {
		args = []string{Role, path}
	}
	c, err := subprocess.Command(argv, args...)
	if err != nil {
		return nil, err
	}
	if o.Stderr != nil { // a nil *os.File in the interface would not be "discard"
		c.Stderr = o.Stderr
	}
	c.Env = subprocess.Environment(passedOn, o.Env)
	return c, nil
}

// roundTrip sends one request and reads its answer. Any error leaves the pipes out of step: the
// process must be dropped.
func (p *process) roundTrip(q request, secret []byte) (*response, error) {
	if err := writeFrame(p.in, q, secret); err != nil {
		return nil, fmt.Errorf("module worker died: %w", err)
	}
	message, _, err := readFrame(p.out, maxResponse)
	if err != nil {
		return nil, fmt.Errorf("module worker died: %w", err)
	}
	var r response
	if err := json.Unmarshal(message, &r); err != nil {
		return nil, fmt.Errorf("reading answer: %w", err)
	}
	if r.ID != q.ID {
		return nil, errors.New("answer to another request")
	}
	return &r, nil
}

func (p *process) dead() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// kill ends the child and whoever reads from it or writes to it. It does not wait: a process that is
// stuck in a driver may take its time to die.
func (p *process) kill() {
	p.command.Process.Kill()
	p.in.Close()
	p.out.Close()
}

// passedOn are the environment variables that modules need: to find home, settings, the desktop for a
// driver's own dialogs, PC/SC, and their own configuration. A trailing * is any ending. LD_PRELOAD,
// LD_LIBRARY_PATH, DYLD_* and the like are not passed on.
var passedOn = []string{
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "XDG_*",
	"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS",
	"PCSCLITE_*", "OPENSC_*", "SOFTHSM2_CONF", "P11_KIT_*",
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMPUTERNAME", "USERNAME", "USERDOMAIN", "USERPROFILE",
	"APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES*", "COMMONPROGRAMFILES*", "TEMP", "TMP", "SESSIONNAME",
}
