package rsign

import (
	"errors"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// checkFolder has nothing to check: LOCALAPPDATA gets its access list from the system, and what lies in the
// folder is encrypted for the user.
func checkFolder(string) error { return nil }

// readPrivate decrypts a file that writePrivate wrote for this user on this computer.
func readPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit || len(data) == 0 {
		return nil, errors.New("empty or too long")
	}
	return dpapi(data, func(in, out *windows.DataBlob) error {
		return windows.CryptUnprotectData(in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, out)
	})
}

// writePrivate encrypts data with the user's DPAPI key and writes it.
func writePrivate(path string, data []byte) error {
	encrypted, err := dpapi(data, func(in, out *windows.DataBlob) error {
		return windows.CryptProtectData(in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, out)
	})
	if err != nil {
		return err
	}
	return writeSynced(path, encrypted)
}

// dpapi calls one of the two functions and copies its result out of the system's memory, which it wipes.
func dpapi(data []byte, call func(in, out *windows.DataBlob) error) ([]byte, error) {
	in := windows.DataBlob{Size: uint32(len(data)), Data: &data[0]}
	var out windows.DataBlob
	if err := call(&in, &out); err != nil {
		return nil, err
	}
	result := unsafe.Slice(out.Data, out.Size)
	copied := append([]byte(nil), result...)
	clear(result)
	_, err := windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return copied, err
}
