package local

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemAccounts are those that only an administrator can have a program run as: SYSTEM, LOCAL SERVICE,
// NETWORK SERVICE, and Administrators, to whom belongs what their elevated processes make.
var systemAccounts = []string{"S-1-5-18", "S-1-5-19", "S-1-5-20", "S-1-5-32-544"}

// serviceAccounts begin the SIDs of NT SERVICE\name.
const serviceAccounts = "S-1-5-80-"

func isSystem(sid string) bool {
	return slices.Contains(systemAccounts, sid) || strings.HasPrefix(sid, serviceAccounts)
}

// Self is the user of this process, as in [Peer].
func Self() string {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return ""
	}
	return user.User.Sid.String()
}

var impersonateNamedPipeClient = windows.NewLazySystemDLL("advapi32.dll").NewProc("ImpersonateNamedPipeClient")

// client says who connected to this end. The user and the login come from the token that the system
// keeps of the client: its process may have ended since, and its number be another's.
func client(h windows.Handle) (Peer, error) {
	token, err := clientToken(h)
	if err != nil {
		return Peer{}, fmt.Errorf("asking for the client: %w", err)
	}
	defer token.Close()
	user, err := token.GetTokenUser()
	if err != nil {
		return Peer{}, fmt.Errorf("asking for the client's user: %w", err)
	}
	var login, pid, n uint32
	err = windows.GetTokenInformation(token, windows.TokenSessionId, (*byte)(unsafe.Pointer(&login)), uint32(unsafe.Sizeof(login)), &n)
	if err != nil {
		return Peer{}, fmt.Errorf("asking for the client's login: %w", err)
	}
	if err := windows.GetNamedPipeClientProcessId(h, &pid); err != nil {
		return Peer{}, fmt.Errorf("asking for the client's process: %w", err)
	}
	return Peer{User: user.User.Sid.String(), PID: int(pid), Login: strconv.FormatUint(uint64(login), 10)}, nil
}

// clientToken takes the client's identity for as long as it needs to copy it. A client that gave none
// (SECURITY_ANONYMOUS) is an error.
func clientToken(h windows.Handle) (windows.Token, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if ok, _, err := impersonateNamedPipeClient.Call(uintptr(h)); ok == 0 {
		return 0, err
	}
	var token windows.Token
	err := windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_QUERY, true, &token)
	if err := windows.RevertToSelf(); err != nil {
		panic("the thread cannot get its own identity back: " + err.Error())
	}
	return token, err
}

// server says who listens at the other end: the owner that the pipe was made with.
func server(h windows.Handle) (Peer, error) {
	sd, err := windows.GetSecurityInfo(h, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.LABEL_SECURITY_INFORMATION)
	if err != nil {
		return Peer{}, fmt.Errorf("asking for the pipe's owner: %w", err)
	}
	owner, _, err := sd.Owner()
	if err != nil || owner == nil {
		return Peer{}, fmt.Errorf("asking for the pipe's owner: %w", err)
	}
	if low(sd) {
		return Peer{}, fmt.Errorf("%w: its integrity is low", ErrPeer)
	}
	var pid uint32
	if err := windows.GetNamedPipeServerProcessId(h, &pid); err != nil {
		return Peer{}, fmt.Errorf("asking for the pipe's process: %w", err)
	}
	return Peer{User: owner.String(), PID: int(pid)}, nil
}

// low says whether a process of low integrity made the object: one of the user's own that is locked in,
// such as a browser's renderer, and must not pass for the session. Objects of others have no label.
func low(sd *windows.SECURITY_DESCRIPTOR) bool {
	sacl, _, err := sd.SACL()
	if err != nil || sacl == nil {
		return false
	}
	for i := range uint32(sacl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if windows.GetAce(sacl, i, &ace) != nil || ace.Header.AceType != systemMandatoryLabel {
			continue
		}
		sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
		if sid.SubAuthority(uint32(sid.SubAuthorityCount()-1)) < mediumIntegrity {
			return true
		}
	}
	return false
}

// From winnt.h: SYSTEM_MANDATORY_LABEL_ACE_TYPE and SECURITY_MANDATORY_MEDIUM_RID.
const (
	systemMandatoryLabel = 0x11
	mediumIntegrity      = 0x2000
)
