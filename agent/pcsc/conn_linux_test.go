package pcsc

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// What readers are called comes from drivers.
func TestSplit(t *testing.T) {
	for list, want := range map[string][]string{
		"":                 nil,
		"\x00":             nil,
		"\x00\x00":         nil,
		"a\x00\x00":        {"a"},
		"a\x00b c\x00\x00": {"a", "b c"},
		"a\x00b":           {"a", "b"},
		"a\x00\x00b\x00":   {"a"},
		"\xff\x00":         {"?"},
	} {
		if got := split([]byte(list)); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("a\x00b\x00\x00"))
	f.Fuzz(func(t *testing.T, list []byte) {
		for _, name := range split(list) {
			if name == "" || strings.ContainsRune(name, 0) {
				t.Errorf("got %q", name)
			}
		}
	})
}

// Reports come from a process that foreign code runs in.
func FuzzRead(f *testing.F) {
	f.Add([]byte("{\"running\":true,\"readers\":[{\"name\":\"a\",\"card\":true}]}\n"))
	f.Add([]byte("{}\nx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		told := 0
		if err := read(bytes.NewReader(b), func(State) { told++ }); err == nil || told > bytes.Count(b, []byte("\n"))+1 {
			t.Errorf("got %v, %d reports", err, told)
		}
	})
}

// SCARD_READERSTATE as pcsclite.h has it: two pointers, three DWORDs, 33 bytes, aligned.
func TestLayout(t *testing.T) {
	type readerState struct {
		reader, data           uintptr
		current, event, length dword
		atr                    [33]byte
	}
	var s readerState
	if int(unsafe.Sizeof(s)) != stateSize || int(unsafe.Offsetof(s.current)) != currentOffset || int(unsafe.Offsetof(s.event)) != eventOffset {
		t.Errorf("got size %d, offsets %d, %d", stateSize, currentOffset, eventOffset)
	}
}
