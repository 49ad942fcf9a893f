package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestFrames(t *testing.T) {
	var b bytes.Buffer
	type message struct{ Text string }
	for _, secret := range []string{"271828", "", string(make([]byte, maxSecret))} {
		if err := writeFrame(&b, message{"hello"}, []byte(secret)); err != nil {
			t.Fatal(err)
		}
	}
	r := iotest.OneByteReader(&b) // frames arrive in pieces
	for _, want := range []string{"271828", "", string(make([]byte, maxSecret))} {
		body, secret, err := readFrame(r, maxRequest)
		if err != nil || string(body) != `{"Text":"hello"}` || string(secret) != want {
			t.Errorf("got %q, %q, %v", body, secret, err)
		}
	}
	if _, _, err := readFrame(r, maxRequest); err != io.EOF {
		t.Errorf("at the end: got %v, want io.EOF", err)
	}
}

// keep keeps what it is given to write, as it is: the caller's memory.
type keep struct{ frame []byte }

func (k *keep) Write(b []byte) (int, error) {
	k.frame = b
	return len(b), nil
}

func TestWriteFrameWipesItsCopy(t *testing.T) {
	var k keep
	if err := writeFrame(&k, "message", []byte("271828")); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(k.frame, []byte("271828")) {
		t.Error("the secret is still in the buffer")
	}
}

func TestReadFrameRefuses(t *testing.T) {
	tests := []struct {
		name  string
		bytes string
		want  error
	}{
		{"cut in the header", "\x00\x00\x00", io.ErrUnexpectedEOF},
		{"cut before the message", "\x00\x00\x00\x02\x00", io.ErrUnexpectedEOF},
		{"cut in the message", "\x00\x00\x00\x02\x00{", io.ErrUnexpectedEOF},
		{"cut before the secret", "\x00\x00\x00\x02\x01{}", io.ErrUnexpectedEOF},
		{"too long", "\x00\x01\x00\x01\x00", nil},
		{"length of all ones", "\xff\xff\xff\xff\xff", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			message, secret, err := readFrame(bytes.NewReader([]byte(test.bytes)), maxRequest)
			if err == nil || message != nil || secret != nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %q, %q, %v; want error %v", message, secret, err, test.want)
			}
		})
	}
	if err := writeFrame(io.Discard, nil, make([]byte, maxSecret+1)); err == nil {
		t.Error("a secret that is too long was written")
	}
}

func FuzzReadFrame(f *testing.F) {
	var b bytes.Buffer
	if err := writeFrame(&b, request{ID: 1, Operation: opSign}, []byte("271828")); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("\xff\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x00\x00\x02\x01{}1"))
	f.Fuzz(func(t *testing.T, in []byte) {
		message, secret, err := readFrame(bytes.NewReader(in), maxRequest)
		if err != nil {
			if message != nil || secret != nil {
				t.Error("something beside an error")
			}
			return
		}
		if len(message)+len(secret)+frameHeader > len(in) {
			t.Fatalf("read %d+%d bytes of %d", len(message), len(secret), len(in))
		}
		if !json.Valid(message) {
			return
		}
		var compact, again bytes.Buffer
		if err := json.Compact(&compact, message); err != nil {
			t.Fatal(err)
		}
		if err := writeFrame(&again, json.RawMessage(message), secret); err != nil {
			t.Fatal(err)
		}
		m, s, err := readFrame(&again, 8*maxRequest) // escaping HTML's characters may make it longer
		if err != nil || !bytes.Equal(s, secret) || !sameJSON(m, compact.Bytes()) {
			t.Errorf("round trip: got %q, %q, %v", m, s, err)
		}
	})
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return true // numbers out of range and the like
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return bytes.Equal(p, q)
}
