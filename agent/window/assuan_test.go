package window

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestAssuanAnswer(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		err            error // nil: none; errAny: any
	}{
		{"OK", "OK\n", "", nil},
		{"OK with words", "OK closing connection\n", "", nil},
		{"data", "D 1234\nOK\n", "1234", nil},
		{"escaped data", "D %25a%0Ab%zz%4\nOK\n", "%a\nb%zz%4", nil},
		{"comments and status", "# hello\nS PASSWORD\nD x\nOK\n", "x", nil},
		{"cancelled", "ERR 83886179 Operation cancelled <Pinentry>\n", "", assuanError(gpgCanceled)},
		{"error after data", "D 1234\nERR 83886142 Timeout\n", "", assuanError(gpgTimeout)},
		{"error without number", "ERR x\n", "", errAny},
		{"end", "", "", io.EOF},
		{"end in a line", "D 12", "", io.EOF},
		{"OKAY is not OK", "OKAY\n", "", io.EOF},
		{"data twice", "D 1\nD 2\nOK\n", "", errAny},
		{"line too long", strings.Repeat("x", 2000) + "\nOK\n", "", errAny},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				got, err := (&assuan{r: r}).answer()
				if string(got) != c.want || (c.err == nil) != (err == nil) || (c.err != nil && c.err != errAny && !errors.Is(err, c.err)) {
					t.Errorf("got %q, %v, want %q, %v", got, err, c.want, c.err)
				}
			}
		})
	}
}

var errAny = errors.New("any")

// TestAssuanWipes: no copy of the PIN stays in the client's buffer.
func TestAssuanWipes(t *testing.T) {
	a := &assuan{r: strings.NewReader("D 271828\nOK\n"), w: io.Discard}
	if pin, err := a.command("GETPIN", ""); err != nil || string(pin) != "271828" {
		t.Fatal(string(pin), err)
	}
	if bytes.Contains(a.buf[:], []byte("2718")) {
		t.Errorf("the buffer holds %q", bytes.Trim(a.buf[:], "\x00"))
	}
}

func TestAssuanCommand(t *testing.T) {
	var out bytes.Buffer
	a := &assuan{w: &out, r: strings.NewReader(strings.Repeat("OK\n", 3))}
	if _, err := a.command("SETDESC", "a\nb%\rBYE"); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "SETDESC a%0Ab%25%0DBYE\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := a.command("SETDESC", strings.Repeat("\n", 400)); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want ErrTooLong", err)
	}
}

func FuzzAssuan(f *testing.F) {
	f.Add([]byte("D 1234\nOK\n"))
	f.Add([]byte("ERR 1\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		data, err := (&assuan{r: bytes.NewReader(in)}).answer()
		if err != nil && data != nil {
			t.Errorf("%q beside %v", data, err)
		}
	})
}
