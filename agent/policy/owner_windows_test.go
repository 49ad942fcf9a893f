package policy

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

func TestGoverns(t *testing.T) {
	for text, want := range map[string]bool{
		"S-1-5-18": true, "S-1-5-32-544": true, trustedInstaller: true,
		"S-1-5-19": false, "S-1-5-32-545": false, "S-1-5-11": false, "S-1-1-0": false, "S-1-5-21-9-9-9-1001": false, "S-1-5-80-1-2-3-4-5": false,
	} {
		sid, err := windows.StringToSid(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := governs(sid); got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

func TestOwnerIsAsked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.json")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		t.Fatal(err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		t.Fatal(err)
	}
	if err := ownedByAdministrators(f); (err == nil) != governs(owner) {
		t.Errorf("a file of %s: %v", owner, err)
	}
}
