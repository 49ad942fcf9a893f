package pcsc

import (
	"strings"

	"golang.org/x/sys/windows"
)

// dword is DWORD; char is that of reader names.
type (
	dword = uint32
	char  = uint16
)

// stateSize is the bytes of SCARD_READERSTATEW, whose rgbAtr has 36.
const stateSize = eventOffset + 2*4 + 36

// hasPlugAndPlay: since Windows Vista.
const hasPlugAndPlay = true

func loadLibrary() (l library, err error) {
	dll := windows.NewLazySystemDLL("winscard.dll")
	for name, address := range map[string]*uintptr{
		"SCardEstablishContext": &l.establish, "SCardReleaseContext": &l.release,
		"SCardListReadersW": &l.listReaders, "SCardGetStatusChangeW": &l.getStatusChange,
	} {
		p := dll.NewProc(name)
		if err := p.Find(); err != nil {
			return l, err
		}
		*address = p.Addr()
	}
	return l, nil
}

// toChars gives a name with a zero behind it.
func toChars(s string) []char {
	b, err := windows.UTF16FromString(strings.ReplaceAll(s, "\x00", ""))
	if err != nil {
		return []char{0}
	}
	return b
}

func fromChars(b []char) string { return windows.UTF16ToString(b) }
