package worker

import (
	"os"

	"golang.org/x/sys/windows"
)

// takeStdio duplicates standard input and output to handles that are not inherited, closes the
// originals, whose numbers a C runtime may have kept, and puts the null device and standard error in
// their place for those that ask later.
func takeStdio(stdin, stdout *os.File) (in, out *os.File, err error) {
	if in, err = private(stdin, "requests"); err != nil {
		return nil, nil, err
	}
	if out, err = private(stdout, "answers"); err != nil {
		return nil, nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := windows.SetStdHandle(windows.STD_INPUT_HANDLE, windows.Handle(null.Fd())); err != nil {
		return nil, nil, err
	}
	if err := windows.SetStdHandle(windows.STD_OUTPUT_HANDLE, windows.Handle(os.Stderr.Fd())); err != nil {
		return nil, nil, err
	}
	os.Stdin = null // keeps it open
	stdin.Close()
	stdout.Close()
	return in, out, nil
}

func private(f *os.File, name string) (*os.File, error) {
	self := windows.CurrentProcess()
	var h windows.Handle
	err := windows.DuplicateHandle(self, windows.Handle(f.Fd()), self, &h, 0, false, windows.DUPLICATE_SAME_ACCESS)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), name), nil
}

// harden has nothing to do: Go's runtime already turns the system's error dialogs off.
func harden() error { return nil }
