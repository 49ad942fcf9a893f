package frame

import (
	"bytes"
	"encoding/json"
	"testing"
)

type stream struct{ bytes.Buffer }

func (*stream) Close() error { return nil }

// FuzzPreface: a first frame that is taken says the same when it is written again, whatever was sent.
func FuzzPreface(f *testing.F) {
	f.Add([]byte(`{"role":"host","browser":"chromium","extension":"a"}`))
	f.Add([]byte(`{"role":"link","startedMs":1}`))
	f.Add([]byte(`{"role":"pair","code":"000000"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var s stream
		if len(body) > MaxPreface || Write(&s, body) != nil {
			return
		}
		var p, back Preface
		if NewChannel(&s, MaxPreface).RecvJSON(&p) != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		s.Reset()
		if err := Write(&s, again); err != nil {
			t.Fatal(err)
		}
		if err := NewChannel(&s, 2*MaxPreface).RecvJSON(&back); err != nil || back != p {
			t.Errorf("%+v comes back as %+v, %v", p, back, err)
		}
	})
}

// FuzzRead: whatever a stream says of its length, no more is read, nor made room for, than the limit.
func FuzzRead(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 'a'})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := Read(bytes.NewReader(data), 64)
		if len(body) > 64 || (err != nil && body != nil) {
			t.Errorf("got %d bytes, %v", len(body), err)
		}
	})
}
