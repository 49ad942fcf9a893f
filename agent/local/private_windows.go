package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sddlFolder lets SYSTEM, the Administrators and the user of %[1]s do everything, also with all that is or will
// be in the folder, and nobody else anything. What lies above gives nothing on (P): in ProgramData, where the
// service has its folder, everybody may read.
const sddlFolder = "O:%[1]sD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;%[1]s)"

func makePrivate(dir string) error {
	sd, err := windows.SecurityDescriptorFromString(fmt.Sprintf(sddlFolder, Self()))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	err = windows.CreateDirectory(name, &attributes)
	runtime.KeepAlive(sd)
	if !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return err
	}
	return takeFolder(dir, sd)
}

// takeFolder makes a folder that is there private, unless it belongs to somebody who could undo it.
func takeFolder(dir string, want *windows.SECURITY_DESCRIPTOR) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New("it is not a folder")
	}
	have, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	owner, _, err := have.Owner()
	if err != nil {
		return err
	}
	if owner == nil || owner.String() != Self() && !isSystem(owner.String()) {
		return errors.New("it belongs to another user")
	}
	list, _, err := want.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}
