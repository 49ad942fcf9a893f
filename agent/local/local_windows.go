package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sioAfUnixGetPeerPID is SIO_AF_UNIX_GETPEERPID of afunix.h: _WSAIOR(IOC_VENDOR, 256).
const sioAfUnixGetPeerPID = 0x58000100

// peer asks for the peer's process and that process for its user. The process may end in between
// and its number be used again, so the socket's folder is the first barrier here and this the
// second.
func peer(fd uintptr) (Peer, error) {
	var pid, n uint32
	err := windows.WSAIoctl(windows.Handle(fd), sioAfUnixGetPeerPID, nil, 0,
		(*byte)(unsafe.Pointer(&pid)), uint32(unsafe.Sizeof(pid)), &n, nil, 0)
	if err != nil {
		return Peer{}, err
	}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return Peer{}, err
	}
	defer windows.CloseHandle(h)
	var token windows.Token
	if err := windows.OpenProcessToken(h, windows.TOKEN_QUERY, &token); err != nil {
		return Peer{}, err
	}
	defer token.Close()
	user, err := token.GetTokenUser()
	if err != nil {
		return Peer{}, err
	}
	return Peer{User: user.User.Sid.String(), PID: int(pid)}, nil
}

// Self is the user of this process, as in [Peer].
func Self() string {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return ""
	}
	return user.User.Sid.String()
}

// checkDir wants a folder that the user owns. LOCALAPPDATA and ProgramData\Odnowa get their access
// lists from the system and the installer.
func checkDir(dir, user string, _ os.FileMode) error {
	owner, err := dirOwner(dir)
	if err != nil {
		return err
	}
	if user == "" || (owner != user && !isAdministrators(owner)) {
		return fmt.Errorf("%s is not a folder of the user", dir)
	}
	return nil
}

// isAdministrators: what an administrator's elevated process makes belongs to the group.
func isAdministrators(sid string) bool { return sid == "S-1-5-32-544" }

func dirOwner(dir string) (string, error) {
	sd, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return "", err
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return "", err
	}
	return owner.String(), nil
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening lock: %w", err)
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		err = ErrRunning
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func runtimeDir() (string, error) {
	dir, err := stateDir()
	return filepath.Join(dir, "run"), err
}

func stateDir() (string, error) {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_LocalAppData, 0)
	return filepath.Join(dir, "Odnowa"), err
}
