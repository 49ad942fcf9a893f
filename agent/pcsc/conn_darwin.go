package pcsc

// dword is DWORD of Apple's PCSC.framework: 32 bits.
type dword = uint32

// stateSize is the bytes of SCARD_READERSTATE: packed, MAX_ATR_SIZE is 33 (PCSC/pcsclite.h). Written by the
// header; not run, as there is no Mac here.
const stateSize = eventOffset + 2*4 + 33

// hasPlugAndPlay: Apple's answers SCARD_E_UNKNOWN_READER, so the list of readers is asked for every second.
const hasPlugAndPlay = false

const libraryPath = "/System/Library/Frameworks/PCSC.framework/PCSC"
