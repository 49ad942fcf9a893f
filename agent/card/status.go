package card

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// Status is what is there and what is missing, for agent.diagnose.
type Status struct {
	Modules []bridge.Module
	Readers []Reader
	// Code is the first thing that a person must mend before a certificate can be used: no_module,
	// module_failed (all of them), no_reader, no_card, no_certificate; "" when nothing is missing.
	Code bridge.Code
}

// Reader is one reader, seen by one module or several.
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
	status := Status{Modules: []bridge.Module{}, Readers: []Reader{}}
	for _, a := range answers {
		status.Modules = append(status.Modules, moduleState(a))
		for _, slot := range a.value {
			status.add(slot, s.now())
		}
	}
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
	for _, c := range candidates(slot) {
		if c.refusal(bridge.Filter{}, now) == "" {
			r.Certificates++
		}
	}
}

func (s *Status) missing() bridge.Code {
	failed := func(m bridge.Module) bool { return m.Code != "" }
	switch {
	case len(s.Modules) == 0:
		return bridge.CodeNoModule
	case !slices.ContainsFunc(s.Modules, func(m bridge.Module) bool { return !failed(m) }):
		return bridge.CodeModuleFailed
	case len(s.Readers) == 0:
		return bridge.CodeNoReader
	case !slices.ContainsFunc(s.Readers, func(r Reader) bool { return r.Card }):
		return bridge.CodeNoCard
	case !slices.ContainsFunc(s.Readers, func(r Reader) bool { return r.Certificates > 0 }):
		return bridge.CodeNoCertificate
	}
	return ""
}

// refreshEvery is the number of polls after which a module that sees no token is made to look anew.
const refreshEvery = 5

// Watch calls changed when a card or reader has come or gone, until ctx ends; now and then when none has,
// as where a module was too busy to be asked at the start. It asks the modules about
// every second, so it is for as long as somebody looks. Modules that can wait for an event are not used
// for that: C_WaitForSlotEvent blocks the module's only thread.
func (s *Store) Watch(ctx context.Context, changed func()) {
	ticker := time.NewTicker(s.pollInterval)
	defer ticker.Stop()
	last := make(map[*module]view)
	for round := 0; ; round++ {
		if s.poll(ctx, round, last) && round > 0 && ctx.Err() == nil {
			changed()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// view is what a module's slots looked like.
type view struct {
	text  string
	token bool
}

// poll asks each module once and tells whether one looks different from last, which it brings up to
// date. A module that is busy, with a signature perhaps, is left for the next time.
func (s *Store) poll(ctx context.Context, round int, last map[*module]view) (changed bool) {
	refresh := make(map[*worker.Worker]worker.Refresh)
	for _, m := range s.modules {
		if !last[m].token && round%refreshEvery == 0 {
			refresh[m.worker] = worker.RefreshEmpty
		}
	}
	answers := askAll(s, func(w *worker.Worker) ([]worker.Slot, error) { return w.Poll(ctx, refresh[w]) })
	for _, a := range answers {
		if errors.Is(a.err, worker.ErrBusy) || isInterrupted(a.err) {
			continue
		}
		now := viewOf(a.value, a.err)
		if now != last[a.module] {
			last[a.module], changed = now, true
		}
	}
	return changed
}

func viewOf(slots []worker.Slot, err error) view {
	if err != nil {
		return view{text: "failed"}
	}
	var v view
	var b strings.Builder
	for _, slot := range slots {
		fmt.Fprintf(&b, "%q %v", slot.Reader, slot.Card)
		if slot.Token != nil {
			v.token = true
			fmt.Fprintf(&b, " %q %q", slot.Token.Label, slot.Token.Serial)
		}
		b.WriteByte('\n')
	}
	v.text = b.String()
	return v
}
