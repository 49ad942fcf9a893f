package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// maxFile is the most bytes of one place.
const maxFile = 1 << 20

// Kind is a kind of place where values come from.
type Kind string

// The kinds, in rising order: a later one's member replaces an earlier one's.
const (
	FromDefault     Kind = "default"     // this package
	FromBuild       Kind = "build"       // build.json, as it was when the program was built
	FromFile        Kind = "file"        // the machine's policy file
	FromRegistry    Kind = "registry"    // Windows: group policy
	FromEnvironment Kind = "environment" // a file that the environment names
)

// Source is a place where values come from.
type Source struct {
	Kind Kind `json:"kind"`
	// Name of the file or key; empty for what is part of the program.
	Name string `json:"name,omitempty"`
}

func (s Source) String() string {
	if s.Name == "" {
		return string(s.Kind)
	}
	return string(s.Kind) + " " + s.Name
}

// Layer is what one place says: members of [Policy] by their JSON names, and their values as JSON. A place
// that is no JSON, like the registry, makes JSON of what it has.
type Layer struct {
	Source
	Members map[string]json.RawMessage
}

// Members lists the JSON names of Policy's members, in its order.
func Members() []string {
	var names []string
	for f := range reflect.TypeFor[Policy]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// ReadLayer reads a layer that is a JSON object, strictly: a member that Policy has not, or one that stands
// there twice, is an error. Values are looked at by [Merge].
func ReadLayer(s Source, r io.Reader) (Layer, error) {
	l := Layer{Source: s, Members: map[string]json.RawMessage{}}
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return l, err
	}
	if len(data) > maxFile {
		return l, errors.New("larger than 1 MiB")
	}
	// Decoding all of it shows what is wrong in the words of the JSON library, and at which place.
	if err := bridge.Decode(data, new(Policy)); err != nil {
		return l, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return l, errors.New("not an object")
	}
	known := Members()
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return l, err
		}
		name, _ := t.(string)
		if !slices.Contains(known, name) { // the JSON library takes other capitals
			return l, fmt.Errorf("unknown field %q", name)
		}
		if _, twice := l.Members[name]; twice {
			return l, fmt.Errorf("%s stands there twice", name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return l, err
		}
		l.Members[name] = value
	}
	return l, nil
}

// Merge makes a policy of layers in rising order, and checks it.
func Merge(layers ...Layer) (*Policy, error) {
	members, from := map[string]json.RawMessage{}, map[string]Source{}
	source := ""
	for _, l := range layers {
		for name, value := range l.Members {
			members[name], from[name] = value, l.Source
		}
		if l.Kind != FromBuild {
			source = l.Name
		}
	}
	data, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	p := defaults()
	if err := bridge.Decode(data, p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	p.source, p.from = source, from
	return p, nil
}

// Parse reads a policy that has no other place than r.
func Parse(r io.Reader) (*Policy, error) {
	l, err := ReadLayer(Source{Kind: FromFile}, r)
	if err != nil {
		return nil, err
	}
	return Merge(l)
}
