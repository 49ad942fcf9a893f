package sam

import (
	"bytes"
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/sam/statement"
)

// Enrolment is what the portal sees of one.
type Enrolment struct {
	ID        string `json:"id"`
	Version   int64  `json:"version"`
	State     State  `json:"state"`               // never Keyed: to the portal that is Scanned
	Code      string `json:"code,omitempty"`      // when Ready or Active
	Statement string `json:"statement,omitempty"` // when Ready or Active
}

// create opens an enrolment and gives its id and the token of its QR code, of which only the hash
// is kept. An earlier one of the same renewal becomes void, unless a certificate rests on it. Of parallel calls
// the last one's stays.
func (r *registry) create(ctx context.Context, renewal string) (id, token string, err error) {
	if renewal == "" || len(renewal) > 100 {
		return "", "", refuse(CodeMalformed)
	}
	for range maxCreates {
		if id, token, err = r.createAlone(ctx, renewal); !errors.Is(err, errFaster) {
			return id, token, err
		}
	}
	return "", "", refuse(CodeState)
}

// maxCreates is how often create gives way to a parallel call.
const maxCreates = 10

var errFaster = errors.New("a parallel call was faster")

func (r *registry) createAlone(ctx context.Context, renewal string) (id, token string, err error) {
	var earlier string
	err = r.db.QueryRowContext(ctx, `SELECT id FROM enrolments WHERE renewal = $1 AND state <> 'void'`, renewal).Scan(&earlier)
	if err == nil {
		err = r.void(ctx, earlier)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", "", err
	}
	id, token = random(), random()
	err = r.change(ctx, func(tx *sql.Tx) (event, error) {
		var made string
		err := tx.QueryRowContext(ctx, `INSERT INTO enrolments (id, renewal, token_hash, state, version)
			VALUES ($1, $2, $3, 'open', 1) ON CONFLICT DO NOTHING RETURNING id`, id, renewal, hashOf(token)).Scan(&made)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, errFaster
		}
		return event{name: "enrolment.created", enrolment: id}, err
	})
	return id, token, err
}

// setNumber names the application; once named it stays.
func (r *registry) setNumber(ctx context.Context, id, number string) error {
	if number == "" || len(number) > 100 {
		return refuse(CodeMalformed)
	}
	return notAgain(r.change(ctx, func(tx *sql.Tx) (event, error) {
		var got string
		err := tx.QueryRowContext(ctx, `UPDATE enrolments SET number = $2
			WHERE id = $1 AND state <> 'void' AND number IS NULL RETURNING id`, id, number).Scan(&got)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, errors.Join(again(ctx, tx, `state <> 'void' AND number = $2`, id, number), r.why(ctx, tx, id))
		}
		return event{name: "enrolment.named", enrolment: id, fields: []audit.Field{audit.Hash("number", []byte(number))}}, err
	}))
}

// errAgain: a call was made before, to the same effect. It changes nothing then and is recorded once.
var errAgain = errors.New("done already")

// again gives errAgain where the enrolment is as the call would leave it.
func again(ctx context.Context, tx *sql.Tx, as string, id string, value any) error {
	var got string
	err := tx.QueryRowContext(ctx, `SELECT id FROM enrolments WHERE id = $1 AND `+as, id, value).Scan(&got)
	switch {
	case err == nil:
		return errAgain
	case errors.Is(err, sql.ErrNoRows):
		return nil
	}
	return fmt.Errorf("reading enrolment: %w", err)
}

func notAgain(err error) error {
	if errors.Is(err, errAgain) {
		return nil
	}
	return err
}

// void withdraws an enrolment and destroys its key. Twice is the same as once.
func (r *registry) void(ctx context.Context, id string) error {
	err := r.change(ctx, func(tx *sql.Tx) (event, error) {
		label, err := condemn(ctx, tx, id)
		if err != nil {
			return event{}, err
		}
		var got string
		err = tx.QueryRowContext(ctx, `UPDATE enrolments SET state = 'void', version = version + 1, credential = NULL
			WHERE id = $1 AND state NOT IN ('active', 'void') RETURNING id`, id).Scan(&got)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, r.why(ctx, tx, id)
		}
		return event{name: "enrolment.void", enrolment: id, condemned: label}, err
	})
	if isRefusal(err, CodeVoid) {
		return nil
	}
	return err
}

