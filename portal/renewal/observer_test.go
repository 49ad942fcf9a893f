package renewal

import (
	"context"
	"errors"
	"testing"
)

// watcher is an observer that can be made to refuse, and to do something while it records.
type watcher struct {
	refuse         error
	while          func()
	recorded, made []Action
}

func (w *watcher) Record(a Action, _ *Renewal) error {
	w.recorded = append(w.recorded, a)
	if w.while != nil {
		w.while()
	}
	return w.refuse
}

func (w *watcher) Made(a Action) { w.made = append(w.made, a) }

// TestNoTransitionWithoutRecord: what can't be recorded is not done, and can be done later.
func TestNoTransitionWithoutRecord(t *testing.T) {
	s, _ := newStore(t)
	session, _ := open(t, s, sell(t, s), "")
	w := &watcher{refuse: errors.New("disk full")}
	s.Observe(w)
	if _, err := s.SetStart(t.Context(), session, StartNow); !errors.Is(err, w.refuse) {
		t.Errorf("unrecorded: %v", err)
	}
	if r, err := s.Get(t.Context(), session); err != nil || r.State != Opened || len(w.made) != 0 {
		t.Errorf("state %v, told of %v: %v", r, w.made, err)
	}
	w.refuse = nil
	if r, err := s.SetStart(t.Context(), session, StartNow); err != nil || r.State != StartChosen || len(w.made) != 1 {
		t.Errorf("state %v, told of %v: %v", r, w.made, err)
	}
}

// TestCallerGoneDuringTransition: a transition that has begun is made, and everybody is told.
func TestCallerGoneDuringTransition(t *testing.T) {
	s, _ := newStore(t)
	session, before := open(t, s, sell(t, s), "")
	ctx, gone := context.WithCancel(t.Context())
	w := &watcher{while: gone}
	s.Observe(w)
	changed, stop := s.Watch(before.ID)
	defer stop()
	if r, err := s.SetStart(ctx, session, StartNow); err != nil || r.State != StartChosen {
		t.Errorf("state %v: %v", r, err)
	}
	select {
	case <-changed:
	default:
		t.Error("watchers were not told")
	}
	if len(w.recorded) != 1 || len(w.made) != 1 {
		t.Errorf("recorded %v, made %v", w.recorded, w.made)
	}
	if _, err := s.SetStart(ctx, session, StartAfterCurrent); !errors.Is(err, context.Canceled) {
		t.Errorf("begun for a caller who is gone: %v", err)
	}
	if _, lease, err := s.Begin(ctx, ActDrawUp, session, "pl"); !errors.Is(err, context.Canceled) || lease != "" {
		t.Errorf("lease %q for a caller who is gone: %v", lease, err)
	}
}
