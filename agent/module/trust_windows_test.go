package module

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// The system's library is taken; what lies in the user's folder for temporary files is not.
func TestTrusted(t *testing.T) {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	err = trusted(filepath.Join(system, "kernel32.dll"))
	if wine := windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil; wine {
		t.Log("left out: Wine's system files belong to its user; got ", err)
	} else if err != nil {
		t.Errorf("the system's: %v", err)
	}
	file := filepath.Join(t.TempDir(), "module.dll")
	write(t, file, "x")
	if err := trusted(file); !errors.Is(err, errUserWritable) {
		t.Errorf("the user's: got %v", err)
	}
	if err := trusted(filepath.Join(system, "nonexistent.dll")); err == nil || errors.Is(err, errUserWritable) {
		t.Errorf("nothing: got %v", err)
	}
}

// The folders of known.json are there, whatever the environment says.
func TestFolders(t *testing.T) {
	t.Setenv("ProgramFiles", `C:\evil`)
	found := folders()
	for _, name := range []string{"ProgramFiles", "System"} {
		if len(found[name]) != 1 || !filepath.IsAbs(found[name][0]) || found[name][0] == `C:\evil` {
			t.Errorf("%s: got %v", name, found[name])
		}
	}
}
