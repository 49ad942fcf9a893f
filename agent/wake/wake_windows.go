package wake

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"go.uber.org/zap"
	"golang.org/x/sys/windows"
)

var (
	user32   = windows.NewLazySystemDLL("user32.dll")
	wtsapi32 = windows.NewLazySystemDLL("wtsapi32.dll")

	createWindowEx         = user32.NewProc("CreateWindowExW")
	defWindowProc          = user32.NewProc("DefWindowProcW")
	destroyWindow          = user32.NewProc("DestroyWindow")
	dispatchMessage        = user32.NewProc("DispatchMessageW")
	getMessage             = user32.NewProc("GetMessageW")
	postMessage            = user32.NewProc("PostMessageW")
	postQuitMessage        = user32.NewProc("PostQuitMessage")
	registerClassEx        = user32.NewProc("RegisterClassExW")
	registerSuspendResume  = user32.NewProc("RegisterSuspendResumeNotification") // since Windows 8
	registerSessionChanges = wtsapi32.NewProc("WTSRegisterSessionNotification")
)

// From winuser.h and wtsapi32.h.
const (
	wmDestroy        = 0x0002
	wmClose          = 0x0010
	wmPowerBroadcast = 0x0218
	wmSessionChange  = 0x02b1

	powerResumeSuspend   = 0x07 // PBT_APMRESUMESUSPEND
	powerResumeAutomatic = 0x12 // PBT_APMRESUMEAUTOMATIC

	consoleConnect    = 1 // WTS_CONSOLE_CONNECT and those after it
	consoleDisconnect = 2
	remoteConnect     = 3
	remoteDisconnect  = 4
	sessionLock       = 7
	sessionUnlock     = 8

	thisSession = 0           // NOTIFY_FOR_THIS_SESSION
	messageOnly = ^uintptr(2) // HWND_MESSAGE, -3
)

// className names the window that nobody sees, which the system tells.
const className = "OdnowaWakeWatch"

// retry is the pause before the service behind session changes is asked again, at the start of the computer.
const retry = 5 * time.Second

type windowClass struct {
	size, style                        uint32
	procedure                          uintptr
	classExtra, windowExtra            int32
	instance, icon, cursor, background uintptr
	menu, name                         *uint16
	smallIcon                          uintptr
}

// current is what the window's procedure calls. There is one watch a process.
var current atomic.Pointer[func()]

var class = sync.OnceValues(func() (*uint16, error) {
	name, err := windows.UTF16PtrFromString(className)
	if err != nil {
		return nil, err
	}
	c := windowClass{name: name, procedure: windows.NewCallback(procedure)}
	c.size = uint32(unsafe.Sizeof(c))
	if atom, _, err := registerClassEx.Call(uintptr(unsafe.Pointer(&c))); atom == 0 {
		return nil, fmt.Errorf("registering a window's class: %w", err)
	}
	return name, nil
})

func procedure(hwnd, message, wParam, lParam uintptr) uintptr {
	switch {
	case message == wmDestroy:
		postQuitMessage.Call(0)
		return 0
	case isChange(uint32(message), wParam):
		if changed := current.Load(); changed != nil {
			go (*changed)()
		}
	}
	r, _, _ := defWindowProc.Call(hwnd, message, wParam, lParam)
	return r
}

func isChange(message uint32, what uintptr) bool {
	switch message {
	case wmPowerBroadcast:
		return what == powerResumeSuspend || what == powerResumeAutomatic
	case wmSessionChange:
		switch what {
		case consoleConnect, consoleDisconnect, remoteConnect, remoteDisconnect, sessionLock, sessionUnlock:
			return true
		}
	}
	return false
}

// watch tells until ctx ends, or until the system tells nothing.
func watch(ctx context.Context, log *zap.Logger, changed func()) {
	if err := listen(ctx, changed); err != nil {
		log.Warn("no word of sleep and session changes", zap.Error(err))
	}
}

func listen(ctx context.Context, changed func()) error {
	runtime.LockOSThread() // a window's messages come to the thread that made it
	defer runtime.UnlockOSThread()
	name, err := class()
	if err != nil {
		return err
	}
	current.Store(&changed)
	defer current.Store(nil)
	hwnd, _, err := createWindowEx.Call(0, uintptr(unsafe.Pointer(name)), 0, 0, 0, 0, 0, 0, messageOnly, 0, 0, 0)
	if hwnd == 0 {
		return fmt.Errorf("making a window for the system's messages: %w", err)
	}
	defer destroyWindow.Call(hwnd)
	if registerSuspendResume.Find() == nil {
		registerSuspendResume.Call(hwnd, 0) // older systems tell every window
	}
	go registerSession(ctx, hwnd)
	defer context.AfterFunc(ctx, func() { postMessage.Call(hwnd, wmClose, 0, 0) })()
	return loop()
}

// loop hands the messages on until the window is gone.
func loop() error {
	var message [48]byte // MSG
	for {
		switch r, _, err := getMessage.Call(uintptr(unsafe.Pointer(&message)), 0, 0, 0); int32(r) {
		case 0:
			return nil
		case -1:
			return fmt.Errorf("waiting for the system's messages: %w", err)
		}
		dispatchMessage.Call(uintptr(unsafe.Pointer(&message)))
	}
}

// registerSession asks to be told of the login's changes, again where the service that knows them has not
// started yet.
func registerSession(ctx context.Context, hwnd uintptr) {
	tick := time.NewTicker(retry)
	defer tick.Stop()
	for {
		if ok, _, _ := registerSessionChanges.Call(hwnd, thisSession); ok != 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
