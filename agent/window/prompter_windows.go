package window

import (
	"context"
	"fmt"
	"unsafe"
)

// win32 opens dialogs of the system's own controls, which screen readers, magnifiers and input methods
// know. One dialog a question.
type win32 struct{}

func newPrompter(Options) prompter { return win32{} }

// available wants a desktop that is seen: a service's window station is not.
func (win32) available() error {
	var flags struct{ inherit, reserved, flags uint32 }
	var n uint32
	station, _, _ := getProcessWindowStation.Call()
	ok, _, err := getUserObjectInformation.Call(station, uoiFlags, uintptr(unsafe.Pointer(&flags)), unsafe.Sizeof(flags), uintptr(unsafe.Pointer(&n)))
	if ok == 0 {
		return fmt.Errorf("%w: asking for the desktop: %w", ErrUnavailable, err)
	}
	if flags.flags&wsfVisible == 0 {
		return fmt.Errorf("%w: the process has no visible desktop", ErrUnavailable)
	}
	return nil
}

func (win32) start(context.Context) (dialog, error) { return win32Dialog{}, nil }

// win32Dialog keeps nothing between two questions.
type win32Dialog struct{}

func (win32Dialog) close() {}

func (win32Dialog) confirm(ctx context.Context, q question) (answer, error) {
	q.prompt = ""
	b := newBox(ctx, q)
	switch err := b.show(); {
	case err != nil:
		return 0, err
	case b.pressed == idYes:
		return answerYes, nil
	case b.pressed == idNo:
		return answerNo, nil
	}
	return 0, ErrCancelled
}

func (win32Dialog) pin(ctx context.Context, q question) ([]byte, error) {
	b := newBox(ctx, q)
	defer clear(b.typed[:])
	switch err := b.show(); {
	case err != nil:
		return nil, err
	case b.pressed == idYes:
		return utf8Bytes(b.typed[:b.length]), nil
	}
	return nil, ErrCancelled
}
