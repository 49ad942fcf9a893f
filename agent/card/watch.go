package card

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/odnowa/odnowa/agent/pcsc"
	"github.com/odnowa/odnowa/agent/worker"
)

// watcher is one call of Watch.
type watcher struct{ changed func() }

// Watch calls changed when a card or reader has come or gone, or a module that was slow has answered, until ctx
// ends. Of readers PC/SC tells by itself. What it does not know, such as a SoftHSM's tokens, is looked at every
// Options.PollInterval, and less often the longer nothing changes. changed is only a hint to list again: it may
// be called where nothing is different, and from several goroutines.
//
// Modules that can wait for an event are not used for that: C_WaitForSlotEvent blocks the module's only thread.
func (s *Store) Watch(ctx context.Context, changed func()) {
	w := &watcher{changed: func() {
		if ctx.Err() == nil {
			changed()
		}
	}}
	s.mu.Lock()
	if len(s.watchers) == 0 {
		for _, m := range s.modules {
			m.known = nil
		}
	}
	s.watchers[w] = true
	s.mu.Unlock()
	var group sync.WaitGroup
	group.Go(func() { pcsc.Watch(ctx, s.pcsc, s.readersChanged(w)) })
	group.Go(func() { s.pollAll(ctx, w) })
	group.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers, w)
	if len(s.watchers) == 0 {
		s.readers = nil
	}
}

// readersChanged takes note of what PC/SC says; the first is only the state of things.
func (s *Store) readersChanged(w *watcher) func(pcsc.State) {
	first := true
	return func(state pcsc.State) {
		s.mu.Lock()
		s.readers = &state
		if !first { // what came late, or is under way, may be out of date: the next looks anew
			for _, m := range s.modules {
				m.look, m.known = nil, nil
			}
		}
		s.mu.Unlock()
		if !first {
			w.changed()
		}
		first = false
	}
}

// tell calls all watchers.
func (s *Store) tell() {
	s.mu.Lock()
	var all []*watcher
	for w := range s.watchers {
		all = append(all, w)
	}
	s.mu.Unlock()
	for _, w := range all {
		w.changed()
	}
}

// pollAll looks again and again at what PC/SC does not know.
func (s *Store) pollAll(ctx context.Context, w *watcher) {
	last := make(map[*module]view)
	pace := s.pollInterval
	timer := time.NewTimer(pace)
	defer timer.Stop()
	for round := 0; ; round++ {
		changed := s.poll(ctx, last)
		if changed && round > 0 {
			w.changed()
		}
		pace = nextPace(pace, s.pollInterval, changed)
		timer.Reset(pace)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
}

// nextPace is the pause until the next look: half as long again as the last one, up to five times the first, and
// that again as soon as something has changed. Each look wakes two processes.
func nextPace(last, first time.Duration, changed bool) time.Duration {
	if changed {
		return first
	}
	return min(last+last/2, 5*first)
}

// view is what a module's slots looked like.
type view struct {
	text    string   // of the slots that are no PC/SC readers
	readers []string // all slots
	token   bool
	known   bool
}

// poll asks each module once that has slots of its own, and tells whether one looks different from last, which it
// brings up to date. A module that is busy, with a signature perhaps, is left for the next time.
func (s *Store) poll(ctx context.Context, last map[*module]view) (changed bool) {
	s.mu.Lock()
	var readers pcsc.State
	if s.readers != nil {
		readers = *s.readers
	}
	s.mu.Unlock()
	ask := func(m *module) ([]worker.Slot, error) {
		seen := last[m]
		if seen.known && readers.Running && allReaders(seen.readers, readers) {
			return nil, worker.ErrBusy // PC/SC tells more
		}
		refresh := worker.RefreshNever
		if !seen.token {
			refresh = worker.RefreshEmpty
		}
		return m.worker.Poll(ctx, refresh)
	}
	next := make(map[*module]view) // as ask reads last meanwhile
	for a := range askAll(s, ask) {
		if errors.Is(a.err, worker.ErrBusy) || isInterrupted(a.err) {
			continue
		}
		now := viewOf(a.value, a.err, readers)
		if before := last[a.module]; now.text != before.text {
			changed = true
		}
		next[a.module] = now
	}
	maps.Copy(last, next)
	return changed
}

// allReaders tells whether all slots are readers of PC/SC.
func allReaders(slots []string, known pcsc.State) bool {
	for _, slot := range slots {
		if !isReader(slot, known) {
			return false
		}
	}
	return true
}

func isReader(slot string, known pcsc.State) bool {
	return slices.ContainsFunc(known.Readers, func(r pcsc.Reader) bool { return sameReader(slot, r.Name) })
}

func viewOf(slots []worker.Slot, err error, readers pcsc.State) view {
	if err != nil {
		return view{text: "failed"}
	}
	v := view{known: true}
	var b strings.Builder
	for _, slot := range slots {
		v.readers = append(v.readers, slot.Reader)
		v.token = v.token || slot.Token != nil
		if isReader(slot.Reader, readers) {
			continue
		}
		fmt.Fprintf(&b, "%q %v", slot.Reader, slot.Card)
		if slot.Token != nil {
			fmt.Fprintf(&b, " %q %q", slot.Token.Label, slot.Token.Serial)
		}
		b.WriteByte('\n')
	}
	v.text = b.String()
	return v
}
