package sam

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/sam/statement"
)

// The only algorithms that there are: ECDSA with SHA-256 over P-256.
const (
	oidSHA256      = "2.16.840.1.101.3.4.2.1"
	oidECDSASHA256 = "1.2.840.10045.4.3.2"
	oidP256        = "1.2.840.10045.3.1.7"
)

const (
	// requestSeconds is how long the person has to take up the phone, sadSeconds how long the computer
	// then has to ask for the signature.
	requestSeconds = 180
	sadSeconds     = 120
	maxLabel       = 100
	// In any windowSeconds a computer may make maxUnanswered requests that nobody approves, and
	// maxRequests in all: whoever has the computer can't tire the person out.
	windowSeconds = 10 * 60
	maxUnanswered = 5
	maxRequests   = 60
	// forgetSeconds is how long a request that came to nothing is kept. One that was approved stays, as
	// evidence.
	forgetSeconds = 24 * 60 * 60
)

// newRequest is what a computer wants to have signed.
type newRequest struct {
	credential string
	hash       []byte // SHA-256
	label      string
}

// credential is a key with its certificate, as a computer may use it.
type credential struct {
	id           string
	leaf         *x509.Certificate
	chain        []*x509.Certificate
	usable       bool // not locked
	device, pin  []byte
	certificates [][]byte // DER, the leaf first
}

// credentialOf gives the credential of a registered computer.
func (r *registry) credentialOf(ctx context.Context, in querier, c *computer, id string) (*credential, error) {
	var leaf, chain []byte
	out := &credential{id: id}
	err := in.QueryRowContext(ctx, `SELECT e.certificate, e.chain, e.tries_left > 0 AND e.cloned = 0, e.device_key, e.pin_key
		FROM enrolments e JOIN computers c ON c.enrolment = e.id
		WHERE c.id = $1 AND c.state = 'active' AND e.credential = $2 AND e.state = 'active'`, c.id, id).
		Scan(&leaf, &chain, &out.usable, &out.device, &out.pin)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, decline(errCredential, "")
	} else if err != nil {
		return nil, fmt.Errorf("reading credential: %w", err)
	}
	if out.leaf, err = x509.ParseCertificate(leaf); err == nil {
		out.chain, err = x509.ParseCertificates(chain)
	}
	if err != nil {
		return nil, fmt.Errorf("reading certificate: %w", err)
	}
	for _, cert := range append([]*x509.Certificate{out.leaf}, out.chain...) {
		out.certificates = append(out.certificates, cert.Raw)
	}
	return out, nil
}

func (c *credential) validAt(t time.Time) bool {
	return !t.Before(c.leaf.NotBefore) && !t.After(c.leaf.NotAfter)
}

// authorize opens a request, which the phone sees at once, and gives the handle to follow it. One
// request a credential waits at a time; the same computer's earlier one ends.
func (r *registry) authorize(ctx context.Context, c *computer, in newRequest) (handle string, err error) {
	in.label = printable(in.label)
	if len(in.hash) != sha256.Size {
		return "", decline(errHash, "length")
	}
	if in.label == "" || utf8.RuneCountInString(in.label) > maxLabel {
		return "", decline(errLabel, "")
	}
	handle = random()
	id, now := random(), r.now()
	err = r.change(ctx, func(tx *sql.Tx) (event, error) {
		cred, err := r.credentialOf(ctx, tx, c, in.credential)
		if err != nil {
			return event{}, err
		}
		if !cred.validAt(now) {
			return event{}, decline(errValidity, "")
		}
		if err := endRequests(ctx, tx, c, now.Unix()); err != nil {
			return event{}, err
		}
		if err := insertRequest(ctx, tx, c, in, id, handle, now.Unix()); err != nil {
			return event{}, err
		}
		return event{name: "signing.requested", enrolment: c.enrolment, computer: c.id, fields: []audit.Field{
			audit.ID("request", id), audit.ID("credential", in.credential), audit.Hash("hash", in.hash),
		}}, nil
	})
	return handle, err
}

// endRequests ends those whose time is over and the computer's own that waits, and forgets old ones.
func endRequests(ctx context.Context, tx *sql.Tx, c *computer, now int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE requests SET state = 'expired', sad = NULL
		WHERE state IN ('pending', 'approved') AND expires_at <= $1 OR state = 'pending' AND computer = $2`, now, c.id)
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM requests WHERE proof IS NULL AND state IN ('refused', 'expired') AND created_at < $1`, now-forgetSeconds)
	}
	if err != nil {
		return fmt.Errorf("ending requests: %w", err)
	}
	return nil
}

