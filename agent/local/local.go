// Package local has the sockets between the agent's own processes on one machine, and says who is
// at the other end of one.
//
// It trusts the operating system alone: the folder of a session's socket belongs to the user and
// lets nobody else in, and the peer's user comes from the kernel, never from what the peer says.
package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// ErrRunning means that another process already listens.
var ErrRunning = errors.New("already running")

// ErrPeer means that the other end belongs to somebody else than it must.
var ErrPeer = errors.New("peer is of another user")

// maxPath is the shortest of the systems' limits for a socket's path (macOS), without its zero.
const maxPath = 103

// Peer is who is at the other end of a connection.
type Peer struct {
	// User is the system's name for the user that no two users share: the decimal uid, on Windows
	// the SID.
	User string
	// PID of the process that connected, or that listens.
	PID int
}

// Listener accepts connections on a socket that it alone owns.
type Listener struct {
	net.Listener
	lock *os.File
}

// Close stops listening and lets the next one in.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	return errors.Join(err, l.lock.Close())
}

// ListenPrivate listens on a socket in a folder of the user's own, which it makes (mode 0700).
// The error is ErrRunning when another process has it.
func ListenPrivate(path string) (*Listener, error) { return listen(path, 0o700, 0o600) }

// ListenShared listens on a socket that every user of the machine may connect to; only the
// listener's user may write in its folder (mode 0755).
func ListenShared(path string) (*Listener, error) { return listen(path, 0o755, 0o666) }

func listen(path string, dirMode, mode os.FileMode) (*Listener, error) {
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
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	// Whoever holds the lock owns the path: what lies there was left by a process that died.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		lock.Close()
		return nil, fmt.Errorf("removing old socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("listening: %w", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		lock.Close()
		return nil, fmt.Errorf("opening socket to its users: %w", err)
	}
	return &Listener{l, lock}, nil
}

// DialPrivate connects to a socket of the same user and checks that it is one.
func DialPrivate(ctx context.Context, path string) (net.Conn, error) {
	return dial(ctx, path, func() (string, error) { return Self(), nil })
}

// DialShared connects to the socket of a service and checks that it belongs to the user who alone
// can write in the socket's folder: the system's administrator chose that user by making the folder.
func DialShared(ctx context.Context, path string) (net.Conn, error) {
	return dial(ctx, path, func() (string, error) { return dirOwner(filepath.Dir(path)) })
}

func dial(ctx context.Context, path string, want func() (string, error)) (net.Conn, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.DialContext(ctx, "unix", path)
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

// CheckPeer wants the peer to be this user.
func CheckPeer(conn net.Conn, user string) error {
	p, err := PeerOf(conn)
	if err != nil {
		return err
	}
	if p.User != user {
		return ErrPeer
	}
	return nil
}

// PeerOf asks the kernel who is at the other end.
func PeerOf(conn net.Conn) (Peer, error) {
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

// Lock takes a lock that one process at a time can have, until it closes the file or ends. The error is
// ErrRunning when another has it. The file's folder must be the user's own.
func Lock(path string) (*os.File, error) { return lockFile(path) }

// SessionPath is where the user's session listens.
func SessionPath() (string, error) {
	dir, err := runtimeDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's runtime folder: %w", err)
	}
	return filepath.Join(dir, "session.sock"), nil
}

// StateDir is where the user's session keeps what outlives a login.
func StateDir() (string, error) {
	dir, err := stateDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's state folder: %w", err)
	}
	return dir, nil
}
