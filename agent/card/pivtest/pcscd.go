package pivtest

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// daemon is a pcscd of our own. The system's, where there is one, does not notice it:
//
//   - It gets its socket the way systemd hands one over (sd_listen_fds(3)), so that it listens where we
//     say and neither makes nor removes /run/pcscd/pcscd.comm.
//   - It is never root, so it cannot write /run/pcscd/pcscd.pid, which pcscd 1.9 would otherwise do; it
//     complains and goes on.
//   - It leaves readers on USB alone: pcscd(8) ignores those with certain strings in their names, and
//     ours is a name without any.
type daemon struct {
	cmd    *exec.Cmd
	socket string
	dir    string // to be removed, "" for none
	log    tail
	exited chan struct{}
}

const (
	friendlyName = "TEST-READER"
	ignoredNames = " :a:e:i:o:u"
)

// The descriptors that pcscd inherits. The first is SD_LISTEN_FDS_START.
const (
	socketDescriptor = 3 + iota
	configDescriptor
	driverDescriptor
	ordersDescriptor // and then moves, and both again for each reader more
)

// runDir must exist, though nothing is put there: pcscd would make it, but may not.
const runDir = "/run/pcscd"

// startDaemon starts pcscd with virtual readers, whose driver gets two sockets for each: orders and moves.
func startDaemon(o Options, sockets ...*os.File) (_ *daemon, err error) {
	d := &daemon{socket: o.Socket, exited: make(chan struct{})}
	defer func() {
		if err != nil {
			os.RemoveAll(d.dir)
		}
	}()
	if d.socket == "" {
		if d.dir, err = os.MkdirTemp("", "pivtest"); err != nil {
			return nil, err
		}
		d.socket = filepath.Join(d.dir, "pcscd.comm")
	}
	library, err := driver()
	if err != nil {
		return nil, err
	}
	readers := len(sockets) / 2
	if o.NoReader {
		readers = 0
	}
	config, err := readerConfig(readers)
	if err != nil {
		return nil, err
	}
	defer config.Close()
	if d.cmd, err = pcscd(&d.log); err != nil {
		return nil, err
	}
	listening, err := listenSocket(d.socket)
	if err != nil {
		return nil, err
	}
	defer listening.Close()
	d.cmd.ExtraFiles = append([]*os.File{listening, config, library}, sockets...)
	if err := d.cmd.Start(); err != nil {
		return nil, errors.Join(err, removeSocket(d.socket))
	}
	go func() {
		d.cmd.Wait()
		close(d.exited)
	}()
	return d, nil
}

// pcscd is the command, yet without what it inherits.
func pcscd(log *tail) (*exec.Cmd, error) {
	program, err := installed("pcscd", "/usr/sbin/pcscd", "/usr/bin/pcscd")
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(runDir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("pcscd wants a directory, to be made by root: %w", err)
	}
	// LISTEN_PID must be the process's own, which only a shell can put there.
	c := exec.Command("/bin/sh", "-c", `export LISTEN_PID=$$; exec "$@"`, "sh",
		program, "--foreground", "--config", inherited(configDescriptor))
	c.Env = []string{"LISTEN_FDS=1", "PCSCLITE_FILTER_IGNORE_READER_NAMES=" + ignoredNames}
	c.Dir = "/"
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = ordinary()
	return c, nil
}

// stop ends pcscd at once, which SIGTERM means to it.
func (d *daemon) stop() error {
	d.cmd.Process.Signal(syscall.SIGTERM)
	<-d.exited
	return errors.Join(removeSocket(d.socket), os.RemoveAll(d.dir))
}

func removeSocket(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// listenSocket gives the listening socket for pcscd. The file that it makes stays.
func listenSocket(path string) (*os.File, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	defer l.Close()
	return l.File()
}

// readerConfig is a reader.conf(5), without a name, of so many readers. pcscd takes a device's name with a colon as it
// is.
func readerConfig(readers int) (*os.File, error) {
	f, err := os.CreateTemp("", "pivtest")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	for i := range readers {
		orders := ordersDescriptor + 2*i
		_, e := fmt.Fprintf(f, "FRIENDLYNAME %q\nDEVICENAME sockets:%d:%d\nLIBPATH %s\nCHANNELID %d\n\n",
			friendlyName, orders, orders+1, inherited(driverDescriptor), i)
		err = errors.Join(err, e)
	}
	if err = errors.Join(err, f.Chmod(0o644)); err != nil { // readable whoever pcscd runs as
		f.Close()
		return nil, err
	}
	return f, nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if extra := len(t.text) - tailSize; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
