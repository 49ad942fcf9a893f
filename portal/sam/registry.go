package sam

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/hsm"
)

// State of an enrolment. See states.md for what leads from one to the next.
type State string

// The states. Scanned: a phone has come. Keyed: its keys are fixed and the HSM has made the
// credential's. Ready: the phone has proved that the person knows the PIN. Active: a certificate
// was issued. Void: withdrawn.
const (
	Open    State = "open"
	Scanned State = "scanned"
	Keyed   State = "keyed"
	Ready   State = "ready"
	Active  State = "active"
	Void    State = "void"
)

const (
	pinTries = 3
	// maxScans bounds how often a holder of the QR code may try for a phone with a chosen code: 20
	// tries at one in a million.
	maxScans = 20
	// challengeSeconds is how long a challenge lives, and the longest life of what answers it.
	challengeSeconds = 120
	// maxChallenges is how many live challenges a phone has at most. Used ones don't count: to use one
	// takes the phone's keys.
	maxChallenges = 8
)

// registry holds the enrolments and makes their keys. It is the only user of the HSM token.
type registry struct {
	db           *sql.DB
	hsm          *hsm.Token
	statementKey crypto.Signer
	audit        *audit.Log
	log          *zap.Logger
	// appURL is the phone app's origin, signingURL the base of the CSC API as computers reach it.
	appURL, signingURL string
	now                func() time.Time
	watch              watch
}

// change runs one transition: f writes and names the event, the audit record is on the disk before
// the transition is, and whoever waits for the enrolment is woken after it. Keys that f condemned
// are destroyed. When f refuses, nothing was written.
func (r *registry) change(ctx context.Context, f func(tx *sql.Tx) (event, error)) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	e, err := f(tx)
	if err != nil {
		return err
	}
	if e.enrolment != "" {
		e.fields = append(e.fields, audit.ID("enrolment", e.enrolment))
	}
	if e.computer != "" {
		e.fields = append(e.fields, audit.ID("computer", e.computer))
	}
	if err := r.audit.Append(e.name, e.fields...); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	r.watch.wake(e.enrolment)
	for _, id := range append(e.others, e.computer) {
		r.watch.wake(computerTopic(id))
	}
	if e.condemned != "" {
		r.destroy(ctx, e.condemned)
	}
	return nil
}

type event struct {
	name      string
	enrolment string   // or empty
	computer  string   // or empty
	others    []string // computers that are woken too
	fields    []audit.Field
	condemned string // label of a key to destroy, or empty
}

// destroy removes a condemned key. A failure is logged and tried again at the next start.
func (r *registry) destroy(ctx context.Context, credential string) {
	// Who asked may be gone; the key must go all the same.
	ctx = context.WithoutCancel(ctx)
	err := r.hsm.Delete(credential)
	if err == nil {
		err = r.audit.Append("key.destroyed", audit.ID("credential", credential))
	} else if errors.Is(err, hsm.ErrNotFound) {
		err = nil
	}
	if err == nil {
		_, err = r.db.ExecContext(ctx, `DELETE FROM condemned WHERE credential = $1`, credential)
	}
	if err != nil {
		r.log.Error("destroying key", zap.String("credential", credential), zap.Error(err))
	}
}

// sweep destroys what an earlier life of this process left condemned.
func (r *registry) sweep(ctx context.Context) error {
	rows, err := r.db.QueryContext(ctx, `SELECT credential FROM condemned`)
	if err != nil {
		return fmt.Errorf("looking for condemned keys: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var c string
		if err := rows.Scan(&c); err != nil {
			return fmt.Errorf("looking for condemned keys: %w", err)
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("looking for condemned keys: %w", err)
	}
	for _, c := range all {
		r.destroy(ctx, c)
	}
	return nil
}

// condemn notes the enrolment's key for destruction, if it has one, and gives its label.
func condemn(ctx context.Context, tx *sql.Tx, enrolment string) (string, error) {
	var label string
	err := tx.QueryRowContext(ctx, `INSERT INTO condemned (credential)
		SELECT credential FROM enrolments WHERE id = $1 AND credential IS NOT NULL
		ON CONFLICT DO NOTHING RETURNING credential`, enrolment).Scan(&label)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("condemning key: %w", err)
	}
	return label, nil
}

// random gives 128 random bits as base64url.
func random() string {
	b := make([]byte, 16)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
