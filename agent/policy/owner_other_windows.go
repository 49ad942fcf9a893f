//go:build !wine

package policy

import "golang.org/x/sys/windows"

// testOnlyGoverns is nobody outside tests, see owner_wine_windows.go.
func testOnlyGoverns(*windows.SID) bool { return false }
