package sam

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/odnowa/odnowa/portal/audit"
)

const (
	// maxWrongCodes in codeWindowSeconds are followed by a pause as long.
	maxWrongCodes     = 5
	codeWindowSeconds = 10 * 60
	// maxComputers is how many one credential has at most.
	maxComputers = 20
)

// FoundComputer is the registration that a code belongs to. The phone computes the code again.
type FoundComputer struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	OpenedAt int64  `json:"openedAt"` // seconds since the epoch
	Key      []byte `json:"key"`
	SAMKey   []byte `json:"samKey"`
	Nonce    []byte `json:"nonce"`
}

// ConnectedComputer is one that may ask this phone for signatures.
type ConnectedComputer struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Since    int64  `json:"since"`              // seconds since the epoch
	LastUsed *int64 `json:"lastUsed,omitempty"` // absent: never
}

// registerClaims is what the device key and the PIN key sign to take a computer.
type registerClaims struct {
	Audience   string `json:"aud"`  // "sam"
	Type       string `json:"type"` // "register-computer"
	Enrolment  string `json:"enrolment"`
	Credential string `json:"credential"`
	Computer   string `json:"computer"`
	Key        string `json:"key"` // thumbprint: base64url SHA-256 of its SubjectPublicKeyInfo
	Challenge  string `json:"jti"`
	Counter    int64  `json:"ctr"`
	IssuedAt   int64  `json:"iat"`
	ExpiresAt  int64  `json:"exp"`
}

// find looks for the registration of a code that was typed. The attempt is counted, with the look, on
// the disk before it is answered; a right one is not counted against the phone.
func (r *registry) find(ctx context.Context, c Caller, p Proof) (*FoundComputer, error) {
	_, a, err := r.byThisDevice(ctx, c, p, "find-computer")
	if err != nil {
		return nil, err
	}
	var found *FoundComputer
	err = r.change(ctx, func(tx *sql.Tx) (event, error) {
		if err := r.spend(ctx, tx, c, a.Challenge); err != nil {
			return event{}, err
		}
		tries, err := r.countCode(ctx, tx, c)
		if err != nil {
			return event{}, err
		}
		if found, err = r.take(ctx, tx, c, a.Subject); err != nil {
			return event{}, err
		}
		if found == nil {
			return event{name: "computer.code_wrong", enrolment: c.Enrolment, fields: []audit.Field{audit.ID("tries", strconv.Itoa(tries))}}, nil
		}
		_, err = tx.ExecContext(ctx, `UPDATE enrolments SET code_tries = code_tries - 1 WHERE id = $1`, c.Enrolment)
		return event{name: "computer.found", enrolment: c.Enrolment, computer: found.ID}, err
	})
	if err == nil && found == nil {
		err = refuse(CodeComputerUnknown)
	}
	if err != nil {
		return nil, err
	}
	found.SAMKey, err = x509.MarshalPKIXPublicKey(r.statementKey.Public())
	return found, err
}

// countCode counts a code that is about to be tried. The window begins with the first wrong one, the
// pause with the last.
func (r *registry) countCode(ctx context.Context, tx *sql.Tx, c Caller) (tries int, err error) {
	err = tx.QueryRowContext(ctx, `UPDATE enrolments SET
		code_since = CASE WHEN code_since <= $3 - $4 OR code_tries = 0 OR code_tries + 1 >= $5 THEN $3 ELSE code_since END,
		code_tries = CASE WHEN code_since <= $3 - $4 THEN 1 ELSE code_tries + 1 END
		WHERE id = $1 AND phone_hash = $2 AND state = 'active' AND (code_tries < $5 OR code_since <= $3 - $4) RETURNING code_tries`,
		c.Enrolment, hashOf(c.Secret), r.now().Unix(), codeWindowSeconds, maxWrongCodes).Scan(&tries)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, refuse(CodeComputerPause)
	} else if err != nil {
		return 0, fmt.Errorf("counting code: %w", err)
	}
	return tries, nil
}

// take gives the phone the open registration of this code, or the one that it has found already.
func (r *registry) take(ctx context.Context, tx *sql.Tx, c Caller, code string) (*FoundComputer, error) {
	var f FoundComputer
	err := tx.QueryRowContext(ctx, `UPDATE computers SET state = 'found', enrolment = $2
		WHERE code = $1 AND expires_at > $3 AND (offered IS NULL OR offered = $2)
		AND (state = 'open' OR state = 'found' AND enrolment = $2) RETURNING id, name, opened_at, key, nonce`,
		code, c.Enrolment, r.now().Unix()).Scan(&f.ID, &f.Name, &f.OpenedAt, &f.Key, &f.Nonce)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("looking for computer: %w", err)
	}
	return &f, nil
}

// connect takes the computer that was found: both keys of the phone have signed its key.
func (r *registry) connect(ctx context.Context, c Caller, p Proof) error {
	e, err := r.load(ctx, c)
	if err != nil {
		return err
	}
	var a registerClaims
	pr, err := parseProof(p, &a, roleDevice, rolePIN)
	if err != nil || a.Audience != "sam" || a.Type != "register-computer" || a.Enrolment != c.Enrolment {
		return refuse(CodeMalformed)
	}
	if e.state != Active || a.Credential != e.credential.String {
		return refuse(CodeState)
	}
	if err := r.isFound(ctx, c, &a); err != nil {
		return err
	}
	if err := r.proved(ctx, c, e, pr, attempt{Active, a.Credential, a.Challenge, a.Counter, a.IssuedAt, a.ExpiresAt}); err != nil {
		return err
	}
	return r.change(ctx, func(tx *sql.Tx) (event, error) {
		others, err := r.replaceComputer(ctx, tx, c, &a)
		if err != nil {
			return event{}, err
		}
		return event{name: "computer.active", enrolment: c.Enrolment, computer: a.Computer, others: others, fields: []audit.Field{
			audit.ID("credential", a.Credential), audit.ID("key", a.Key), audit.Hash("proof", []byte(p.Payload)),
		}}, giveTriesBack(ctx, tx, c)
	})
}

