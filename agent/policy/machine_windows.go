package policy

import (
	"errors"
	"fmt"
	"os"
)

// machinePlaces are the administrator's file and, in front of it, the registry, which group policy writes.
func machinePlaces() []place {
	key := Source{FromRegistry, registryName}
	return []place{filePlace(Source{FromFile, MachinePath()}), {
		Source: key,
		stamp:  registryStamp,
		read: func() (Layer, error) {
			members, err := readRegistry()
			return Layer{key, members}, err
		},
	}}
}

// checkFile wants the machine's file to belong to the administrators; what others may do in its folder is theirs
// to say. The user's own may belong to whom it does: it counts only where the machine has none.
func checkFile(f *os.File, machine bool) error {
	if !machine {
		return nil
	}
	return ownedByAdministrators(f)
}

// fileStamp changes when the file does; empty where there is none.
func fileStamp(path string) string {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return ""
	case err != nil:
		return err.Error()
	}
	return fmt.Sprint(info.Size(), info.ModTime())
}
