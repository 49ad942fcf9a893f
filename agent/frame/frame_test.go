package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

func TestRead(t *testing.T) {
	length := func(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }
	for _, c := range []struct {
		name string
		in   []byte
		want error
	}{
		{"nothing", nil, io.EOF},
		{"half a length", []byte{1, 0}, io.ErrUnexpectedEOF},
		{"length alone", length(3), io.ErrUnexpectedEOF},
		{"half a body", append(length(3), 'a'), io.ErrUnexpectedEOF},
		{"empty body", length(0), nil},
		{"body at the limit", append(length(8), "12345678"...), nil},
		{"body over the limit", append(length(9), "123456789"...), ErrTooLarge},
		{"length that is negative as a number of 32 bits", length(1 << 31), ErrTooLarge},
		{"largest length", length(1<<32 - 1), ErrTooLarge},
	} {
		if body, err := Read(bytes.NewReader(c.in), 8); !errors.Is(err, c.want) || (err != nil && body != nil) {
			t.Errorf("%s: got %q, %v, want %v", c.name, body, err, c.want)
		}
	}
}

// countingWriter counts writes.
type countingWriter struct {
	bytes.Buffer
	writes int
}

func (c *countingWriter) Write(p []byte) (int, error) { c.writes++; return c.Buffer.Write(p) }

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var w countingWriter
		if err := Write(&w, body); err != nil {
			t.Fatal(err)
		}
		if w.writes != 1 {
			t.Errorf("%d writes, want 1", w.writes)
		}
		got, err := Read(&w.Buffer, len(body))
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