// isFound is asked before the PIN is counted: a proof for another computer is no try of it.
func (r *registry) isFound(ctx context.Context, c Caller, a *registerClaims) error {
	var thumbprint string
	err := r.db.QueryRowContext(ctx, `SELECT thumbprint FROM computers WHERE id = $1 AND enrolment = $2 AND state = 'found' AND expires_at > $3`,
		a.Computer, c.Enrolment, r.now().Unix()).Scan(&thumbprint)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return refuse(CodeComputerOver)
	case err != nil:
		return fmt.Errorf("reading computer: %w", err)
	case thumbprint != a.Key:
		return refuse(CodeKeyMismatch)
	}
	return nil
}

// replaceComputer makes the found one active; one of the same key, that was connected before, ends.
func (r *registry) replaceComputer(ctx context.Context, tx *sql.Tx, c Caller, a *registerClaims) (earlier []string, err error) {
	rows, err := tx.QueryContext(ctx, `UPDATE computers SET state = 'removed' WHERE enrolment = $1 AND thumbprint = $2 AND state = 'active' RETURNING id`,
		c.Enrolment, a.Key)
	if err != nil {
		return nil, fmt.Errorf("replacing computer: %w", err)
	}
	if earlier, err = ids(rows); err != nil {
		return nil, err
	}
	for _, id := range earlier {
		if err := removeComputer(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	now := r.now().Unix()
	var got string
	err = tx.QueryRowContext(ctx, `UPDATE computers SET state = 'active', since = $4, client = NULL
		WHERE id = $1 AND enrolment = $2 AND thumbprint = $3 AND state = 'found' AND expires_at > $4
		AND (SELECT count(*) FROM computers WHERE enrolment = $2 AND state = 'active') < $5 RETURNING id`,
		a.Computer, c.Enrolment, a.Key, now, maxComputers).Scan(&got)
	if errors.Is(err, sql.ErrNoRows) {
		if errFound := r.stillFound(ctx, tx, c, a); errFound != nil {
			return nil, errFound
		}
		return nil, refuse(CodeTooManyComputers)
	} else if err != nil {
		return nil, fmt.Errorf("connecting computer: %w", err)
	}
	return earlier, nil
}

func (r *registry) stillFound(ctx context.Context, tx *sql.Tx, c Caller, a *registerClaims) error {
	var got string
	err := tx.QueryRowContext(ctx, `SELECT id FROM computers WHERE id = $1 AND enrolment = $2 AND state = 'found' AND expires_at > $3`,
		a.Computer, c.Enrolment, r.now().Unix()).Scan(&got)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(CodeComputerOver)
	}
	return err
}

// refuseComputer is the person's no to what was found.
func (r *registry) refuseComputer(ctx context.Context, c Caller, p Proof) error {
	return r.endComputer(ctx, c, p, "refuse-computer", `UPDATE computers SET state = 'refused', client = NULL
		WHERE id = $1 AND enrolment = $2 AND state = 'found' RETURNING id`, "computer.refused")
}

// remove ends a computer: its tokens, its requests, its signing.
func (r *registry) remove(ctx context.Context, c Caller, p Proof) error {
	return r.endComputer(ctx, c, p, "remove-computer", `UPDATE computers SET state = 'removed'
		WHERE id = $1 AND enrolment = $2 AND state = 'active' RETURNING id`, "computer.removed")
}

func (r *registry) endComputer(ctx context.Context, c Caller, p Proof, kind, update, name string) error {
	_, a, err := r.byThisDevice(ctx, c, p, kind)
	if err != nil {
		return err
	}
	return r.change(ctx, func(tx *sql.Tx) (event, error) {
		if err := r.spend(ctx, tx, c, a.Challenge); err != nil {
			return event{}, err
		}
		var got string
		err := tx.QueryRowContext(ctx, update, a.Subject, c.Enrolment).Scan(&got)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, refuse(CodeComputerOver)
		} else if err != nil {
			return event{}, fmt.Errorf("ending computer: %w", err)
		}
		if err := removeComputer(ctx, tx, a.Subject); err != nil {
			return event{}, err
		}
		return event{name: name, enrolment: c.Enrolment, computer: a.Subject}, tellPhone(ctx, tx, c.Enrolment)
	})
}

// computers lists those that are connected, the newest first.
func (r *registry) computers(ctx context.Context, c Caller) ([]ConnectedComputer, error) {
	if _, err := r.load(ctx, c); err != nil {
		return nil, err
	}
	rows, err := r.db.QueryContext(ctx, `SELECT id, name, since, last_used FROM computers
		WHERE enrolment = $1 AND state = 'active' ORDER BY since DESC, rowid DESC`, c.Enrolment)
	if err != nil {
		return nil, fmt.Errorf("listing computers: %w", err)
	}
	defer rows.Close()
	out := []ConnectedComputer{}
	for rows.Next() {
		var x ConnectedComputer
		if err := rows.Scan(&x.ID, &x.Name, &x.Since, &x.LastUsed); err != nil {
			return nil, fmt.Errorf("listing computers: %w", err)
		}
		out = append(out, x)
	}
	return out, rows.Err()
}
