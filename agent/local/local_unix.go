//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/odnowa/odnowa/agent/lock"
)

// maxPath is the shortest of the systems' limits for a socket's path (macOS), without its zero.
const maxPath = 103

// listener is a socket that it alone owns.
type listener struct {
	net.Listener
	lock *os.File
}

// Close stops listening and lets the next one in.
func (l *listener) Close() error {
	err := l.Listener.Close()
	return errors.Join(err, l.lock.Close())
}

func listenPrivate(path string) (net.Listener, error) { return listen(path, 0o700, 0o600) }

func listenShared(path string) (net.Listener, error) { return listen(path, 0o755, 0o666) }

func listen(path string, dirMode, mode os.FileMode) (net.Listener, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("socket path is longer than %d bytes: %s", maxPath, path)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("making socket folder: %w", err)
	}
	if err := checkDir(dir, Self(), dirMode); err != nil {
		return nil, err
	}
	held, err := lock.Try(path + ".lock")
	if errors.Is(err, lock.ErrTaken) {
		err = ErrRunning
	}
	if err != nil {
		return nil, err
	}
	// Whoever holds the lock owns the path: what lies there was left by a process that died.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		held.Close()
		return nil, fmt.Errorf("removing old socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		held.Close()
		return nil, fmt.Errorf("listening: %w", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		held.Close()
		return nil, fmt.Errorf("opening socket to its users: %w", err)
	}
	return &listener{l, held}, nil
}

func dialPrivate(ctx context.Context, path string) (net.Conn, error) {
	return dial(ctx, path, func() (string, error) { return Self(), nil })
}

func dialShared(ctx context.Context, path string) (net.Conn, error) {
	return dial(ctx, path, func() (string, error) { return dirOwner(filepath.Dir(path)) })
}

func dial(ctx context.Context, path string, want func() (string, error)) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	user, err := want()
	if err == nil {
		err = CheckPeer(conn, user)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func peerOf(conn net.Conn) (Peer, error) {
	uc, ok := conn.(*net.UnixConn)
	if !ok {
		return Peer{}, errors.New("not a local socket")
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var p Peer
	var perr error
	if err := raw.Control(func(fd uintptr) { p, perr = peer(fd) }); err != nil {
		return Peer{}, err
	}
	if perr != nil {
		return Peer{}, fmt.Errorf("asking for the peer: %w", perr)
	}
	return p, nil
}

func sessionPath() (string, error) {
	dir, err := runtimeDir()
	return filepath.Join(dir, sessionName()), err
}

// loginFile lies beside the session's socket, whose name it has.
func loginFile(name string) (string, error) {
	socket, err := sessionPath()
	return strings.TrimSuffix(socket, ".sock") + "-" + name, err
}

// Self is the user of this process, as in [Peer].
func Self() string { return strconv.Itoa(os.Getuid()) }

// checkDir wants a real folder of the user's with no more rights than mode gives.
func checkDir(dir, user string, mode os.FileMode) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || strconv.Itoa(int(st.Uid)) != user {
		return fmt.Errorf("%s is not a folder of user %s", dir, user)
	}
	if info.Mode().Perm()&^mode != 0 {
		return fmt.Errorf("%s has mode %o, want at most %o", dir, info.Mode().Perm(), mode)
	}
	return nil
}

// makePrivate leaves a folder that is there as it is: the service's may be systemd's link to another
// (DynamicUser).
func makePrivate(dir string) error { return os.MkdirAll(dir, 0o700) }

// dirOwner gives the owner of a folder that nobody else can write in.
func dirOwner(dir string) (string, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() {
		return "", fmt.Errorf("%s is not a folder", dir)
	}
	owner := strconv.Itoa(int(st.Uid))
	return owner, checkDir(dir, owner, 0o755)
}
