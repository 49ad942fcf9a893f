//go:build !windows

package pkcs11

import "github.com/ebitengine/purego"

// ulongSize is the bytes of CK_ULONG, an unsigned long: as wide as a pointer.
const ulongSize = pointerSize

// functionListOffset: CK_VERSION's two bytes are followed by padding.
const functionListOffset = pointerSize

func load(path string) (getFunctionList uintptr, err error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return 0, err
	}
	return purego.Dlsym(handle, "C_GetFunctionList")
}
