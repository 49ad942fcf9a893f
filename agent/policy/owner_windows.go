package policy

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// trustedInstaller is NT SERVICE\TrustedInstaller, to whom Windows' own files belong.
const trustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

// ownedByAdministrators wants the open file to belong to those who govern the machine. In ProgramData every
// user may make files that are not there yet, and can then not change them but does own them.
func ownedByAdministrators(f *os.File) error {
	sd, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return err
	}
	if owner == nil || !governs(owner) {
		return errors.New("does not belong to the administrators")
	}
	return nil
}

func governs(owner *windows.SID) bool {
	return owner.IsWellKnown(windows.WinLocalSystemSid) || owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) ||
		owner.String() == trustedInstaller || testOnlyGoverns(owner)
}
