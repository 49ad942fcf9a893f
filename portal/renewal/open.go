package renewal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// Open opens the renewal of a code for a browser session, or goes on with it.
//
// The session that carries the renewal already goes on where it was. Any other gets it back at
// opened, under a new session id, and the one before loses it: an application that was drawn up or
// signed is void with its phone, and all personal data is forgotten, for this session has shown no
// certificate. A renewal that was confirmed is not given to another session: the portal finishes it
// by itself.
//
// Client is where the request came from, for counting tries; session may be empty. Errors: the
// ErrCode values, *TriesError.
func (s *Store) Open(ctx context.Context, code, client, session string) (string, *Renewal, error) {
	code, err := parseCode(code)
	if err != nil {
		return "", nil, err // the check character shows that it is a slip of the finger: no try is used up
	}
	undo, err := s.countTry(ctx, client)
	if err != nil {
		return "", nil, err
	}
	mac := s.mac("code", code)
	session, r, err := s.openMAC(ctx, mac, session)
	if errors.Is(err, ErrCodeUnknown) {
		return "", nil, err
	}
	return session, r, errors.Join(err, undo())
}

func (s *Store) openMAC(ctx context.Context, mac []byte, session string) (string, *Renewal, error) {
	now := s.now()
	r, err := scan(s.db.QueryRowContext(ctx, `SELECT `+record+` FROM renewals
		WHERE code_mac = $1 AND session = $2 AND session_until > $3`, mac, hashSession(session), now.Unix()))
	if err == nil {
		return session, r, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return "", nil, fmt.Errorf("opening renewal: %w", err)
	}
	fresh := newSession()
	r, err = s.do(ctx, change{
		action: ActOpen,
		code:   mac,
		set:    values{{"session", hashSession(fresh)}, {"session_until", now.Add(SessionLife).Unix()}},
		given:  values{{"target", TargetCloud}},
	})
	var state *StateError
	switch {
	case errors.Is(err, ErrNoSession):
		return "", nil, ErrCodeUnknown
	case errors.As(err, &state) && state.State.confirmed():
		return "", nil, ErrCodeUsed
	case errors.As(err, &state):
		return "", nil, ErrCodeOtherProduct
	case err != nil:
		return "", nil, err
	}
	return fresh, r, nil
}

// confirmed tells whether the holder has said the last word.
func (st State) confirmed() bool { return st == Confirmed || st == Issuing || st == Issued }

// newSession draws a session id of 256 bits.
func newSession() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// countTry counts a try before it is known whether it succeeds, so that no number of parallel
// requests gets more tries than the limit; undo takes it back.
func (s *Store) countTry(ctx context.Context, client string) (undo func() error, err error) {
	now := s.now()
	window := now.Truncate(TriesWindow)
	counters := []struct {
		client []byte
		limit  int
	}{{s.mac("client", client), TriesPerClient}, {[]byte{}, TriesOverall}}

	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("counting tries: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `DELETE FROM tries WHERE window_start < $1`, window.Unix()); err != nil {
		return nil, fmt.Errorf("counting tries: %w", err)
	}
	for _, c := range counters {
		var n int
		err := tx.QueryRowContext(ctx, `INSERT INTO tries (client, window_start, count) VALUES ($1, $2, 1)
			ON CONFLICT (client, window_start) DO UPDATE SET count = tries.count + 1 WHERE tries.count < $3
			RETURNING count`, c.client, window.Unix(), c.limit).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, &TriesError{RetryAfter: window.Add(TriesWindow).Sub(now).Round(time.Second)}
		}
		if err != nil {
			return nil, fmt.Errorf("counting tries: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("counting tries: %w", err)
	}
	return func() error {
		ctx := context.WithoutCancel(ctx)
		_, err := s.db.ExecContext(ctx, `UPDATE tries SET count = count - 1 WHERE window_start = $1 AND client IN ($2, $3)`,
			window.Unix(), counters[0].client, counters[1].client)
		return err
	}, nil
}

// Get is the session's renewal. The error is ErrNoSession where it carries none.
func (s *Store) Get(ctx context.Context, session string) (*Renewal, error) {
	return s.find(ctx, change{session: session})
}

// Leave makes the session forget its renewal; doing so without one is no error.
func (s *Store) Leave(ctx context.Context, session string) error {
	var id string
	err := s.db.QueryRowContext(ctx, `UPDATE renewals SET session = NULL, session_until = 0 WHERE session = $1 RETURNING id`,
		hashSession(session)).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("leaving renewal: %w", err)
	}
	s.hub.tell(id)
	return nil
}
