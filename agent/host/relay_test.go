package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/odnowa/odnowa/agent/frame"
)

// frames are bodies with their lengths before them.
func frames(bodies ...string) string {
	var b bytes.Buffer
	for _, body := range bodies {
		b.Write(binary.NativeEndian.AppendUint32(nil, uint32(len(body))))
		b.WriteString(body)
	}
	return b.String()
}

func TestRelay(t *testing.T) {
	large := strings.Repeat("x", 3*chunk+5)
	for _, c := range []struct {
		name, in, out string
		max           int
		err           error
	}{
		{"nothing", "", "", 100, nil},
		{"one", frames("abc"), frames("abc"), 100, nil},
		{"several, one empty", frames("abc", "", "d"), frames("abc", "", "d"), 100, nil},
		{"large", frames(large, "b"), frames(large, "b"), len(large), nil},
		{"as large as may be", frames("abc"), frames("abc"), 3, nil},
		{"too large", frames("abcd"), "", 3, frame.ErrTooLarge},
		{"too large after one", frames("abc", "abcd"), frames("abc"), 3, frame.ErrTooLarge},
		{"largest length there is", "\xff\xff\xff\xff", "", 3, frame.ErrTooLarge},
		{"end in a length", "\x01\x00", "", 100, io.ErrUnexpectedEOF},
		{"end in a body", frames("abc")[:6], frames("abc")[:6], 100, io.ErrUnexpectedEOF},
	} {
		for way, from := range map[string]io.Reader{
			"whole": strings.NewReader(c.in), "bytes": iotest.OneByteReader(strings.NewReader(c.in)), "end with the data": iotest.DataErrReader(strings.NewReader(c.in)),
		} {
			var out bytes.Buffer
			err := relay(&out, from, c.max)
			got := out.String()
			if c.err != nil { // how much of a length goes out before the error is of no matter
				got = got[:min(len(got), len(c.out))]
			}
			if got != c.out || !errors.Is(err, c.err) || out.Len() > len(c.out)+4 {
				t.Errorf("%s, %s: %d bytes, %v; want %d, %v", c.name, way, out.Len(), err, len(c.out), c.err)
			}
		}
	}
}

// FuzzRelay: what comes out is the beginning of what went in, and no body is longer than may be.
func FuzzRelay(f *testing.F) {
	f.Add([]byte(frames("abc", "de")), 3)
	f.Fuzz(func(t *testing.T, in []byte, max int) {
		max &= 0xffff
		var out bytes.Buffer
		_ = relay(&out, bytes.NewReader(in), max)
		if !bytes.HasPrefix(in, out.Bytes()) {
			t.Fatal("something else came out")
		}
		for r := bytes.NewReader(out.Bytes()); ; {
			if _, err := frame.Read(r, max); err != nil {
				if errors.Is(err, frame.ErrTooLarge) {
					t.Fatal("a frame that is too large came out")
				}
				return
			}
		}
	})
}