func insertRequest(ctx context.Context, tx *sql.Tx, c *computer, in newRequest, id, handle string, now int64) error {
	var made string
	err := tx.QueryRowContext(ctx, `INSERT INTO requests
		(id, handle, computer, enrolment, credential, hash, label, state, created_at, expires_at)
		SELECT $1, $2, c.id, e.id, e.credential, $5, $6, 'pending', $7, $8
		FROM enrolments e JOIN computers c ON c.enrolment = e.id
		WHERE c.id = $3 AND c.state = 'active' AND e.credential = $4 AND e.state = 'active' AND e.tries_left > 0 AND e.cloned = 0
		AND (SELECT count(*) FROM requests WHERE computer = $3 AND created_at > $9 AND proof IS NULL) < $10
		AND (SELECT count(*) FROM requests WHERE computer = $3 AND created_at > $9) < $11
		ON CONFLICT DO NOTHING RETURNING id`,
		id, hashOf(handle), c.id, in.credential, in.hash, in.label, now, now+requestSeconds, now-windowSeconds, maxUnanswered, maxRequests).Scan(&made)
	if errors.Is(err, sql.ErrNoRows) {
		return whyNotRequested(ctx, tx, in.credential)
	} else if err != nil {
		return fmt.Errorf("storing request: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE enrolments SET events = events + 1 WHERE id = $1`, c.enrolment); err != nil {
		return fmt.Errorf("telling the phone: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE computers SET last_used = $2 WHERE id = $1`, c.id, now); err != nil {
		return fmt.Errorf("noting use: %w", err)
	}
	return nil
}

// whyNotRequested says, after an insertion that made no row, what stood against it.
func whyNotRequested(ctx context.Context, tx *sql.Tx, credential string) error {
	var locked bool
	var pending int
	err := tx.QueryRowContext(ctx, `SELECT tries_left <= 0 OR cloned <> 0,
		(SELECT count(*) FROM requests WHERE credential = $1 AND state = 'pending') FROM enrolments WHERE credential = $1`, credential).Scan(&locked, &pending)
	switch {
	case err != nil:
		return fmt.Errorf("reading credential: %w", err)
	case locked:
		return decline(errLocked, "")
	case pending > 0:
		return decline(errPending, "")
	}
	return decline(errTooMany, "")
}

// request is one as its computer asks for it.
type request struct {
	id, state string
	expires   int64
	locked    bool
}

// authorized is the computer's long poll: it gives a SAD once the phone has approved, or none when
// the wait is over. Each answer has a SAD of its own and ends the one before, so that an answer that
// got lost is no harm, and only hashes are kept.
func (r *registry) authorized(ctx context.Context, c *computer, handle string, wait time.Duration) (sad string, seconds int64, err error) {
	q, err := r.request(ctx, c, handle)
	if err != nil {
		return "", 0, err
	}
	wait = min(wait, time.Unix(q.expires, 0).Sub(r.now()))
	err = r.watch.until(ctx, c.enrolment, wait, func() (bool, error) {
		q, err = r.request(ctx, c, handle)
		return err != nil || q.state != "pending" || q.locked, err
	})
	if err != nil {
		return "", 0, err
	}
	switch {
	case q.state == "refused":
		return "", 0, decline(errRefused, "")
	case q.locked:
		return "", 0, decline(errLocked, "")
	case q.state == "pending" && q.expires > r.now().Unix():
		return "", 0, nil
	case q.state != "approved":
		return "", 0, decline(errOver, q.state)
	}
	return r.release(ctx, c, q.id)
}

func (r *registry) request(ctx context.Context, c *computer, handle string) (*request, error) {
	var q request
	err := r.db.QueryRowContext(ctx, `SELECT q.id, q.state, q.expires_at, e.tries_left <= 0 OR e.cloned <> 0
		FROM requests q JOIN enrolments e ON e.id = q.enrolment JOIN computers c ON c.id = q.computer
		WHERE q.handle = $1 AND q.computer = $2 AND c.state = 'active'`, hashOf(handle), c.id).Scan(&q.id, &q.state, &q.expires, &q.locked)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, decline(errHandle, "")
	} else if err != nil {
		return nil, fmt.Errorf("reading request: %w", err)
	}
	return &q, nil
}

func (r *registry) release(ctx context.Context, c *computer, id string) (sad string, seconds int64, err error) {
	sad = random() + random()
	now := r.now().Unix()
	var expires int64
	err = r.change(ctx, func(tx *sql.Tx) (event, error) {
		err := tx.QueryRowContext(ctx, `UPDATE requests SET sad = $3 WHERE id = $1 AND computer = $2 AND state = 'approved' AND expires_at > $4
			RETURNING expires_at`, id, c.id, hashOf(sad), now).Scan(&expires)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, decline(errOver, "")
		}
		return event{name: "signing.released", computer: c.id, fields: []audit.Field{audit.ID("request", id)}}, err
	})
	return sad, expires - now, err
}

