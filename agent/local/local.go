// Package local connects the agent's own processes on one machine, by Unix sockets or Windows' named
// pipes, and says who is at the other end of one.
//
// It trusts the operating system alone: the folder of a session's socket, or the access list of its
// pipe, lets nobody else in, and the peer's user comes from the kernel, never from what the peer says.
package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrRunning means that another process already listens.
var ErrRunning = errors.New("already running")

// ErrPeer means that the other end belongs to somebody else than it must.
var ErrPeer = errors.New("peer is of another user")

// dialTimeout bounds the wait for a listener that is there and does not accept.
const dialTimeout = 5 * time.Second

// Peer is who is at the other end of a connection.
type Peer struct {
	// User is the system's name for the user that no two users share: the decimal uid, on Windows
	// the SID.
	User string
	// PID of the process that connected, or that listens.
	PID int
	// Login is the number of the login session on Windows, where one user may have several and each
	// has its own desktop and readers. Empty elsewhere, and for the side that dialled.
	Login string
}

// ListenPrivate listens on an address that only this user can connect to. On Unix that is a socket in a
// folder of the user's own, which it makes (mode 0700). The error is ErrRunning when another process has it.
func ListenPrivate(address string) (net.Listener, error) { return listenPrivate(address) }

// ListenShared listens on an address that every user of the machine may connect to. On Unix only the
// listener's user may write in the socket's folder (mode 0755).
func ListenShared(address string) (net.Listener, error) { return listenShared(address) }

// acceptPause is how long a process without a free file descriptor waits for one.
const acceptPause = 100 * time.Millisecond

// Serve has each connection of l served by a goroutine of its own until ctx ends, which is no error; it closes l, and waits
// for all. Where the process or the system has no file descriptor left, connections wait until there is one.
func Serve(ctx context.Context, l net.Listener, serve func(context.Context, net.Conn)) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	for {
		conn, err := l.Accept()
		var number syscall.Errno
		switch {
		case err == nil:
			group.Go(func() { serve(ctx, conn) })
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case errors.As(err, &number) && number.Temporary():
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
			}
		default:
			return err
		}
	}
}

// DialPrivate connects to a listener of the same user and checks that it is one.
func DialPrivate(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return dialPrivate(ctx, address)
}

// DialShared connects to a service and checks that it is one. On Unix it must belong to the user who
// alone can write in the socket's folder: the system's administrator chose that user by making the
// folder. On Windows it must run as one of the system's own accounts, or as this user.
func DialShared(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return dialShared(ctx, address)
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

// PeerOf says who is at the other end, by the kernel's word.
func PeerOf(conn net.Conn) (Peer, error) { return peerOf(conn) }

// SessionPath is where the user's session listens.
func SessionPath() (string, error) {
	path, err := sessionPath()
	if err != nil {
		return "", fmt.Errorf("finding the session's address: %w", err)
	}
	return path, nil
}

// LoginFile is the path of a file that the processes of one login share, in a folder of the user's own,
// which it makes.
func LoginFile(name string) (string, error) {
	path, err := loginFile(name)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("finding the login's folder: %w", err)
	}
	return path, nil
}

// StateDir is where the user's session keeps what outlives a login.
func StateDir() (string, error) {
	dir, err := stateDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's state folder: %w", err)
	}
	return dir, nil
}

// MakePrivate makes a folder that only this user, and who governs the machine, can look into. One that is there
// is made so on Windows, unless somebody else made it, and left as it is on Unix.
func MakePrivate(dir string) error {
	if err := makePrivate(dir); err != nil {
		return fmt.Errorf("making folder %s: %w", dir, err)
	}
	return nil
}
