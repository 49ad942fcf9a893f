package sam

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/sam/statement"
)

// activateClaims is what the device key and the PIN key sign.
type activateClaims struct {
	Audience   string `json:"aud"`  // "sam"
	Type       string `json:"type"` // "activate"
	Enrolment  string `json:"enrolment"`
	Credential string `json:"credential"`
	Challenge  string `json:"jti"`
	Counter    int64  `json:"ctr"` // above every one that the phone has used
	IssuedAt   int64  `json:"iat"`
	ExpiresAt  int64  `json:"exp"`
}

// attempt is what counting has to know of a proof by which a phone shows that its PIN is known.
type attempt struct {
	state               State // that the enrolment has to be in
	credential          string
	challenge           string
	counter             int64
	issuedAt, expiresAt int64
}

// prove checks that the phone is the one that was keyed and that the person knows the PIN; then the
// enrolment is ready, and the phone gets the code that its own computation has to give.
func (r *registry) prove(ctx context.Context, c Caller, p Proof) (code string, err error) {
	e, err := r.load(ctx, c)
	if err != nil {
		return "", err
	}
	var a activateClaims
	pr, err := parseProof(p, &a, roleDevice, rolePIN)
	if err != nil || a.Audience != "sam" || a.Type != "activate" || a.Enrolment != c.Enrolment {
		return "", refuse(CodeMalformed)
	}
	if e.state != Keyed || a.Credential != e.credential.String {
		return "", refuse(CodeState)
	}
	if err := r.proved(ctx, c, e, pr, attempt{Keyed, a.Credential, a.Challenge, a.Counter, a.IssuedAt, a.ExpiresAt}); err != nil {
		return "", err
	}
	return e.code.String, r.ready(ctx, c, e)
}

// proved checks both signatures of a phone: that it is this phone, and that the person knows the PIN.
//
// The order matters. Only what the device key has signed over a live challenge counts, so that
// nobody else can lock a phone. It is counted, and the challenge spent, on the disk, before the PIN
// key's signature is looked at, so that neither a crash nor a parallel request is a free try. Who
// goes on after it gives the tries back in the same transaction as its effect.
func (r *registry) proved(ctx context.Context, c Caller, e *row, pr *proof, a attempt) error {
	if err := r.byDevice(e, pr, a.issuedAt, a.expiresAt); err != nil {
		return err
	}
	left, err := r.count(ctx, c, a)
	if err != nil {
		return err
	}
	pin, err := statement.ParseEd25519(e.pin)
	if err != nil {
		return fmt.Errorf("reading PIN key: %w", err)
	}
	if !pr.verifyEd25519(rolePIN, pin) {
		if left == 0 {
			return refuse(CodePINLocked)
		}
		return refuse(CodePINIncorrect)
	}
	return nil
}

// byDevice checks that the phone's device key has signed, now.
func (r *registry) byDevice(e *row, pr *proof, issuedAt, expiresAt int64) error {
	device, err := statement.ParseP256(e.device)
	if err != nil {
		return fmt.Errorf("reading device key: %w", err)
	}
	if !pr.verifyP256(roleDevice, device) {
		return refuse(CodeSignature)
	}
	return r.inTime(issuedAt, expiresAt)
}

// count takes one try away and gives what is left. An old counter over a fresh challenge means that
// two phones have the same keys: no try is left then.
func (r *registry) count(ctx context.Context, c Caller, a attempt) (left int, err error) {
	var cloned int
	err = r.change(ctx, func(tx *sql.Tx) (event, error) {
		if err := r.spend(ctx, tx, c, a.challenge); err != nil {
			return event{}, err
		}
		err := tx.QueryRowContext(ctx, `UPDATE enrolments SET
			tries_left = CASE WHEN $4 > counter THEN tries_left - 1 ELSE 0 END,
			cloned = CASE WHEN $4 > counter THEN 0 ELSE 1 END,
			counter = max(counter, $4)
			WHERE id = $1 AND phone_hash = $2 AND credential = $3 AND state = $5 AND tries_left > 0 AND cloned = 0
			RETURNING tries_left, cloned`, c.Enrolment, hashOf(c.Secret), a.credential, a.counter, a.state).Scan(&left, &cloned)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, r.whyNotCounted(ctx, tx, c, a.state)
		}
		return event{name: "pin.tried", enrolment: c.Enrolment, fields: []audit.Field{
			audit.ID("triesLeft", strconv.Itoa(left)), audit.ID("counterReused", strconv.Itoa(cloned)),
		}}, err
	})
	if err == nil && cloned == 1 {
		err = refuse(CodeCounter)
	}
	return left, err
}

func (r *registry) whyNotCounted(ctx context.Context, tx *sql.Tx, c Caller, wanted State) error {
	var state State
	var tries, cloned int
	err := tx.QueryRowContext(ctx, `SELECT state, tries_left, cloned FROM enrolments WHERE id = $1 AND phone_hash = $2`,
		c.Enrolment, hashOf(c.Secret)).Scan(&state, &tries, &cloned)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return refuse(CodeReplaced)
	case err != nil:
		return fmt.Errorf("reading tries: %w", err)
	case state == wanted && cloned == 1:
		return refuse(CodeCounter)
	case state == wanted && tries == 0:
		return refuse(CodePINLocked)
	}
	return refuse(CodeState)
}

// ready signs the statement and hands it to the portal's long poll.
func (r *registry) ready(ctx context.Context, c Caller, e *row) error {
	stmt, err := statement.Sign(r.statementKey, statement.Claims{
		Enrolment: c.Enrolment, Number: e.number, Key: e.key, Request: e.request,
		DeviceKey: e.device, PINKey: e.pin, BackupKey: e.backup,
		Nonce: e.nonce, Code: e.code.String, IssuedAt: r.now().Unix(),
	})
	if err != nil {
		return err
	}
	return r.change(ctx, func(tx *sql.Tx) (event, error) {
		var got string
		err := tx.QueryRowContext(ctx, `UPDATE enrolments SET state = 'ready', version = version + 1, statement = $4, tries_left = $5
			WHERE id = $1 AND phone_hash = $2 AND credential = $3 AND state = 'keyed' AND cloned = 0 RETURNING id`,
			c.Enrolment, hashOf(c.Secret), e.credential.String, stmt, pinTries).Scan(&got)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, refuse(CodeState)
		}
		return event{name: "phone.ready", enrolment: c.Enrolment, fields: []audit.Field{
			audit.ID("credential", e.credential.String), audit.Hash("statement", []byte(stmt)),
		}}, err
	})
}