// wait gives the enrolment as soon as its version is above the given one, or when the wait is over.
func (r *registry) wait(ctx context.Context, id string, version int64, wait time.Duration) (*Enrolment, error) {
	var e Enrolment
	err := r.watch.until(ctx, id, wait, func() (bool, error) {
		var code, stmt sql.NullString
		err := r.db.QueryRowContext(ctx, `SELECT id, version, CASE state WHEN 'keyed' THEN 'scanned' ELSE state END,
			CASE WHEN state IN ('ready', 'active') THEN code END, CASE WHEN state IN ('ready', 'active') THEN statement END
			FROM enrolments WHERE id = $1`, id).Scan(&e.ID, &e.Version, &e.State, &code, &stmt)
		if errors.Is(err, sql.ErrNoRows) {
			return true, refuse(CodeNotFound)
		}
		e.Code, e.Statement = code.String, stmt.String
		return e.Version > version, err
	})
	if err != nil {
		return nil, err
	}
	return &e, nil
}

// confirm fixes the phone: the card has signed for the keys of this statement, so from now on no
// other phone replaces it, and the key to be certified stays. Twice is the same as once.
func (r *registry) confirm(ctx context.Context, id, stmt string) error {
	return notAgain(r.change(ctx, func(tx *sql.Tx) (event, error) {
		var got string
		err := tx.QueryRowContext(ctx, `UPDATE enrolments SET version = version + 1, confirmed = 1
			WHERE id = $1 AND state = 'ready' AND statement = $2 AND confirmed = 0 RETURNING id`, id, stmt).Scan(&got)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, errors.Join(again(ctx, tx, `state IN ('ready', 'active') AND statement = $2 AND confirmed = 1`, id, stmt),
				r.whyNot(ctx, tx, id, CodeKeyMismatch))
		}
		return event{name: "phone.confirmed", enrolment: id}, err
	}))
}

// activate takes the certificate that was issued for the enrolment's key. It is final.
func (r *registry) activate(ctx context.Context, id string, certificate []byte, chain [][]byte) error {
	cert, err := checkChain(certificate, chain)
	if err != nil {
		return err
	}
	return notAgain(r.change(ctx, func(tx *sql.Tx) (event, error) {
		var got string
		err = tx.QueryRowContext(ctx, `UPDATE enrolments SET version = version + 1, state = 'active', confirmed = 1, certificate = $2, chain = $4
			WHERE id = $1 AND key = $3 AND state = 'ready' RETURNING id`,
			id, certificate, cert.RawSubjectPublicKeyInfo, bytes.Join(chain, nil)).Scan(&got)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, errors.Join(again(ctx, tx, `state = 'active' AND certificate = $2`, id, certificate),
				r.whyNot(ctx, tx, id, CodeKeyMismatch))
		}
		return event{name: "credential.active", enrolment: id, fields: []audit.Field{audit.Hash("certificate", certificate)}}, err
	}))
}

// checkChain holds the chain together. Whether its end is to be trusted is not the SAM's to say:
// the certificate has to carry a key that only the SAM's HSM has.
func checkChain(certificate []byte, chain [][]byte) (*x509.Certificate, error) {
	if len(chain) > 5 {
		return nil, refuse(CodeMalformed)
	}
	cert, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, refuse(CodeMalformed)
	}
	if _, err := statement.ParseP256(cert.RawSubjectPublicKeyInfo); err != nil {
		return nil, refuse(CodeKeyMismatch)
	}
	child := cert
	for _, der := range chain {
		parent, err := x509.ParseCertificate(der)
		if err != nil || !bytes.Equal(child.RawIssuer, parent.RawSubject) || child.CheckSignatureFrom(parent) != nil {
			return nil, refuse(CodeMalformed)
		}
		child = parent
	}
	return cert, nil
}

// why says, after a conditional update that found no row, what stood against it.
func (r *registry) why(ctx context.Context, tx *sql.Tx, id string) error {
	return r.whyNot(ctx, tx, id, CodeState)
}

// whyNot gives otherwise when the enrolment is ready, so that its state stood not against the update.
func (r *registry) whyNot(ctx context.Context, tx *sql.Tx, id string, otherwise Code) error {
	var s State
	err := tx.QueryRowContext(ctx, `SELECT state FROM enrolments WHERE id = $1`, id).Scan(&s)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return refuse(CodeNotFound)
	case err != nil:
		return fmt.Errorf("reading state: %w", err)
	case s == Void:
		return refuse(CodeVoid)
	case s == Active:
		return refuse(CodeActive)
	case s == Ready:
		return refuse(otherwise)
	}
	return refuse(CodeState)
}
