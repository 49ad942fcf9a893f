package strictjson

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

type claims struct {
	Name  string   `json:"name"`
	Keys  []string `json:"keys,omitempty"`
	Inner struct {
		Count int `json:"count"`
	} `json:"inner"`
}

func TestReadOpen(t *testing.T) {
	var c claims
	if err := ReadOpen([]byte(`{"x":{"y":[1]},"name":"a"}`), &c); err != nil || c.Name != "a" {
		t.Errorf("unknown member: %+v, %v", c, err)
	}
	for name, bad := range map[string]string{
		"twice": `{"name":"a","name":"b"}`, "unknown twice": `{"x":1,"x":2}`, "twice inside the unknown": `{"x":[{"y":1,"Y":2}]}`,
		"other letters": `{"NAME":"a"}`, "list": `[]`, "null": `null`, "two": `{}{}`, "cut": `{"name":"a"`,
	} {
		if err := ReadOpen([]byte(bad), &claims{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"name":"a","keys":["b"],"inner":{"count":1}}`, `{}`, `null`, `{"name":"a","NAME":"b"}`, "{\"key\u017f\":[]}",
		`{"inner":{"count":1,"count":2}}`, `{"x":[{"y":{"z":[]}}]}`, `{"name":"\ud800"}`, `{"a":1}{"a":1}`, `{"a":`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var closed, open, again claims
		if err := Read(data, &closed); err != nil {
			return
		}
		if err := ReadOpen(data, &open); err != nil {
			t.Errorf("taken closed and not open: %v", err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(data, &members); err != nil {
			t.Fatal(err)
		}
		for name := range members {
			if !slices.Contains([]string{"name", "keys", "inner"}, name) {
				t.Errorf("unknown member %q taken", name)
			}
		}
		a, _ := json.Marshal(closed)
		b, _ := json.Marshal(open)
		if err := Read(a, &again); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s and %s, %v", a, b, err)
		}
	})
}
