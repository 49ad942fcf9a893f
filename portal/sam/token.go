package sam

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"github.com/odnowa/odnowa/portal/sam/dpop"
)

const (
	tokenSeconds = 10 * 60
	// maxTokens is how many live tokens a computer has at most; the newest stay.
	maxTokens = 4
)

// computer is a registered one, as its token names it.
type computer struct {
	id, enrolment string
	key           []byte
}

// token gives a registered computer an access token, of which only the hash is kept. It is bound to
// the computer's key: each use wants a proof by it.
func (r *registry) token(ctx context.Context, id string, p *dpop.Proof) (string, error) {
	token, now := random()+random(), r.now().Unix()
	err := r.change(ctx, func(tx *sql.Tx) (event, error) {
		var made string
		err := tx.QueryRowContext(ctx, `INSERT INTO tokens (hash, computer, expires_at)
			SELECT $1, id, $4 FROM computers WHERE id = $2 AND key = $3 AND state = 'active' RETURNING computer`,
			hashOf(token), id, p.Key, now+tokenSeconds).Scan(&made)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, decline(errClient, "")
		} else if err != nil {
			return event{}, fmt.Errorf("storing token: %w", err)
		}
		if err := r.spendProof(ctx, tx, p); err != nil {
			return event{}, err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM tokens WHERE expires_at <= $1 OR computer = $2 AND hash NOT IN
			(SELECT hash FROM tokens WHERE computer = $2 ORDER BY expires_at DESC, rowid DESC LIMIT $3)`, now, id, maxTokens)
		return event{name: "computer.token", computer: id}, err
	})
	return token, err
}

// authenticate gives the computer whose token and whose proof came with a request.
func (r *registry) authenticate(ctx context.Context, token string, p *dpop.Proof) (*computer, error) {
	var c computer
	err := r.db.QueryRowContext(ctx, `SELECT c.id, c.enrolment, c.key FROM tokens t JOIN computers c ON c.id = t.computer
		WHERE t.hash = $1 AND t.expires_at > $2 AND c.key = $3 AND c.state = 'active'`,
		hashOf(token), r.now().Unix(), p.Key).Scan(&c.id, &c.enrolment, &c.key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, decline(errToken, "")
	} else if err != nil {
		return nil, fmt.Errorf("looking for token: %w", err)
	}
	return &c, r.spendProof(ctx, r.db, p)
}

// execer is the database or a transaction in it.
type execer interface {
	querier
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// spendProof takes each proof once, over restarts too, as long as its time would let it pass.
func (r *registry) spendProof(ctx context.Context, in execer, p *dpop.Proof) error {
	now := r.now()
	if _, err := in.ExecContext(ctx, `DELETE FROM proofs WHERE expires_at < $1`, now.Unix()); err != nil {
		return fmt.Errorf("forgetting proofs: %w", err)
	}
	sum := sha256.Sum256(append(append([]byte(nil), p.Key...), p.ID...))
	var got []byte
	err := in.QueryRowContext(ctx, `INSERT INTO proofs (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING hash`,
		sum[:], now.Add(2*dpop.Leeway).Unix()+1).Scan(&got)
	if errors.Is(err, sql.ErrNoRows) {
		return decline(errProof, "used")
	} else if err != nil {
		return fmt.Errorf("using proof: %w", err)
	}
	return nil
}

// removeComputer ends what a computer has: its tokens and requests.
func removeComputer(ctx context.Context, tx *sql.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM tokens WHERE computer = $1`, id); err != nil {
		return fmt.Errorf("ending tokens: %w", err)
	}
	_, err := tx.ExecContext(ctx, `UPDATE requests SET state = 'expired', sad = NULL WHERE computer = $1 AND state IN ('pending', 'approved')`, id)
	if err != nil {
		return fmt.Errorf("ending requests: %w", err)
	}
	return nil
}
