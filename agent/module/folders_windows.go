package module

import "golang.org/x/sys/windows"

// folders asks the system rather than the environment, which belongs to the user. On 64-bit Windows System32 is the
// folder of 32-bit libraries, SysWOW64 by name, and System the other.
func folders() map[string][]string {
	found := make(map[string][]string)
	for name, id := range map[string]*windows.KNOWNFOLDERID{
		"ProgramFiles": windows.FOLDERID_ProgramFiles, "ProgramFiles32": windows.FOLDERID_ProgramFilesX86,
		"System": windows.FOLDERID_System, "System32": windows.FOLDERID_SystemX86,
	} {
		if path, err := windows.KnownFolderPath(id, 0); err == nil {
			found[name] = []string{path}
		}
	}
	return found
}

// systemP11Kit: there is none on Windows.
func systemP11Kit() p11kit { return p11kit{} }
