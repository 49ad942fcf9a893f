package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// Security descriptors of the pipes, see "Security Descriptor String Format" of Win32. %[1]s is the SID
// of the user who listens. It owns the pipe, also where an administrator's elevated process would by
// default give what it makes to the Administrators, because clients know the listener by the owner.
const (
	// sddlPrivate lets the user alone do everything (FA) and nobody who logged on over the network (NU)
	// anything, not even the same user. P keeps inherited entries out.
	sddlPrivate = "O:%[1]sD:P(D;;FA;;;NU)(A;;FA;;;%[1]s)"
	// sddlShared also lets everybody connect who logged on at the console or by remote desktop (IU).
	sddlShared = sddlPrivate + "(A;;" + clientRights + ";;;IU)"
	// clientRights in words are those of clientAccess.
	clientRights = "0x12019b"
)

// clientAccess reads and writes. It is FILE_GENERIC_READ and FILE_GENERIC_WRITE without
// FILE_CREATE_PIPE_INSTANCE (which has the value of FILE_APPEND_DATA), so that no client can listen
// beside the service.
const clientAccess = (windows.FILE_GENERIC_READ | windows.FILE_GENERIC_WRITE) &^ windows.FILE_APPEND_DATA

// pipeBuffer is how many bytes of each direction may wait unread before a write has to.
const pipeBuffer = 64 << 10

// pipePrefix begins the name of every pipe of this computer.
const pipePrefix = `\\.\pipe\`

func listenPrivate(name string) (net.Listener, error) {
	login, err := ownLogin()
	if err != nil {
		return nil, err
	}
	return listen(name, sddlPrivate, func(p Peer) bool { return p.User == Self() && p.Login == login })
}

func listenShared(name string) (net.Listener, error) {
	return listen(name, sddlShared, func(Peer) bool { return true })
}

// listen makes the first instance of the pipe, or none (go-winio creates it with FILE_CREATE, which is
// FILE_FLAG_FIRST_PIPE_INSTANCE, and always with FILE_PIPE_REJECT_REMOTE_CLIENTS).
func listen(name, sddl string, admit func(Peer) bool) (net.Listener, error) {
	if !isPipe(name) {
		return nil, fmt.Errorf("%s is not the name of a pipe", name)
	}
	if err := claim(name); err != nil {
		return nil, err
	}
	l, err := winio.ListenPipe(name, &winio.PipeConfig{
		SecurityDescriptor: fmt.Sprintf(sddl, Self()), InputBufferSize: pipeBuffer, OutputBufferSize: pipeBuffer,
	})
	if err != nil {
		return nil, taken(name, err)
	}
	if err := claimed(name); err != nil {
		l.Close()
		return nil, err
	}
	return &listener{l, admit}, nil
}

// taken explains why a pipe cannot be made: Windows says of one that is there only that access is denied.
func taken(name string, err error) error {
	conn, dialErr := dialPrivate(context.Background(), name)
	switch {
	case dialErr == nil:
		conn.Close()
		return ErrRunning
	case errors.Is(dialErr, ErrPeer), errors.Is(dialErr, windows.ERROR_ACCESS_DENIED):
		return fmt.Errorf("another user's program has the pipe %s: %w", name, err)
	}
	return fmt.Errorf("listening: %w", err)
}

// listener takes connections whose peer it knows.
type listener struct {
	net.Listener
	admit func(Peer) bool
}

// Accept closes connections of those who are not to be let in, and of those who hide who they are, and
// waits for the next.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if p, err := client(handle(conn)); err == nil && l.admit(p) {
			return &pipe{conn, p}, nil
		}
		conn.Close()
	}
}

// pipe is a connection whose peer was asked for once, when it was made.
type pipe struct {
	net.Conn
	peer Peer
}

func peerOf(conn net.Conn) (Peer, error) {
	p, ok := conn.(*pipe)
	if !ok {
		return Peer{}, errors.New("not a local pipe")
	}
	return p.peer, nil
}

// handle is that of a connection of go-winio.
func handle(conn net.Conn) windows.Handle {
	return windows.Handle(conn.(interface{ Fd() uintptr }).Fd())
}

func dialPrivate(ctx context.Context, name string) (net.Conn, error) {
	return dial(ctx, name, func(owner string) bool { return owner == Self() })
}

func dialShared(ctx context.Context, name string) (net.Conn, error) {
	return dial(ctx, name, func(owner string) bool { return owner == Self() || isSystem(owner) })
}

// dial lets the listener learn who connects and no more (SECURITY_IDENTIFICATION): it cannot act as this
// user. The token is that of now, whatever becomes of the process (static tracking).
func dial(ctx context.Context, name string, trusted func(owner string) bool) (net.Conn, error) {
	if !isPipe(name) {
		return nil, fmt.Errorf("%s is not the name of a pipe", name)
	}
	conn, err := winio.DialPipeAccessImpLevel(ctx, name, clientAccess, winio.PipeImpLevelIdentification)
	if err != nil {
		return nil, err
	}
	p, err := server(handle(conn))
	if err == nil && !trusted(p.User) {
		err = ErrPeer
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &pipe{conn, p}, nil
}

func isPipe(name string) bool {
	return len(name) > len(pipePrefix) && strings.EqualFold(name[:len(pipePrefix)], pipePrefix)
}

// sessionPath has the user, because other users' sessions listen on the same computer, and the login
// session, because each has its own desktop. Whoever else takes the name keeps the session from starting
// and gets nothing: clients ask for the owner.
func sessionPath() (string, error) {
	login, err := ownLogin()
	return pipePrefix + "odnowa-agent-" + Self() + "-" + login, err
}

// loginFile has the login session, as sessionPath has.
func loginFile(name string) (string, error) {
	dir, err := stateDir()
	if err != nil {
		return "", err
	}
	login, err := ownLogin()
	return filepath.Join(dir, "run", login, name), err
}

func ownLogin() (string, error) {
	var id uint32
	if err := windows.ProcessIdToSessionId(windows.GetCurrentProcessId(), &id); err != nil {
		return "", fmt.Errorf("asking for the login session: %w", err)
	}
	return strconv.FormatUint(uint64(id), 10), nil
}

func stateDir() (string, error) {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_LocalAppData, 0)
	return filepath.Join(dir, "Odnowa"), err
}
