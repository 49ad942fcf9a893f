package card

import (
	"context"
	"errors"
	"time"

	"github.com/odnowa/odnowa/agent/pcsc"
	"github.com/odnowa/odnowa/agent/worker"
)

// look is one enumeration of a module's slots, under way or ended. It goes on when nobody waits for it any more,
// and serves all who ask meanwhile.
type look struct {
	ended chan struct{} // closed at the end; the fields that follow are good then
	slots []worker.Slot
	err   error
	at    time.Time

	late bool // somebody went on without it; guarded by Store.mu
}

// lateLife is how long a result that came too late for the one who asked is kept for the next. That one is told by
// Watch and comes at once.
const lateLife = 10 * time.Second

// graceHung is what a module gets that hung the last time: it is known to be no use, and may have been mended.
const graceHung = 250 * time.Millisecond

// errSlow: the module is still at it.
var errSlow = errors.New("module is still reading")

// lookAt gives the module's look that is under way, or has come late and not been seen, or else begins one. Where
// the module sees no token it looks again from scratch.
func (s *Store) lookAt(m *module) *look {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := m.look; l != nil && (!l.over() || l.late && l.err == nil && s.now().Sub(l.at) < lateLife) {
		return l
	}
	l := &look{ended: make(chan struct{})}
	m.look = l
	go func() {
		l.slots, l.err = m.worker.List(context.Background(), worker.RefreshEmpty)
		l.at = s.now()
		s.mu.Lock()
		m.last = l
		before := m.hung
		m.hung = l.err != nil && errors.Is(l.err, context.DeadlineExceeded)
		stillHung := before && m.hung // which is no news: whoever lists at news would make it hang again and again
		if m.look == l && l.err == nil && len(s.watchers) > 0 {
			m.known = l.slots
		}
		late := l.late
		close(l.ended)
		s.mu.Unlock()
		if late && !stillHung {
			s.tell()
		}
	}()
	return l
}

func (l *look) over() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// listAll lists the slots of all modules, in the modules' order.
func (s *Store) listAll(ctx context.Context) ([]answer[[]worker.Slot], error) {
	answers := make([]answer[[]worker.Slot], len(s.modules))
	looks := make([]*look, len(s.modules))
	for i, m := range s.modules {
		answers[i].module = m
		if m.worker != nil {
			looks[i] = s.lookAt(m)
		}
	}
	began := time.Now()
	for i, l := range looks {
		if l == nil {
			continue
		}
		if err := s.await(ctx, answers[i].module, l, began); err != nil {
			return nil, interrupted(err)
		}
	}
	for i, l := range looks {
		if l != nil {
			answers[i].value, answers[i].err = s.result(answers[i].module, l)
		}
	}
	return answers, nil
}

// await waits for a look as long as its module deserves, counted from began. The error is ctx's.
func (s *Store) await(ctx context.Context, m *module, l *look, began time.Time) error {
	s.mu.Lock()
	patience := s.patience
	if m.hung {
		patience = min(patience, graceHung)
	}
	s.mu.Unlock()
	timer := time.NewTimer(time.Until(began.Add(patience)))
	defer timer.Stop()
	select {
	case <-l.ended:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// result gives what the look has found, or that it is still under way. Then, while somebody watches over the readers, what
// was known before still holds: the module may only be busy with a signature.
func (s *Store) result(m *module, l *look) ([]worker.Slot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.over() {
		return l.slots, l.err
	}
	l.late = true
	switch {
	case m.hung:
		return nil, worker.ErrModuleFailed
	case s.readers != nil:
		return m.known, errSlow
	}
	return nil, errSlow
}

// look asks PC/SC, or the watch over it.
func (s *Store) look(ctx context.Context) (pcsc.State, error) {
	s.mu.Lock()
	known := s.readers
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	return pcsc.Look(ctx, s.pcsc)
}
