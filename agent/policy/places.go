package policy

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// buildList is what a CA's build brings: its extension and its websites with their seal keys. The
// repository's is empty. A build for a CA replaces the file without touching the sources:
//
//	go build -overlay overlay.json ./agent/cmd/odnowa-agent
//
// where overlay.json is {"Replace": {"agent/policy/build.json": "the CA's list"}}, with absolute paths.
//
//go:embed build.json
var buildList []byte

// place is where a layer may be.
type place struct {
	Source
	// read gives the layer; an error that is fs.ErrNotExist where there is none.
	read func() (Layer, error)
	// stamp differs once read may give something else. It is cheap, as it is asked at every request.
	stamp func() string
}

// Load reads the policy: the build's list and over it the machine's policy; where there is neither,
// the file that [Environment] names; else what denies everything.
func Load() (*Policy, error) { return load(allPlaces()) }

// sources are the places to look at.
type sources struct {
	build   []byte
	machine []place // in rising order (machine_unix.go)
	user    string  // a file, or empty
}

func allPlaces() sources {
	return sources{build: buildList, machine: machinePlaces(), user: os.Getenv(Environment)}
}

func load(from sources) (*Policy, error) {
	build, err := ReadLayer(Source{Kind: FromBuild}, bytes.NewReader(from.build))
	if err != nil {
		return nil, fmt.Errorf("the build's list: %w", err)
	}
	layers := []Layer{build}
	for _, p := range from.inForce(len(build.Members) == 0) {
		l, err := p.read()
		if errors.Is(err, fs.ErrNotExist) && p.Kind != FromEnvironment {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", p.Name, err)
		}
		layers = append(layers, l)
	}
	p, err := Merge(layers...)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", layers[len(layers)-1].Name, err)
	}
	return p, nil
}

// inForce gives the places that count: the machine's, and only where those and the build say nothing, the
// environment's, which belongs to whoever started the program.
func (s sources) inForce(empty bool) []place {
	for _, p := range s.machine {
		if p.stamp() != "" {
			empty = false
		}
	}
	if empty && s.user != "" {
		return append(s.machine[:len(s.machine):len(s.machine)], filePlace(Source{FromEnvironment, s.user}))
	}
	return s.machine
}

// stamp is that of all places together.
func (s sources) stamp() string {
	all := ""
	for _, p := range s.inForce(true) {
		all += p.stamp() + "\n"
	}
	return all
}

// filePlace is a file, read by ReadLayer once checkFile has seen that nobody else can have written it.
func filePlace(s Source) place {
	return place{Source: s, stamp: func() string { return fileStamp(s.Name) }, read: func() (Layer, error) {
		f, err := os.Open(s.Name)
		if err != nil {
			return Layer{}, err
		}
		defer f.Close()
		if err := checkFile(f, s.Kind == FromFile); err != nil {
			return Layer{}, err
		}
		return ReadLayer(s, f)
	}}
}
