package sam

import (
	"context"
	"sync"
	"time"
)

// watch wakes those who wait for a change of an enrolment. The process owns its database, so that
// no change comes from elsewhere.
type watch struct {
	mu      sync.Mutex
	waiters map[string]map[chan struct{}]struct{}
}

func (w *watch) wake(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.waiters[id] {
		close(c)
	}
	delete(w.waiters, id)
}

func (w *watch) enter(id string) (c chan struct{}, leave func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiters == nil {
		w.waiters = map[string]map[chan struct{}]struct{}{}
	}
	if w.waiters[id] == nil {
		w.waiters[id] = map[chan struct{}]struct{}{}
	}
	c = make(chan struct{})
	w.waiters[id][c] = struct{}{}
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiters[id], c)
		if len(w.waiters[id]) == 0 {
			delete(w.waiters, id)
		}
	}
}

// until calls look, again after each change of the enrolment, until it says done or fails, or the
// wait is over; then the last look stands. A wait of 0 looks once.
func (w *watch) until(ctx context.Context, id string, wait time.Duration, look func() (done bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		changed, leave := w.enter(id) // before the look, so that no change falls between
		done, err := look()
		if done || err != nil || wait <= 0 {
			leave()
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			leave()
			return nil
		}
	}
}
