package sam

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/odnowa/odnowa/portal/audit"
)

// PendingRequest is what the phone shows of a request to sign, and signs to approve it.
type PendingRequest struct {
	ID        string   `json:"id"`
	Label     string   `json:"label"`
	Computer  string   `json:"computer"` // its name
	Hashes    [][]byte `json:"hashes"`
	Algorithm string   `json:"hashAlgorithmOID"`
	Count     int      `json:"numSignatures"`
	CreatedAt int64    `json:"createdAt"` // seconds since the epoch
	ExpiresAt int64    `json:"expiresAt"`
}

// signClaims is the authorisation of one signature: what the device key and the PIN key sign.
type signClaims struct {
	Audience   string   `json:"aud"`  // "sam"
	Type       string   `json:"type"` // "sign"
	Enrolment  string   `json:"enrolment"`
	Credential string   `json:"credentialID"`
	Hashes     [][]byte `json:"hashes"`
	Algorithm  string   `json:"hashAlgorithmOID"`
	Count      int      `json:"numSignatures"`
	Label      string   `json:"label"` // as it was shown
	Request    string   `json:"request"`
	Challenge  string   `json:"jti"`
	Counter    int64    `json:"ctr"`
	IssuedAt   int64    `json:"iat"`
	ExpiresAt  int64    `json:"exp"`
}

func (a *signClaims) approves(request, credential string, hash []byte, label string) bool {
	return a.Audience == "sam" && a.Type == "sign" && a.Request == request && a.Credential == credential &&
		len(a.Hashes) == 1 && bytes.Equal(a.Hashes[0], hash) && a.Algorithm == oidSHA256 && a.Count == 1 && a.Label == label
}

// deviceClaims is what the device key alone signs: what needs this phone and not the PIN.
type deviceClaims struct {
	Audience  string `json:"aud"` // "sam"
	Type      string `json:"type"`
	Enrolment string `json:"enrolment"`
	Subject   string `json:"sub"` // code, computer or request, by type
	Challenge string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
}

// byThisDevice reads a proof of the device key over what kind of call and what subject. The caller
// spends the challenge in its own transaction.
func (r *registry) byThisDevice(ctx context.Context, c Caller, p Proof, kind string) (*row, *deviceClaims, error) {
	e, err := r.load(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	var a deviceClaims
	pr, err := parseProof(p, &a, roleDevice)
	if err != nil || a.Audience != "sam" || a.Type != kind || a.Enrolment != c.Enrolment {
		return nil, nil, refuse(CodeMalformed)
	}
	if e.state != Active {
		return nil, nil, refuse(CodeState)
	}
	return e, &a, r.byDevice(e, pr, a.IssuedAt, a.ExpiresAt)
}

// pending gives the request that waits for the phone, or nil.
func (r *registry) pending(ctx context.Context, enrolment string) (*PendingRequest, error) {
	q := PendingRequest{Hashes: [][]byte{nil}, Algorithm: oidSHA256, Count: 1}
	err := r.db.QueryRowContext(ctx, `SELECT q.id, q.label, c.name, q.hash, q.created_at, q.expires_at
		FROM requests q JOIN computers c ON c.id = q.computer
		WHERE q.enrolment = $1 AND q.state = 'pending' AND q.expires_at > $2 AND c.state = 'active'`, enrolment, r.now().Unix()).
		Scan(&q.ID, &q.Label, &q.Computer, &q.Hashes[0], &q.CreatedAt, &q.ExpiresAt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading request: %w", err)
	}
	return &q, nil
}

// approve takes the phone's authorisation of the request that waits. It is kept: the HSM signs what
// it is over, and it shows later who wanted that.
func (r *registry) approve(ctx context.Context, c Caller, p Proof) error {
	e, err := r.load(ctx, c)
	if err != nil {
		return err
	}
	var a signClaims
	pr, err := parseProof(p, &a, roleDevice, rolePIN)
	if err != nil || a.Audience != "sam" || a.Type != "sign" || a.Enrolment != c.Enrolment {
		return refuse(CodeMalformed)
	}
	q, err := r.pending(ctx, c.Enrolment)
	if err != nil {
		return err
	}
	// Before it is counted: an approval of something else is no try of the PIN.
	if e.state != Active || q == nil || !a.approves(q.ID, e.credential.String, q.Hashes[0], q.Label) {
		return refuse(CodeRequestOver)
	}
	if err := r.proved(ctx, c, e, pr, attempt{Active, a.Credential, a.Challenge, a.Counter, a.IssuedAt, a.ExpiresAt}); err != nil {
		return err
	}
	stored, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encoding approval: %w", err)
	}
	return r.change(ctx, func(tx *sql.Tx) (event, error) {
		now := r.now().Unix()
		var computer string
		err := tx.QueryRowContext(ctx, `UPDATE requests SET state = 'approved', proof = $3, expires_at = $4
			WHERE id = $1 AND enrolment = $2 AND state = 'pending' AND expires_at > $5
			AND computer IN (SELECT id FROM computers WHERE state = 'active') RETURNING computer`,
			a.Request, c.Enrolment, string(stored), now+sadSeconds, now).Scan(&computer)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, refuse(CodeRequestOver)
		} else if err != nil {
			return event{}, fmt.Errorf("storing approval: %w", err)
		}
		return event{name: "signing.approved", enrolment: c.Enrolment, computer: computer, fields: []audit.Field{
			audit.ID("request", a.Request), audit.Hash("proof", stored),
		}}, giveTriesBack(ctx, tx, c)
	})
}

// giveTriesBack follows a right PIN, and tells the phone that something has changed.
func giveTriesBack(ctx context.Context, tx *sql.Tx, c Caller) error {
	var got string
	err := tx.QueryRowContext(ctx, `UPDATE enrolments SET tries_left = $3, events = events + 1
		WHERE id = $1 AND phone_hash = $2 AND state = 'active' AND cloned = 0 RETURNING id`, c.Enrolment, hashOf(c.Secret), pinTries).Scan(&got)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(CodeState)
	} else if err != nil {
		return fmt.Errorf("giving tries back: %w", err)
	}
	return nil
}

// refuseRequest is the person's no.
func (r *registry) refuseRequest(ctx context.Context, c Caller, p Proof) error {
	_, a, err := r.byThisDevice(ctx, c, p, "refuse-request")
	if err != nil {
		return err
	}
	return r.change(ctx, func(tx *sql.Tx) (event, error) {
		if err := r.spend(ctx, tx, c, a.Challenge); err != nil {
			return event{}, err
		}
		var computer string
		err := tx.QueryRowContext(ctx, `UPDATE requests SET state = 'refused' WHERE id = $1 AND enrolment = $2 AND state = 'pending' AND expires_at > $3
			RETURNING computer`, a.Subject, c.Enrolment, r.now().Unix()).Scan(&computer)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, refuse(CodeRequestOver)
		} else if err != nil {
			return event{}, fmt.Errorf("refusing: %w", err)
		}
		return event{name: "signing.refused", enrolment: c.Enrolment, computer: computer, fields: []audit.Field{audit.ID("request", a.Subject)}},
			tellPhone(ctx, tx, c.Enrolment)
	})
}

func tellPhone(ctx context.Context, tx *sql.Tx, enrolment string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE enrolments SET events = events + 1 WHERE id = $1`, enrolment); err != nil {
		return fmt.Errorf("telling the phone: %w", err)
	}
	return nil
}
