// Package strictjson reads JSON objects that two readers cannot take for different things: no member is there twice,
// at any depth, and names are taken letter by letter, where encoding/json takes "Origin" for "origin" and the last
// of several (RFC 8259 section 4: names should be unique).
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"unicode"
)

// Read reads one JSON object into a struct, and refuses members that the struct has not.
func Read(data []byte, into any) error { return read(data, into, true) }

// ReadOpen reads one JSON object into a struct and passes over members that the struct has not, as is the rule
// for the claims of a JWT (RFC 7519 section 4).
func ReadOpen(data []byte, into any) error { return read(data, into, false) }

func read(data []byte, into any, closed bool) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil || members == nil {
		return errors.New("not one JSON object")
	}
	if err := Unique(data); err != nil {
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

// Unique refuses a JSON value, which was decoded before, in which an object has members whose names differ in
// nothing but the case of their letters.
func Unique(data []byte) error { return unique(json.NewDecoder(bytes.NewReader(data))) }

func unique(d *json.Decoder) error {
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
				return errors.New("a member is there twice")
			}
			seen[n] = true
		}
		if err := unique(d); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// fold gives the same for all names that encoding/json takes for one.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		next := unicode.SimpleFold(r)
		for next > r { // the orbit goes up and then to its smallest
			next = unicode.SimpleFold(next)
		}
		return next
	}, name)
}

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
