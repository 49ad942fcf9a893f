package rsign

import (
	"bytes"
	"testing"
)

func TestWrap(t *testing.T) {
	key, data := newWrappingKey(), []byte(`{"key":"TEST"}`)
	file, err := wrap(key, data)
	must(t, err)
	if !bytes.HasPrefix(file, wrapped) || bytes.Contains(file, data) {
		t.Errorf("file is %q", file)
	}
	got, err := unwrap(key, file)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %q, %v", got, err)
	}
	if again, _ := wrap(key, data); bytes.Equal(again, file) {
		t.Error("the same bytes twice")
	}
	if _, err := unwrap(newWrappingKey(), file); err == nil {
		t.Error("opened with another key")
	}
	for i := range file {
		spoilt := bytes.Clone(file)
		spoilt[i] ^= 1
		if _, err := unwrap(key, spoilt); err == nil {
			t.Fatalf("byte %d changed: opened", i)
		}
	}
	for _, short := range [][]byte{nil, wrapped, file[:len(file)-1], data} {
		if _, err := unwrap(key, short); err == nil {
			t.Errorf("%q: opened", short)
		}
	}
}
