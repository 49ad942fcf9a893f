package module

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// anyone is for files of a test, which are not an administrator's.
func anyone(string) error { return nil }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// library makes a file that begins as this machine's libraries do.
func library(t *testing.T, path string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(b[:4096]))
	return path
}

func elfOf(machine uint16) []byte {
	b := make([]byte, 64)
	copy(b, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(b[18:], machine)
	return b
}

func peOf(machine uint16) []byte {
	b := make([]byte, 0x100)
	copy(b, "MZ")
	binary.LittleEndian.PutUint32(b[0x3C:], 0x80)
	copy(b[0x80:], "PE\x00\x00")
	binary.LittleEndian.PutUint16(b[0x84:], machine)
	return b
}

func machOOf(magic, machine uint32) []byte {
	b := make([]byte, 32)
	binary.LittleEndian.PutUint32(b, magic)
	binary.LittleEndian.PutUint32(b[4:], machine)
	return b
}

func fatOf(machines ...uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, 0xCAFEBABE)
	b = binary.BigEndian.AppendUint32(b, uint32(len(machines)))
	for _, m := range machines {
		b = append(binary.BigEndian.AppendUint32(b, m), make([]byte, 16)...)
	}
	return b
}

func TestHeader(t *testing.T) {
	for name, test := range map[string]struct {
		file         []byte
		format, want string // want is empty for no library
	}{
		"ELF amd64": {elfOf(62), "ELF", "amd64"}, "ELF 386": {elfOf(3), "ELF", "386"}, "ELF arm64": {elfOf(183), "ELF", "arm64"},
		"ELF of something else": {elfOf(243), "ELF", "machine 0xF3"},
		"PE amd64":              {peOf(0x8664), "PE", "amd64"}, "PE 386": {peOf(0x14C), "PE", "386"}, "PE arm64": {peOf(0xAA64), "PE", "arm64"},
		"Mach-O amd64":       {machOOf(0xFEEDFACF, 0x01000007), "Mach-O", "amd64"},
		"Mach-O arm64":       {machOOf(0xFEEDFACF, 0x0100000C), "Mach-O", "arm64"},
		"Mach-O for two":     {fatOf(0x01000007, 0x0100000C), "Mach-O", "amd64 arm64"},
		"Java":               {append([]byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 52}, make([]byte, 100)...), "", ""},
		"fat cut off":        {fatOf(0x01000007, 0x0100000C)[:28], "", ""},
		"PE cut off":         {peOf(0x8664)[:0x82], "", ""},
		"PE out of the file": {append([]byte("MZ"), bytes.Repeat([]byte{0xFF}, 0x60)...), "", ""},
		"text":               {[]byte("#!/bin/sh\necho no library\n"), "", ""}, "short": {[]byte("\x7fELF"), "", ""}, "empty": {nil, "", ""},
	} {
		got, format, err := header(bytes.NewReader(test.file))
		if strings.Join(got, " ") != test.want || format != test.format || (err == nil) != (test.want != "") {
			t.Errorf("%s: got %v, %s, %v; want %s, %s", name, got, format, err, test.want, test.format)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := architectures(self, runtime.GOOS); err != nil || !slices.Contains(got, runtime.GOARCH) {
		t.Errorf("this program: got %v, %v", got, err)
	}
}

func FuzzHeader(f *testing.F) {
	for _, seed := range [][]byte{elfOf(62), peOf(0x14C), machOOf(0xFEEDFACF, 7), fatOf(7, 12)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got, format, err := header(bytes.NewReader(file))
		if (err == nil) != (len(got) > 0 && format != "") {
			t.Errorf("got %v, %q, %v", got, format, err)
		}
	})
}

// A library for another architecture gets that one's worker, where it is installed, or says what it lacks.
func TestWorkerOfAnotherArchitecture(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{"386.dll": peOf(0x14C), "amd64.dll": peOf(0x8664), "arm64.dll": peOf(0xAA64), "386.so": elfOf(3), "amd64.dylib": machOOf(0xFEEDFACF, 0x01000007)}
	for name, b := range files {
		write(t, filepath.Join(dir, name), string(b))
	}
	for _, test := range []struct {
		system, arch, library, installed string
		want, problem                    string
	}{
		{"windows", "amd64", "amd64.dll", "", "", ""},
		{"windows", "amd64", "386.dll", "odnowa-agent-worker-386.exe", "odnowa-agent-worker-386.exe", ""},
		{"windows", "amd64", "386.dll", "", "", "needs"},
		{"windows", "amd64", "arm64.dll", "odnowa-agent-worker-arm64.exe", "", "does not run"},
		{"windows", "arm64", "amd64.dll", "odnowa-agent-worker-amd64.exe", "odnowa-agent-worker-amd64.exe", ""},
		{"windows", "arm64", "386.dll", "odnowa-agent-worker-386.exe", "odnowa-agent-worker-386.exe", ""},
		{"darwin", "arm64", "amd64.dylib", "odnowa-agent-worker-amd64", "odnowa-agent-worker-amd64", ""},
		{"linux", "amd64", "386.so", "odnowa-agent-worker-386", "odnowa-agent-worker-386", ""},
		{"linux", "amd64", "386.dll", "", "", "another system"},
	} {
		bin := t.TempDir()
		if test.installed != "" {
			write(t, filepath.Join(bin, test.installed), "")
		}
		m := machine{system: test.system, arch: test.arch, trusted: anyone, self: filepath.Join(bin, "odnowa-agent")}
		got := m.examine("m", filepath.Join(dir, test.library), false)
		if test.problem != "" {
			if got.Code != bridge.CodeModuleFailed || !strings.Contains(got.Problem, test.problem) {
				t.Errorf("%+v: got %+v", test, got)
			}
			continue
		}
		var want []string
		if test.want != "" {
			want = []string{filepath.Join(bin, test.want), worker.Role}
		}
		if got.Code != "" || !slices.Equal(got.Command, want) {
			t.Errorf("%+v: got %+v", test, got)
		}
	}
}
