package renewal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// change is one transition to be made: a row of the table with its values.
type change struct {
	action Action
	// Whose renewal: the session's, the one with the id when the portal acts by itself, or the
	// one with the code of this hash.
	session, id string
	code        []byte
	set         values
	// given holds what the values of set were worked out from: the transition is not made when it
	// has changed meanwhile.
	given values
	// lease must still be held, when there is one, and is given back.
	lease string
	// where holds further conditions.
	where []literal
}

// literal is a condition: SQL that ends before its one parameter.
type literal struct {
	sql   string
	value any
}

type value struct {
	column string
	value  any
}

type values []value

func (v values) get(column string) (any, bool) {
	i := slices.IndexFunc(v, func(x value) bool { return x.column == column })
	if i < 0 {
		return nil, false
	}
	return v[i].value, true
}

// statement collects SQL and its parameters.
type statement struct {
	strings.Builder
	args []any
}

// param adds a parameter and gives its name. No bytes are an empty blob, never NULL.
func (q *statement) param(v any) string {
	if b, ok := v.([]byte); ok && b == nil {
		v = []byte{}
	}
	q.args = append(q.args, v)
	return fmt.Sprintf("$%d", len(q.args))
}

// do makes the transition and gives the renewal after it. Where it has been made already with the
// same values, the renewal as it is. Errors: ErrNoSession, ErrCodeExpired, *StateError, and what the
// observer refuses it for.
//
// Once begun it does not end with ctx: a transition that was made while its caller gave up would be
// one that nobody was told of.
func (s *Store) do(ctx context.Context, c change) (*Renewal, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	m := moves[c.action]
	r, err := s.make(ctx, c, m)
	if err == nil {
		s.observer.Made(c.action)
		s.hub.tell(r.ID)
		return r, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("renewal: %s: %w", c.action, err)
	}
	return s.whyNot(ctx, c, m)
}

// make makes the transition after the observer has recorded it; sql.ErrNoRows when it is not possible.
func (s *Store) make(ctx context.Context, c change, m move) (*Renewal, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	q := s.update(c, m)
	r, err := scan(tx.QueryRowContext(ctx, q.String(), q.args...))
	if err != nil {
		return nil, err
	}
	if err := s.observer.Record(c.action, r); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return r, tx.Commit()
}

func (s *Store) query(ctx context.Context, q *statement) *sql.Row {
	return s.db.QueryRowContext(ctx, q.String(), q.args...)
}

// update writes the conditional UPDATE.
func (s *Store) update(c change, m move) *statement {
	q := &statement{}
	now := s.now().Unix()
	q.WriteString("UPDATE renewals SET version = version + 1, changed = " + q.param(now))
	if m.to != "" {
		q.WriteString(", state = " + q.param(m.to) + ", lease = '', lease_until = 0")
	}
	for _, v := range c.set {
		q.WriteString(", " + v.column + " = " + q.param(v.value))
	}
	for _, col := range columns {
		if _, set := c.set.get(col.name); !set && m.forget != stepNone && col.step >= m.forget {
			q.WriteString(", " + col.name + " = " + q.param(col.zero))
		}
	}
	q.WriteString(" WHERE ")
	s.whose(q, c)
	q.WriteString(" AND ")
	q.inStates(m.from)
	if !m.late {
		q.WriteString(" AND expires > " + q.param(now))
	}
	for _, v := range c.given {
		q.WriteString(" AND " + v.column + " = " + q.param(v.value))
	}
	if c.lease != "" {
		q.WriteString(" AND lease = " + q.param(c.lease))
	}
	for _, w := range c.where {
		q.WriteString(" AND (" + w.sql + q.param(w.value) + ")")
	}
	q.WriteString(" RETURNING " + record)
	return q
}

// whose writes the condition that picks the one renewal.
func (s *Store) whose(q *statement, c change) {
	switch {
	case c.id != "":
		q.WriteString("id = " + q.param(c.id))
	case c.code != nil:
		q.WriteString("code_mac = " + q.param(c.code))
	default:
		q.WriteString("session = " + q.param(hashSession(c.session)) + " AND session_until > " + q.param(s.now().Unix()))
	}
}

func (q *statement) inStates(states []State) {
	names := make([]string, len(states))
	for i, st := range states {
		names[i] = q.param(st)
	}
	q.WriteString("state IN (" + strings.Join(names, ", ") + ")")
}

// whyNot finds out why the UPDATE met no row, from one look: the renewal may change meanwhile, and
// two looks could fall before and after another request that did the same. It decides nothing: the
// answer may be out of date when it comes.
func (s *Store) whyNot(ctx context.Context, c change, m move) (*Renewal, error) {
	q := &statement{}
	q.WriteString("SELECT " + record + ", CASE WHEN ")
	if err := q.doneAlready(c, m); err != nil {
		return nil, err
	}
	q.WriteString(" THEN 1 ELSE 0 END FROM renewals WHERE ")
	s.whose(q, c)
	var again int
	r, err := scan(oneMore{s.query(ctx, q), &again})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNoSession
	case err != nil:
		return nil, fmt.Errorf("reading renewal: %w", err)
	case again != 0:
		return r, nil
	case !m.late && slices.Contains(m.from, r.State) && !r.Expires.After(s.now()):
		return nil, ErrCodeExpired
	}
	return nil, &StateError{Action: c.action, State: r.State}
}

// doneAlready writes the condition that the action was done before with the same values.
func (q *statement) doneAlready(c change, m move) error {
	if len(m.again) == 0 {
		q.WriteString("1 = 0")
		return nil
	}
	q.inStates(m.again)
	for _, col := range m.same {
		v, ok := c.set.get(col)
		if !ok {
			return fmt.Errorf("renewal: %s: no value for %s", c.action, col)
		}
		q.WriteString(" AND " + col + " = " + q.param(v))
	}
	return nil
}

// oneMore is a row with one column behind the record.
type oneMore struct {
	row  *sql.Row
	more any
}

func (o oneMore) Scan(dest ...any) error { return o.row.Scan(append(dest, o.more)...) }

// find reads a renewal; the error is ErrNoSession where there is none.
func (s *Store) find(ctx context.Context, c change) (*Renewal, error) {
	q := &statement{}
	q.WriteString("SELECT " + record + " FROM renewals WHERE ")
	s.whose(q, c)
	r, err := scan(s.query(ctx, q))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoSession
	}
	if err != nil {
		return nil, fmt.Errorf("reading renewal: %w", err)
	}
	return r, nil
}

func hashSession(session string) []byte {
	sum := sha256.Sum256([]byte(session))
	return sum[:]
}
