package module

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

var errUserWritable = errors.New("others than the administrator can write")

// administrators may own and write what is loaded: TrustedInstaller, SYSTEM, Administrators.
var administrators = []string{
	"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464", "S-1-5-18", "S-1-5-32-544",
}

// What rights change. On the file itself: every kind of writing. In its folder also new files, which the library might load. Of
// the folders above only what would let somebody put another in their place: everybody may make folders in C:\.
const (
	fileRights   = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | aboveRights
	folderRights = windows.FILE_WRITE_DATA | aboveRights // FILE_ADD_FILE has the same bit
	aboveRights  = fileDeleteChild | windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER | windows.GENERIC_WRITE | windows.GENERIC_ALL

	fileDeleteChild = 0x40 // FILE_DELETE_CHILD
)

// trusted tells why a path may not be loaded from: it and the folders above it must belong to administrators, and
// no other may change them. The path must be without links, see filepath.EvalSymlinks.
func trusted(path string) error {
	rights := windows.ACCESS_MASK(fileRights)
	for depth := 0; ; depth++ {
		if err := trustedEntry(path, rights); err != nil {
			return fmt.Errorf("%w %s", err, path)
		}
		parent := filepath.Dir(path)
		if parent == path {
			return nil
		}
		path = parent
		rights = aboveRights
		if depth == 0 {
			rights = folderRights
		}
	}
}

// trustedEntry looks at owner and access list of one file or folder.
func trustedEntry(path string, rights windows.ACCESS_MASK) error {
	d, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	owner, _, err := d.Owner()
	if err != nil {
		return err
	}
	if !slices.Contains(administrators, owner.String()) {
		return errUserWritable
	}
	list, _, err := d.DACL()
	if err != nil || list == nil { // no list lets everybody do everything
		return errUserWritable
	}
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return err
		}
		if ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 || ace.Header.AceType == windows.ACCESS_DENIED_ACE_TYPE {
			continue
		}
		if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE { // kinds that grant under conditions
			return errUserWritable
		}
		who := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
		if ace.Mask&rights != 0 && !slices.Contains(administrators, who.String()) {
			return errUserWritable
		}
	}
	return nil
}
