//go:build wine

package policy

import "golang.org/x/sys/windows"

// testOnlyGoverns is the user under Wine, to whom all files belong there.
func testOnlyGoverns(owner *windows.SID) bool {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	return err == nil && owner.Equals(user.User.Sid)
}
