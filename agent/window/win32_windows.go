package window

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What the dialog needs of Win32 and golang.org/x/sys/windows does not have. Names and values are those of
// winuser.h, wingdi.h and winbase.h.

var (
	user32   = windows.NewLazySystemDLL("user32.dll")
	gdi32    = windows.NewLazySystemDLL("gdi32.dll")
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")

	attachThreadInput        = user32.NewProc("AttachThreadInput")
	bringWindowToTop         = user32.NewProc("BringWindowToTop")
	dialogBoxIndirectParam   = user32.NewProc("DialogBoxIndirectParamW")
	drawText                 = user32.NewProc("DrawTextW")
	endDialog                = user32.NewProc("EndDialog")
	flashWindow              = user32.NewProc("FlashWindow")
	getClientRect            = user32.NewProc("GetClientRect")
	getDC                    = user32.NewProc("GetDC")
	getDlgItem               = user32.NewProc("GetDlgItem")
	getForegroundWindow      = user32.NewProc("GetForegroundWindow")
	getMonitorInfo           = user32.NewProc("GetMonitorInfoW")
	getProcessWindowStation  = user32.NewProc("GetProcessWindowStation")
	getSysColor              = user32.NewProc("GetSysColor")
	getSysColorBrush         = user32.NewProc("GetSysColorBrush")
	getUserObjectInformation = user32.NewProc("GetUserObjectInformationW")
	getWindowRect            = user32.NewProc("GetWindowRect")
	getWindowText            = user32.NewProc("GetWindowTextW")
	getWindowThreadProcessID = user32.NewProc("GetWindowThreadProcessId")
	mapDialogRect            = user32.NewProc("MapDialogRect")
	monitorFromWindow        = user32.NewProc("MonitorFromWindow")
	moveWindow               = user32.NewProc("MoveWindow")
	postMessage              = user32.NewProc("PostMessageW")
	releaseDC                = user32.NewProc("ReleaseDC")
	sendMessage              = user32.NewProc("SendMessageW")
	setFocus                 = user32.NewProc("SetFocus")
	setForegroundWindow      = user32.NewProc("SetForegroundWindow")
	setThreadDpiAwareness    = user32.NewProc("SetThreadDpiAwarenessContext") // since Windows 10 1607
	setWindowPos             = user32.NewProc("SetWindowPos")
	setWindowText            = user32.NewProc("SetWindowTextW")
	showWindow               = user32.NewProc("ShowWindow")

	createFontIndirect = gdi32.NewProc("CreateFontIndirectW")
	deleteObject       = gdi32.NewProc("DeleteObject")
	getObject          = gdi32.NewProc("GetObjectW")
	selectObject       = gdi32.NewProc("SelectObject")
	setBkColor         = gdi32.NewProc("SetBkColor")
	setTextColor       = gdi32.NewProc("SetTextColor")

	activateActCtx   = kernel32.NewProc("ActivateActCtx")
	createActCtx     = kernel32.NewProc("CreateActCtxW")
	deactivateActCtx = kernel32.NewProc("DeactivateActCtx")
)

const (
	wmClose              = 0x0010
	wmGetTextLength      = 0x000e
	wmSetFont            = 0x0030
	wmGetFont            = 0x0031
	wmInitDialog         = 0x0110
	wmCommand            = 0x0111
	wmControlColorDialog = 0x0136
	wmControlColorStatic = 0x0138
	wmEnd                = 0x8000 // WM_APP: our own

	emLimitText       = 0x00c5
	emEmptyUndoBuffer = 0x00cd
	bnClicked         = 0

	wsPopup        = 0x80000000
	wsChild        = 0x40000000
	wsVisible      = 0x10000000
	wsCaption      = 0x00c00000
	wsSysMenu      = 0x00080000
	wsTabStop      = 0x00010000
	wsExTopmost    = 0x00000008
	wsExClientEdge = 0x00000200
	wsExAppWindow  = 0x00040000

	dsModalFrame    = 0x0080
	dsSetFont       = 0x0040
	dsSetForeground = 0x0200
	ssNoPrefix      = 0x0080
	ssEditControl   = 0x2000
	esPassword      = 0x0020
	esAutoHScroll   = 0x0080
	bsDefault       = 0x0001

	classButton = 0x80
	classEdit   = 0x81
	classStatic = 0x82

	swShow         = 5
	hwndTopmost    = ^uintptr(0)
	monitorNearest = 2
	uoiFlags       = 1
	wsfVisible     = 1

	dtWordBreak   = 0x0010
	dtCalcRect    = 0x0400
	dtNoPrefix    = 0x0800
	dtEditControl = 0x2000

	fontBold        = 700
	colorWindow     = 5
	colorWindowText = 8
	white           = 0xffffff
	darkRed         = 0x0000b0 // blue, green, red

	perMonitorAware = ^uintptr(3) // DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2, -4

	actCtxResource  = 0x0008 // ACTCTX_FLAG_RESOURCE_NAME_VALID
	actCtxDirectory = 0x0004 // ACTCTX_FLAG_ASSEMBLY_DIRECTORY_VALID
	shellManifest   = 124    // of shell32.dll, names version 6 of the common controls
)

type rect struct{ left, top, right, bottom int32 }

type monitorInfo struct {
	size          uint32
	monitor, work rect
	flags         uint32
}

type logFont struct {
	height, width, escapement, orientation, weight int32
	rest                                           [8]byte
	face                                           [32]uint16
}

type actCtx struct {
	size, flags            uint32
	source                 *uint16
	architecture, language uint16
	assemblyDirectory      *uint16
	resource, app, module  uintptr
}

// modern has what this thread creates drawn sharp at every resolution and with the controls of today, which
// a program without a manifest of its own does not get. Either may not be had, which is no reason to show
// nothing. The caller undoes it.
func modern() (undo func()) {
	old := uintptr(0)
	if setThreadDpiAwareness.Find() == nil {
		old, _, _ = setThreadDpiAwareness.Call(perMonitorAware)
	}
	var cookie uintptr
	active, _, _ := activateActCtx.Call(controls(), uintptr(unsafe.Pointer(&cookie)))
	return func() {
		if active != 0 {
			deactivateActCtx.Call(0, cookie)
		}
		if old != 0 {
			setThreadDpiAwareness.Call(old)
		}
	}
}

// controls is a context with version 6 of the common controls, by the manifest in the system's own
// shell32.dll, as programs without one commonly do; 0, the context that there is, where it cannot be had.
var controls = sync.OnceValue(func() uintptr {
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return 0
	}
	c := actCtx{
		flags: actCtxResource | actCtxDirectory, source: windows.StringToUTF16Ptr(dir + `\shell32.dll`),
		assemblyDirectory: windows.StringToUTF16Ptr(dir), resource: shellManifest,
	}
	c.size = uint32(unsafe.Sizeof(c))
	h, _, _ := createActCtx.Call(uintptr(unsafe.Pointer(&c)))
	if h == uintptr(windows.InvalidHandle) {
		return 0
	}
	return h
})