// sign uses a SAD up and has the HSM sign the hash that the phone has approved, in one transaction:
// of parallel calls one signs, and a signature that was not counted never leaves.
func (r *registry) sign(ctx context.Context, c *computer, credentialID, sad string, hash []byte) (signature []byte, err error) {
	now := r.now()
	err = r.change(ctx, func(tx *sql.Tx) (event, error) {
		cred, err := r.credentialOf(ctx, tx, c, credentialID)
		if err != nil {
			return event{}, err
		}
		if !cred.usable {
			return event{}, decline(errLocked, "")
		}
		if !cred.validAt(now) {
			return event{}, decline(errValidity, "")
		}
		var id, label, proof string
		err = tx.QueryRowContext(ctx, `UPDATE requests SET state = 'signed', sad = NULL
			WHERE sad = $1 AND computer = $2 AND credential = $3 AND hash = $4 AND state = 'approved' AND expires_at > $5
			RETURNING id, label, proof`, hashOf(sad), c.id, credentialID, hash, now.Unix()).Scan(&id, &label, &proof)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, whyNotSigned(ctx, tx, c, sad, credentialID, now.Unix())
		} else if err != nil {
			return event{}, fmt.Errorf("using SAD: %w", err)
		}
		if err := checkApproval(cred, proof, id, hash, label); err != nil {
			return event{}, err
		}
		if signature, err = r.signInHSM(cred, hash); err != nil {
			return event{}, err
		}
		return event{name: "signing.signed", enrolment: c.enrolment, computer: c.id, fields: []audit.Field{
			audit.ID("request", id), audit.ID("credential", credentialID), audit.Hash("hash", hash), audit.Hash("signature", signature),
			audit.ID("signatures", strconv.Itoa(1)),
		}}, nil
	})
	if err != nil {
		return nil, err
	}
	return signature, nil
}

func whyNotSigned(ctx context.Context, tx *sql.Tx, c *computer, sad, credentialID string, now int64) error {
	var credential, state string
	var expires int64
	err := tx.QueryRowContext(ctx, `SELECT credential, state, expires_at FROM requests WHERE sad = $1 AND computer = $2`,
		hashOf(sad), c.id).Scan(&credential, &state, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return decline(errSAD, "")
	case err != nil:
		return fmt.Errorf("reading SAD: %w", err)
	case credential != credentialID:
		return decline(errSAD, "other credential")
	case state != "approved" || expires <= now:
		return decline(errSADExpired, state)
	}
	return decline(errOtherHash, "")
}

// checkApproval looks at the phone's two signatures once more, next to the HSM: what is signed is
// what they are over, whatever the database says.
func checkApproval(c *credential, stored, id string, hash []byte, label string) error {
	var p Proof
	var a signClaims
	if err := json.Unmarshal([]byte(stored), &p); err != nil {
		return fmt.Errorf("reading approval: %w", err)
	}
	pr, err := parseProof(p, &a, roleDevice, rolePIN)
	if err != nil {
		return fmt.Errorf("reading approval: %w", err)
	}
	device, errDevice := statement.ParseP256(c.device)
	pin, errPIN := statement.ParseEd25519(c.pin)
	if err := errors.Join(errDevice, errPIN); err != nil {
		return fmt.Errorf("reading phone's keys: %w", err)
	}
	if !a.approves(id, c.id, hash, label) || !pr.verifyP256(roleDevice, device) || !pr.verifyEd25519(rolePIN, pin) {
		return errors.New("the approval is not of this request")
	}
	return nil
}

// signInHSM has the credential's key sign; the signature is checked before it leaves.
func (r *registry) signInHSM(c *credential, hash []byte) ([]byte, error) {
	key, err := r.hsm.Key(c.id)
	if err != nil {
		return nil, err
	}
	signature, err := key.Sign(rand.Reader, hash, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	pub, ok := c.leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok || !ecdsa.VerifyASN1(pub, hash, signature) {
		return nil, errors.New("signing: the HSM's signature does not verify")
	}
	return bytes.Clone(signature), nil
}
