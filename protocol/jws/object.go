package jws

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

// Unmarshal reads one JSON object into a struct: no member that the struct has not, none twice, at any depth,
// and the struct's own names letter by letter.
func Unmarshal(data []byte, into any) error { return unmarshal(data, into, true) }

// UnmarshalOpen is Unmarshal that passes over members that the struct has not, as is the rule for the claims
// of a JWT (RFC 7519 section 4).
func UnmarshalOpen(data []byte, into any) error { return unmarshal(data, into, false) }

func unmarshal(data []byte, into any, closed bool) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil || members == nil {
		return errors.New("not one JSON object")
	}
	if err := noTwins(json.NewDecoder(bytes.NewReader(data))); err != nil {
		return err
	}
	known := names(into)
	for name := range members {
		if exact, ok := known[fold(name)]; ok && exact != name {
			return errors.New("a name is written in other letters")
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if closed {
		d.DisallowUnknownFields()
	}
	return d.Decode(into)
}

// noTwins refuses a value in which an object names a member twice: two readers could take different ones.
func noTwins(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, _ := t.(json.Delim)
	if open == 0 {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			n := fold(name.(string))
			if seen[n] {
				return errors.New("a name is given twice")
			}
			seen[n] = true
		}
		if err := noTwins(d); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// fold makes one of all names that encoding/json takes for the same. Upper case comes first for the letters
// beyond ASCII that it takes for k and s.
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// names are a struct's own, by their folded form.
func names(into any) map[string]string {
	out := map[string]string{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(into).Elem()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			out[fold(name)] = name
		}
	}
	return out
}
