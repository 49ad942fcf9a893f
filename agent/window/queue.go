package window

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// maxWaiting is how many may wait for the window at a time, each for patience at most.
	maxWaiting = 3
	patience   = 5 * time.Second
	// rest is how long whoever had the window while others were turned away leaves it to them.
	rest = 5 * time.Second
)

// queue lets one at a time have the window, first come first served. Nobody can keep the others out for
// ever: each asker waits or holds once at most, all that is held ends ([Window.MaxDuration]), and who held
// it while others were turned away has to rest before the next time.
type queue struct {
	mu         sync.Mutex // guards the fields that follow
	held       bool
	holder     string
	holding    context.Context // the holder's: once it has ended, the holder is about to let go
	turnedAway bool            // somebody was, while the holder held
	waiting    []*turn
	resting    map[string]time.Time // until when, by asker
}

// turn is one who waits; its channel closes when it is the holder.
type turn struct {
	who   string
	ctx   context.Context
	ready chan struct{}
}

// acquire gets the window for who. Errors: [ErrBusy], or the cause of ctx's end.
func (q *queue) acquire(ctx context.Context, who string) error {
	if err := q.pause(ctx, who); err != nil {
		return err
	}
	t, err := q.enter(ctx, who)
	if err != nil || t == nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-t.ready:
		return nil
	case <-timer.C:
		err = ErrBusy
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if !q.leave(t) { // it came at the same moment
		q.release()
	}
	return err
}

// pause lets the rest pass that who owes the others.
func (q *queue) pause(ctx context.Context, who string) error {
	q.mu.Lock()
	left := time.Until(q.resting[who])
	delete(q.resting, who)
	q.mu.Unlock()
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter takes the window, or else a place in the queue. Who has either already gets no second one, unless the first
// is over: a browser that has come back does not find its own window in its way.
func (q *queue) enter(ctx context.Context, who string) (*turn, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.held {
		q.held, q.holder, q.holding, q.turnedAway = true, who, ctx, false
		return nil, nil
	}
	if who == q.holder && q.holding.Err() == nil || slices.ContainsFunc(q.waiting, func(t *turn) bool { return t.who == who && t.ctx.Err() == nil }) {
		return nil, ErrBusy
	}
	if len(q.waiting) >= maxWaiting {
		q.turnedAway = true
		return nil, ErrBusy
	}
	t := &turn{who, ctx, make(chan struct{})}
	q.waiting = append(q.waiting, t)
	return t, nil
}

// leave gives the place up; false means that the window was handed over already.
func (q *queue) leave(t *turn) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, t)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.turnedAway = true
	return true
}

// release hands the window to the next.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.turnedAway {
		if q.resting == nil {
			q.resting = map[string]time.Time{}
		}
		q.resting[q.holder] = time.Now().Add(rest)
	}
	q.held, q.turnedAway = false, false
	if len(q.waiting) == 0 {
		return
	}
	next := q.waiting[0]
	q.waiting = q.waiting[1:]
	q.held, q.holder, q.holding = true, next.who, next.ctx
	close(next.ready)
}
