package module

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// architectures of a library, as GOARCH names them, read from its header; GOOS says which format the system loads.
func architectures(path, system string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, format, err := header(f)
	if err != nil {
		return nil, err
	}
	if want := formats[system]; format != want {
		return nil, fmt.Errorf("a library of another system: %s, not %s", format, want)
	}
	return found, nil
}

var formats = map[string]string{"linux": "ELF", "windows": "PE", "darwin": "Mach-O"}

var errNoLibrary = errors.New("not a library")

// header reads what begins a library.
func header(r io.ReaderAt) (architectures []string, format string, err error) {
	var b [20]byte
	if _, err := r.ReadAt(b[:], 0); err != nil {
		return nil, "", errNoLibrary
	}
	switch {
	case string(b[:4]) == "\x7fELF":
		var order binary.ByteOrder = binary.LittleEndian
		if b[5] == 2 { // ELFDATA2MSB
			order = binary.BigEndian
		}
		return name(elf, uint32(order.Uint16(b[18:]))), "ELF", nil
	case string(b[:2]) == "MZ":
		return peHeader(r)
	case binary.BigEndian.Uint32(b[:]) == 0xCAFEBABE, binary.BigEndian.Uint32(b[:]) == 0xCAFEBABF:
		return fatHeader(r, binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[:]) == 0xCAFEBABF)
	case binary.LittleEndian.Uint32(b[:]) == 0xFEEDFACE, binary.LittleEndian.Uint32(b[:]) == 0xFEEDFACF:
		return name(machO, binary.LittleEndian.Uint32(b[4:])), "Mach-O", nil
	}
	return nil, "", errNoLibrary
}

// The machines of the three formats: e_machine, Machine, cputype.
var (
	elf   = map[uint32]string{3: "386", 40: "arm", 62: "amd64", 183: "arm64"}
	pe    = map[uint32]string{0x14C: "386", 0x1C4: "arm", 0x8664: "amd64", 0xAA64: "arm64"}
	machO = map[uint32]string{7: "386", 0x0100_0007: "amd64", 12: "arm", 0x0100_000C: "arm64"}
)

func name(names map[uint32]string, machine uint32) []string {
	if n, ok := names[machine]; ok {
		return []string{n}
	}
	return []string{fmt.Sprintf("machine 0x%X", machine)}
}

// peHeader follows e_lfanew to the signature and Machine.
func peHeader(r io.ReaderAt) ([]string, string, error) {
	var offset [4]byte
	if _, err := r.ReadAt(offset[:], 0x3C); err != nil {
		return nil, "", errNoLibrary
	}
	var b [6]byte
	if _, err := r.ReadAt(b[:], int64(binary.LittleEndian.Uint32(offset[:]))); err != nil || string(b[:4]) != "PE\x00\x00" {
		return nil, "", errNoLibrary
	}
	return name(pe, uint32(binary.LittleEndian.Uint16(b[4:]))), "PE", nil
}

// fatHeader reads the list of a library for several machines.
func fatHeader(r io.ReaderAt, count uint32, wide bool) ([]string, string, error) {
	const most = 16 // Java's class files begin with the same number, and a version above this
	if count == 0 || count > most {
		return nil, "", errNoLibrary
	}
	size := int64(20)
	if wide {
		size = 32
	}
	var found []string
	for i := range int64(count) {
		var b [4]byte
		if _, err := r.ReadAt(b[:], 8+i*size); err != nil {
			return nil, "", errNoLibrary
		}
		found = append(found, name(machO, binary.BigEndian.Uint32(b[:]))...)
	}
	return found, "Mach-O", nil
}
