package pkcs11

import (
	"encoding/binary"
	"runtime"
	"unsafe"
)

// pointerSize is the bytes of a pointer on this machine.
const pointerSize = int(unsafe.Sizeof(uintptr(0)))

// The structures of PKCS#11 are packed on Windows, where CK_ULONG has 32 bits, and naturally aligned
// elsewhere, where CK_ULONG is as wide as a pointer (PKCS#11 v2.40 section 2.1 and pkcs11t.h). So
// members can be written one after the other, without padding, on every system; only the function
// list differs, see functionListOffset.
const functionListSize = functionListOffset + functionCount*pointerSize

// maxStructure is more than any structure here has, so that a module that writes a newer, longer
// version of one does not write past the end.
const maxStructure = 512

// unavailable is CK_UNAVAILABLE_INFORMATION, a CK_ULONG of all ones.
const unavailable = ^uint(0) >> (8 * (pointerSize - ulongSize))

// memory keeps Go's memory in place while C holds its address. The zero value is ready.
type memory struct{ pinner runtime.Pinner }

// address pins b and gives its address, 0 for an empty b.
func (m *memory) address(b []byte) uintptr {
	if len(b) == 0 {
		return 0
	}
	m.pinner.Pin(&b[0])
	return uintptr(unsafe.Pointer(&b[0]))
}

// pointer pins the pointer variable at p, for C to fill in.
func (m *memory) pointer(p **[functionListSize]byte) uintptr {
	m.pinner.Pin(p)
	return uintptr(unsafe.Pointer(p))
}

// release lets go of all that was pinned.
func (m *memory) release() { m.pinner.Unpin() }

func appendUlong(b []byte, v uint) []byte {
	if ulongSize == 4 {
		return binary.NativeEndian.AppendUint32(b, uint32(v))
	}
	return binary.NativeEndian.AppendUint64(b, uint64(v))
}

func appendPointer(b []byte, p uintptr) []byte {
	if pointerSize == 4 {
		return binary.NativeEndian.AppendUint32(b, uint32(p))
	}
	return binary.NativeEndian.AppendUint64(b, uint64(p))
}

func readUlong(b []byte) uint {
	if ulongSize == 4 {
		return uint(binary.NativeEndian.Uint32(b))
	}
	return uint(binary.NativeEndian.Uint64(b))
}
