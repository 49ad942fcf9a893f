package renewal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// LeaseLife is how long a lease outlives the process that held it, and so the longest that a person
// waits for somebody who is no more. While the work goes on, [Store.Hold] prolongs it.
const LeaseLife = 6 * time.Second

// Begin starts an action that asks others to draw something up. They would make the first void if
// asked twice at a time, so one request holds a lease and the others wait: for it to finish, which
// gives its result if it was for the same values, or for its end. The lease ends with the
// transition, with any other transition, with End, or when nobody has held it for LeaseLife.
//
// It gives the renewal with a lease, or without one where the action has been done already.
// Errors: as of the transition.
func (s *Store) Begin(ctx context.Context, action Action, session string, same ...any) (*Renewal, string, error) {
	m := moves[action]
	c := change{action: action, session: session}
	for i, v := range same {
		c.set = append(c.set, value{m.same[i], v})
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		lease := randomHex(16)
		r, err := s.take(ctx, c, m, lease)
		if err == nil {
			return r, lease, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return nil, "", fmt.Errorf("renewal: %s: %w", action, err)
		}
		r, err = s.whyNot(ctx, c, m)
		var state *StateError
		if err == nil || !errors.As(err, &state) || !slices.Contains(m.from, state.State) {
			return r, "", err
		}
		if err := s.waitForLease(ctx, session); err != nil {
			return nil, "", err
		}
	}
}

func (s *Store) take(ctx context.Context, c change, m move, lease string) (*Renewal, error) {
	now := s.now()
	q := &statement{}
	q.WriteString("UPDATE renewals SET lease = " + q.param(lease) + ", lease_until = " + q.param(now.Add(LeaseLife).Unix()) + " WHERE ")
	s.whose(q, c)
	q.WriteString(" AND ")
	q.inStates(m.from)
	q.WriteString(" AND expires > " + q.param(now.Unix()) + " AND lease_until <= " + q.param(now.Unix()) + " RETURNING " + record)
	// A lease that was taken while its caller gave up would be held by nobody.
	return scan(s.query(context.WithoutCancel(ctx), q))
}

// waitForLease waits for a change of the session's renewal, or a moment: the holder may be another
// process on the same database, which is not heard.
func (s *Store) waitForLease(ctx context.Context, session string) error {
	r, err := s.Get(ctx, session)
	if err != nil {
		return err
	}
	changed, stop := s.Watch(r.ID)
	defer stop()
	moment := time.NewTimer(100 * time.Millisecond)
	defer moment.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-moment.C:
	}
	return nil
}

// Hold prolongs a lease until stop is called or ctx is over, however long issuer and SAM take. Where it
// can't, the lease ends, and so does the right to the transition.
func (s *Store) Hold(ctx context.Context, id, lease string) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(s.holdEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			s.db.ExecContext(ctx, `UPDATE renewals SET lease_until = $1 WHERE id = $2 AND lease = $3`, //nolint:errcheck // see above
				s.now().Add(LeaseLife).Unix(), id, lease)
		}
	}()
	return stop
}

// End gives a lease back without a transition.
func (s *Store) End(ctx context.Context, id, lease string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE renewals SET lease = '', lease_until = 0 WHERE id = $1 AND lease = $2`, id, lease)
	if err != nil {
		return fmt.Errorf("giving lease back: %w", err)
	}
	s.hub.tell(id)
	return nil
}
