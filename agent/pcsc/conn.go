package pcsc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Code is what a function of PC/SC returned, other than success (winscard.h; the numbers are the same everywhere).
type Code uint32

// The codes that are told apart.
const (
	errBufferTooSmall Code = 0x80100008 // SCARD_E_INSUFFICIENT_BUFFER
	errTimeout        Code = 0x8010000A // SCARD_E_TIMEOUT
	errNoService      Code = 0x8010001D // SCARD_E_NO_SERVICE
	errStopped        Code = 0x8010001E // SCARD_E_SERVICE_STOPPED
	errNoReaders      Code = 0x8010002E // SCARD_E_NO_READERS_AVAILABLE
	errRefused        Code = 0x8010006A // SCARD_W_SECURITY_VIOLATION: polkit says no
	errUnknown        Code = 0x80100009 // SCARD_E_UNKNOWN_READER
)

func (c Code) Error() string {
	switch c {
	case errNoService, errStopped:
		return fmt.Sprintf("the service does not run (0x%08X)", uint32(c))
	case errRefused:
		return fmt.Sprintf("the service refuses this user (0x%08X)", uint32(c))
	}
	return fmt.Sprintf("PC/SC error 0x%08X", uint32(c))
}

// The states of a reader (SCARD_STATE_*). The upper 16 bits count insertions and removals.
const (
	stateChanged     = 0x0002
	stateUnknown     = 0x0004
	stateUnavailable = 0x0008
	statePresent     = 0x0020
	stateMute        = 0x0200
)

// plugAndPlay is the name under which changes of the list of readers are waited for.
const plugAndPlay = `\\?PnP?\Notification`

// library is the system's PC/SC, loaded once.
type library struct {
	establish, release, listReaders, getStatusChange uintptr
}

var load = sync.OnceValues(loadLibrary)

// conn is a connection to the service (SCARDCONTEXT). It is for one goroutine.
type conn struct {
	library
	handle uintptr
}

// scopeSystem is SCARD_SCOPE_SYSTEM.
const scopeSystem = 2

// establish connects.
func establish() (*conn, error) {
	l, err := load()
	if err != nil {
		return nil, fmt.Errorf("loading the PC/SC library: %w", err)
	}
	c := &conn{library: l}
	var pin runtime.Pinner
	defer pin.Unpin()
	return c, call(l.establish, scopeSystem, 0, 0, address(&pin, &c.handle))
}

// release disconnects.
func (c *conn) release() { _ = call(c.library.release, c.handle) }

// address pins what p points to, for C to fill in, and gives its address.
func address[T any](pin *runtime.Pinner, p *T) uintptr {
	pin.Pin(p)
	return uintptr(unsafe.Pointer(p))
}

// call calls a function that returns a LONG. What args point to must be pinned.
func call(function uintptr, args ...uintptr) error {
	r, _, _ := purego.SyscallN(function, args...)
	if code := Code(uint32(r)); code != 0 {
		return code
	}
	return nil
}

// readers lists the readers' names.
func (c *conn) readers() ([]string, error) {
	const attempts = 4 // a reader may be plugged in between the calls for length and list
	var list []char
	var err error
	for range attempts {
		if list, err = c.list(); !errors.Is(err, errBufferTooSmall) {
			break
		}
	}
	if err != nil && !errors.Is(err, errNoReaders) {
		return nil, err
	}
	return split(list), nil
}

func (c *conn) list() ([]char, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	length := new(dword)
	if err := call(c.listReaders, c.handle, 0, 0, address(&pin, length)); err != nil || *length == 0 {
		return nil, err
	}
	if *length > maxList {
		return nil, fmt.Errorf("list of readers is %d long", *length)
	}
	list := make([]char, *length)
	err := call(c.listReaders, c.handle, 0, address(&pin, &list[0]), address(&pin, length))
	return list, err
}

const maxList = 1 << 16

// split takes a list of strings apart, each ended by a zero, the list by an empty one.
func split(list []char) []string {
	var names []string
	for len(list) > 0 && list[0] != 0 {
		n := 0
		for n < len(list) && list[n] != 0 {
			n++
		}
		names = append(names, fromChars(list[:n]))
		list = list[min(n+1, len(list)):]
	}
	return names
}

// slot is a reader as wait sees it.
type slot struct {
	name  string
	known uint32 // dwCurrentState
	event uint32 // dwEventState
}

// wait fills in each slot's event. It returns when one differs from what is known, or after the timeout with
// errTimeout.
func (c *conn) wait(timeout time.Duration, slots []slot) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	states := make([]byte, len(slots)*stateSize)
	for i, s := range slots {
		name := toChars(s.name)
		state := states[i*stateSize:]
		// Packed on macOS, so perhaps not aligned.
		put(state, address(&pin, &name[0]))
		put(state[currentOffset:], dword(s.known))
	}
	err := call(c.getStatusChange, c.handle, uintptr(uint32(timeout.Milliseconds())),
		address(&pin, &states[0]), uintptr(len(slots)))
	for i := range slots {
		// The lower half of a wider DWORD comes first on every machine that Go's ports of these systems know.
		slots[i].event = binary.LittleEndian.Uint32(states[i*stateSize+eventOffset:])
	}
	return err
}

// put writes an integer of the machine.
func put[T uint32 | uintptr](to []byte, v T) {
	for i := range int(unsafe.Sizeof(v)) {
		to[i] = byte(v >> (8 * i))
	}
}

// The members of SCARD_READERSTATE: szReader, pvUserData, dwCurrentState, dwEventState, cbAtr, rgbAtr.
const (
	currentOffset = 2 * int(unsafe.Sizeof(uintptr(0)))
	eventOffset   = currentOffset + int(unsafe.Sizeof(dword(0)))
)
