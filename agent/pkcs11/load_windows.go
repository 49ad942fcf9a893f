package pkcs11

import "golang.org/x/sys/windows"

// ulongSize is the bytes of CK_ULONG, an unsigned long: 32 bits on every Windows.
const ulongSize = 4

// functionListOffset: structures are packed, the functions follow CK_VERSION's two bytes.
const functionListOffset = 2

// searchFlags lets a module's own libraries come from its folder, the system's folder and what
// AddDllDirectory named, not from the current folder or PATH.
const searchFlags = windows.LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | windows.LOAD_LIBRARY_SEARCH_DEFAULT_DIRS

func load(path string) (getFunctionList uintptr, err error) {
	handle, err := windows.LoadLibraryEx(path, 0, searchFlags)
	if err != nil {
		return 0, err
	}
	return windows.GetProcAddress(handle, "C_GetFunctionList")
}
