package wake

import (
	"context"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	findWindowEx = user32.NewProc("FindWindowExW")
	sendMessage  = user32.NewProc("SendMessageW")
)

func TestListen(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	told, done := make(chan bool, 100), make(chan error, 1)
	go func() { done <- listen(ctx, func() { told <- true }) }()
	hwnd := find(t)
	for _, c := range []struct {
		name     string
		message  uintptr
		what     uintptr
		expected bool
	}{
		{"unlocked", wmSessionChange, sessionUnlock, true},
		{"locked", wmSessionChange, sessionLock, true},
		{"remote desktop comes", wmSessionChange, remoteConnect, true},
		{"remote desktop leaves", wmSessionChange, remoteDisconnect, true},
		{"back at the console", wmSessionChange, consoleConnect, true},
		{"woken", wmPowerBroadcast, powerResumeAutomatic, true},
		{"logoff", wmSessionChange, 6, false},
		{"on battery", wmPowerBroadcast, 0x0a, false},
		{"about to sleep", wmPowerBroadcast, 0x04, false},
		{"another message", 0x0400, sessionUnlock, false},
	} {
		sendMessage.Call(hwnd, c.message, c.what, 0)
		select {
		case <-told:
			if !c.expected {
				t.Errorf("%s: told", c.name)
			}
		case <-time.After(map[bool]time.Duration{true: 10 * time.Second, false: 100 * time.Millisecond}[c.expected]):
			if c.expected {
				t.Errorf("%s: not told", c.name)
			}
		}
	}
	end()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("does not end with its context")
	}
	again, end := context.WithCancel(t.Context()) // the class is registered already
	end()
	if err := listen(again, func() {}); err != nil {
		t.Error(err)
	}
}

func find(t *testing.T) uintptr {
	t.Helper()
	name := windows.StringToUTF16Ptr(className)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if hwnd, _, _ := findWindowEx.Call(messageOnly, 0, uintptr(unsafe.Pointer(name)), 0); hwnd != 0 {
			return hwnd
		}
	}
	t.Fatal("no window")
	return 0
}
