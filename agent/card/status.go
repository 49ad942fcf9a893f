package card

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/odnowa/odnowa/agent/pcsc"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// Status is what is there and what is missing, for agent.diagnose.
type Status struct {
	Modules []bridge.Module
	// Paths are the modules' files, Problems why one cannot be used, both by its name: for the person at this
	// computer, never for a website.
	Paths, Problems map[string]string
	// PCSC is what the system's PC/SC says.
	PCSC    pcsc.State
	Readers []Reader
	// Code is the first thing that a person must mend before a certificate can be used: no_module,
	// module_failed (all of them; module_missing or module_refused where that is so for all), module_slow,
	// pcsc_stopped, no_reader, no_card, no_certificate; "" when nothing is missing.
	Code bridge.Code
}

// Reader is one reader, seen by PC/SC, one module or several.
type Reader struct {
	Name string
	// Card: something is in it. Known: a module knows the card.
	Card, Known bool
	Token       string // label of the token, "" unless Known
	// Certificates counts those that bridge.Filter's zero value lets through.
	Certificates int
}

// Status looks at all readers and cards. Errors: request_cancelled or timeout, when ctx ends.
func (s *Store) Status(ctx context.Context) (Status, error) {
	answers, err := s.listAll(ctx)
	if err != nil {
		return Status{}, err
	}
	status := Status{Modules: []bridge.Module{}, Readers: []Reader{}, Paths: make(map[string]string), Problems: make(map[string]string)}
	if status.PCSC, err = s.look(ctx); err != nil {
		return Status{}, interrupted(err)
	}
	for _, a := range answers {
		line, problem := a.state()
		status.Modules = append(status.Modules, line)
		status.Paths[line.Name] = a.module.Path
		if problem != "" {
			status.Problems[line.Name] = problem
		}
		for _, slot := range a.value {
			status.add(slot, s.now())
		}
	}
	status.addPCSC()
	status.Code = status.missing()
	return status, nil
}

// add merges a slot with what another module said of the same reader. The first module that knows the
// card names it; certificates on several tokens of one card (modules that show a token a PIN) add up.
func (s *Status) add(slot worker.Slot, now time.Time) {
	i := slices.IndexFunc(s.Readers, func(r Reader) bool { return r.Name == slot.Reader })
	if i < 0 {
		i = len(s.Readers)
		s.Readers = append(s.Readers, Reader{Name: slot.Reader})
	}
	r := &s.Readers[i]
	r.Card = r.Card || slot.Card
	if slot.Token == nil {
		return
	}
	if !r.Known {
		r.Known, r.Token = true, slot.Token.Label
	}
	for _, c := range candidates(slot, parse) {
		if c.refusal(bridge.Filter{}, now) == "" {
			r.Certificates++
		}
	}
}

// addPCSC adds the readers that no module shows.
func (s *Status) addPCSC() {
	for _, r := range s.PCSC.Readers {
		if !slices.ContainsFunc(s.Readers, func(known Reader) bool { return sameReader(known.Name, r.Name) }) {
			s.Readers = append(s.Readers, Reader{Name: r.Name, Card: r.Card})
		}
	}
}

// sameReader holds a slot's description, which PKCS#11 cuts after 64 bytes, against a reader's name.
func sameReader(slot, reader string) bool {
	const longest = 64
	return slot == reader || len(reader) > longest && strings.HasPrefix(reader, slot) && len(slot) >= longest-utf8.UTFMax
}

func (s *Status) missing() bridge.Code {
	slow := func(m bridge.Module) bool { return m.Code == bridge.CodeModuleSlow }
	works := func(m bridge.Module) bool { return m.Code == "" || slow(m) }
	switch {
	case len(s.Modules) == 0:
		return bridge.CodeNoModule
	case !slices.ContainsFunc(s.Modules, works):
		return s.commonCode()
	case slices.ContainsFunc(s.Readers, func(r Reader) bool { return r.Certificates > 0 }):
		return ""
	case slices.ContainsFunc(s.Modules, slow):
		return bridge.CodeModuleSlow
	case len(s.Readers) == 0 && !s.PCSC.Running:
		return bridge.CodePCSCStopped
	case len(s.Readers) == 0:
		return bridge.CodeNoReader
	case !slices.ContainsFunc(s.Readers, func(r Reader) bool { return r.Card }):
		return bridge.CodeNoCard
	}
	return bridge.CodeNoCertificate
}

// commonCode is that of all modules, or module_failed where they differ.
func (s *Status) commonCode() bridge.Code {
	first := s.Modules[0].Code
	if slices.ContainsFunc(s.Modules, func(m bridge.Module) bool { return m.Code != first }) {
		return bridge.CodeModuleFailed
	}
	return first
}
