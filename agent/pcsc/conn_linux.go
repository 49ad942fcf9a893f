package pcsc

import "unsafe"

// dword is DWORD of pcsc-lite: an unsigned long, as wide as a pointer.
type dword = uintptr

// stateSize is the bytes of SCARD_READERSTATE: MAX_ATR_SIZE is 33, and the whole is aligned (pcsclite.h).
const stateSize = (eventOffset + 2*alignment + 33 + alignment - 1) / alignment * alignment

const alignment = int(unsafe.Sizeof(dword(0)))

// hasPlugAndPlay: pcsc-lite tells of new readers since 1.6 (2010).
const hasPlugAndPlay = true

// libraryPath is looked up in the system's folders; the child has no LD_LIBRARY_PATH.
const libraryPath = "libpcsclite.so.1"
