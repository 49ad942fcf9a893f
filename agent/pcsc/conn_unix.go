//go:build unix

package pcsc

import (
	"strings"

	"github.com/ebitengine/purego"
)

// char is that of reader names.
type char = byte

// loadLibrary loads the system's library, by a name or path that no user chooses.
func loadLibrary() (l library, err error) {
	handle, err := purego.Dlopen(libraryPath, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return l, err
	}
	for name, address := range map[string]*uintptr{
		"SCardEstablishContext": &l.establish, "SCardReleaseContext": &l.release,
		"SCardListReaders": &l.listReaders, "SCardGetStatusChange": &l.getStatusChange,
	} {
		if *address, err = purego.Dlsym(handle, name); err != nil {
			return l, err
		}
	}
	return l, nil
}

// toChars gives a name with a zero behind it.
func toChars(s string) []char { return append([]byte(strings.ReplaceAll(s, "\x00", "")), 0) }

func fromChars(b []char) string { return strings.ToValidUTF8(string(b), "?") }
