// Package pkcs11 calls PKCS#11 modules (OASIS PKCS#11 v2.40) without cgo, so that one go build
// serves Linux, Windows and macOS.
//
// It binds only what listing certificates and signing with a card need: read-only sessions, no
// object is ever made or changed. It trusts no length and no string that a module hands back, but it
// cannot protect the process: a module is foreign code in the caller's address space that may hang,
// crash or end it. So it is used only inside the module worker (package worker), never in a process
// that holds anything else.
//
// A [Module] and its sessions are for one goroutine, best one locked to its thread: some modules
// keep state by thread.
package pkcs11

import (
	_ "crypto/sha256" // the hashes of NewSigning
	_ "crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/ebitengine/purego"
)

// Indexes into CK_FUNCTION_LIST (PKCS#11 v2.40 section 3.6), counted after the version.
const (
	fnInitialize        = 0
	fnFinalize          = 1
	fnGetSlotList       = 4
	fnGetSlotInfo       = 5
	fnGetTokenInfo      = 6
	fnGetMechanismList  = 7
	fnGetMechanismInfo  = 8
	fnOpenSession       = 12
	fnCloseSession      = 13
	fnLogin             = 18
	fnLogout            = 19
	fnGetAttributeValue = 24
	fnFindObjectsInit   = 26
	fnFindObjects       = 27
	fnFindObjectsFinal  = 28
	fnSignInit          = 42
	fnSign              = 43

	// functionCount is the number of functions up to the last that this package calls. Version 2.x
	// lists 68; nothing behind this one is read.
	functionCount = fnSign + 1
)

// flagOSLocking is CKF_OS_LOCKING_OK: the module may use the system's own locks.
const flagOSLocking = 0x2

// Module is a loaded PKCS#11 library. It stays loaded until the process ends: unloading foreign
// code that may have started threads is not safe.
type Module struct {
	functions [functionCount]uintptr
}

// Open loads the library at path, which must be absolute: a bare name would be looked up in places
// that others may write to. It runs the library's initialisers but calls nothing of PKCS#11 except
// C_GetFunctionList.
func Open(path string) (*Module, error) {
	if !filepath.IsAbs(path) {
		return nil, errors.New("opening module: the path is not absolute")
	}
	getFunctionList, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("opening module: %w", err)
	}
	if getFunctionList == 0 {
		return nil, errors.New("opening module: no C_GetFunctionList")
	}
	// A pointer that C fills in with the address of its own static structure. Go's collector
	// ignores pointers into memory that is not Go's.
	var list *[functionListSize]byte
	var mem memory
	defer mem.release()
	r, _, _ := purego.SyscallN(getFunctionList, mem.pointer(&list))
	if e := toError(r); e != OK {
		return nil, fmt.Errorf("C_GetFunctionList: %w", e)
	}
	if list == nil {
		return nil, errors.New("C_GetFunctionList: no list")
	}
	if list[0] < 2 {
		return nil, fmt.Errorf("module speaks PKCS#11 version %d", list[0])
	}
	m := &Module{}
	for i := range m.functions {
		m.functions[i] = readPointer(list[functionListOffset+i*pointerSize:])
	}
	return m, nil
}

// Initialize calls C_Initialize. It tells the module to use the system's locks, and falls back to
// none for a module that has no locking, as all calls come from one thread.
func (m *Module) Initialize() error {
	var mem memory
	defer mem.release()
	args := make([]byte, 0, maxStructure)
	for range 4 { // CreateMutex, DestroyMutex, LockMutex, UnlockMutex: the module's own
		args = appendPointer(args, 0)
	}
	args = appendUlong(args, flagOSLocking)
	args = appendPointer(args, 0)
	err := m.call(fnInitialize, mem.address(args))
	if errors.Is(err, ErrCantLock) {
		err = m.call(fnInitialize, 0)
	}
	return err
}

// Finalize calls C_Finalize: all sessions end, and the next Initialize makes the module look for
// tokens anew.
func (m *Module) Finalize() error { return m.call(fnFinalize, 0) }

// call calls one function of the list. A nil error is CKR_OK; all others are an [Error].
func (m *Module) call(function int, args ...uintptr) error {
	address := m.functions[function]
	if address == 0 {
		return ErrFunctionNotSupported
	}
	r, _, _ := purego.SyscallN(address, args...)
	if e := toError(r); e != OK {
		return e
	}
	return nil
}

// toError keeps of a return register what CK_RV has: a CK_ULONG.
func toError(r uintptr) Error {
	if ulongSize == 4 {
		return Error(uint32(r))
	}
	return Error(r)
}

func readPointer(b []byte) uintptr {
	if pointerSize == 4 {
		return uintptr(binary.NativeEndian.Uint32(b))
	}
	return uintptr(binary.NativeEndian.Uint64(b))
}
