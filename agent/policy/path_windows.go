package policy

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// MachinePath is where the administrator puts the machine's policy.
func MachinePath() string { return filepath.Join(programData(), "agent.json") }

// defaultServiceSocket is where only LOCAL SERVICE, as which the installer has the service run, and SYSTEM
// can make pipes, so that nobody takes the name while the service does not run.
func defaultServiceSocket() string { return `\\.\pipe\ProtectedPrefix\LocalService\odnowa-agent` }

func defaultStateDir() string { return filepath.Join(programData(), "state") }

// programData asks the system rather than the environment, which belongs to the user.
func programData() string {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		dir = `C:\ProgramData`
	}
	return filepath.Join(dir, "Odnowa")
}
