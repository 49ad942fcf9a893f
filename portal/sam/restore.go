package sam

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/sam/statement"
)

// Restoration is what a new phone begins with: a secret of its own and a challenge. Nothing was looked up
// for it, so that it tells nobody whether there is such a credential.
type Restoration struct {
	Phone string `json:"phone"` // the secret by which the SAM will know this phone
	Challenge
}

// restoreClaims is what a new phone's keys, the PIN key and the key in the backup sign. The PIN key stays
// the same, since the backup has its salt and the person the PIN.
type restoreClaims struct {
	Audience  string `json:"aud"`  // "sam"
	Type      string `json:"type"` // "restore"
	Enrolment string `json:"enrolment"`
	Challenge string `json:"jti"`
	DeviceKey []byte `json:"deviceKey"` // of the new phone
	BackupKey []byte `json:"backupKey"` // of the new phone's own backup: the old one is used up
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
}

// beginRestore gives a new phone its secret and a challenge.
func (r *registry) beginRestore(ctx context.Context) (*Restoration, error) {
	out := &Restoration{Phone: random()}
	ch, err := r.newChallenge(ctx, out.Phone)
	if err != nil {
		return nil, err
	}
	out.Challenge = *ch
	return out, nil
}

// restore gives a certificate's key to a new phone, whose person has the backup, its recovery code and the
// PIN. The old phone is retired: its secret, its device key and its requests are over, and so is the backup.
//
// As with every PIN (proved), only what the backup key has signed over a live challenge counts, so that who
// has no backup can lock nobody; it is counted on the disk before the PIN key's signature is looked at.
func (r *registry) restore(ctx context.Context, c Caller, p Proof) error {
	var k restoreClaims
	pr, err := parseProof(p, &k, roleDevice, rolePIN, roleBackup, roleNext)
	if err != nil || k.Audience != "sam" || k.Type != "restore" || k.Enrolment != c.Enrolment {
		return refuse(CodeMalformed)
	}
	e, err := r.read(ctx, c.Enrolment)
	if err != nil {
		return err
	}
	switch e.state {
	case Active:
	case Void:
		return refuse(CodeVoid) // revoked, or withdrawn
	default:
		return refuse(CodeState) // without a certificate there is nothing to restore: the QR code is scanned again
	}
	if err := r.checkRestore(ctx, e, &k, pr); err != nil {
		return err
	}
	left, err := r.countRestore(ctx, c, e, k.Challenge)
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
		return &refusal{code: CodePINIncorrect, triesLeft: left}
	}
	return r.replacePhone(ctx, c, e, &k, p)
}

// checkRestore holds the proof against the backup key, and the new keys against their own signatures.
func (r *registry) checkRestore(ctx context.Context, e *row, k *restoreClaims, pr *proof) error {
	backup, err := statement.ParseP256(e.backup)
	if err != nil {
		return fmt.Errorf("reading backup key: %w", err)
	}
	if !pr.verifyP256(roleBackup, backup) {
		return r.whyNotBackup(ctx, k.Enrolment, pr)
	}
	device, errDevice := statement.ParseP256(k.DeviceKey)
	next, errNext := statement.ParseP256(k.BackupKey)
	if errors.Join(errDevice, errNext) != nil || device.Equal(next) || bytes.Equal(k.DeviceKey, e.device) ||
		bytes.Equal(k.DeviceKey, e.backup) || bytes.Equal(k.BackupKey, e.backup) {
		return refuse(CodeMalformed)
	}
	if !pr.verifyP256(roleDevice, device) || !pr.verifyP256(roleNext, next) {
		return refuse(CodeSignature)
	}
	return r.inTime(k.IssuedAt, k.ExpiresAt)
}

// whyNotBackup tells a backup that was used from one of something else.
func (r *registry) whyNotBackup(ctx context.Context, enrolment string, pr *proof) error {
	rows, err := r.db.QueryContext(ctx, `SELECT backup_key FROM restorations WHERE enrolment = $1`, enrolment)
	if err != nil {
		return fmt.Errorf("reading used backups: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var der []byte
		if err := rows.Scan(&der); err != nil {
			return fmt.Errorf("reading used backups: %w", err)
		}
		if used, err := statement.ParseP256(der); err == nil && pr.verifyP256(roleBackup, used) {
			return refuse(CodeBackupUsed)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading used backups: %w", err)
	}
	return refuse(CodeSignature)
}

// countRestore takes one try of the PIN away and gives what is left.
func (r *registry) countRestore(ctx context.Context, c Caller, e *row, challenge string) (left int, err error) {
	err = r.change(ctx, func(tx *sql.Tx) (event, error) {
		if err := r.spend(ctx, tx, c, challenge); err != nil {
			return event{}, err
		}
		err := tx.QueryRowContext(ctx, `UPDATE enrolments SET tries_left = tries_left - 1
			WHERE id = $1 AND backup_key = $2 AND state = 'active' AND tries_left > 0 AND cloned = 0 RETURNING tries_left`,
			c.Enrolment, e.backup).Scan(&left)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, whyNotRestored(ctx, tx, c.Enrolment)
		}
		return event{name: "pin.tried", enrolment: c.Enrolment, fields: []audit.Field{
			audit.ID("triesLeft", strconv.Itoa(left)), audit.ID("restoring", "1"),
		}}, err
	})
	return left, err
}

func whyNotRestored(ctx context.Context, tx *sql.Tx, enrolment string) error {
	var state State
	var tries, cloned int
	err := tx.QueryRowContext(ctx, `SELECT state, tries_left, cloned FROM enrolments WHERE id = $1`, enrolment).Scan(&state, &tries, &cloned)
	switch {
	case err != nil:
		return fmt.Errorf("reading tries: %w", err)
	case state == Active && cloned == 1:
		return refuse(CodeCounter)
	case state == Active && tries == 0:
		return refuse(CodePINLocked)
	}
	return refuse(CodeState) // another one was faster
}

// replacePhone is the one transaction in which the new phone takes the old one's place.
func (r *registry) replacePhone(ctx context.Context, c Caller, e *row, k *restoreClaims, p Proof) error {
	stored, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encoding proof: %w", err)
	}
	return r.change(ctx, func(tx *sql.Tx) (event, error) {
		var credential string
		err := tx.QueryRowContext(ctx, `UPDATE enrolments SET version = version + 1, phone_hash = $3, device_key = $4, backup_key = $5,
			counter = 0, tries_left = $6, code_tries = 0 WHERE id = $1 AND backup_key = $2 AND state = 'active' AND cloned = 0 RETURNING credential`,
			c.Enrolment, e.backup, hashOf(c.Secret), k.DeviceKey, k.BackupKey, pinTries).Scan(&credential)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, whyNotRestored(ctx, tx, c.Enrolment)
		} else if err != nil {
			return event{}, fmt.Errorf("replacing phone: %w", err)
		}
		// What the old phone has found or approved is over with it; its computers may ask the new one.
		for _, end := range []string{
			`UPDATE requests SET state = 'expired', sad = NULL WHERE enrolment = $1 AND state IN ('pending', 'approved')`,
			`UPDATE computers SET state = 'expired', client = NULL WHERE enrolment = $1 AND state = 'found'`,
		} {
			if _, err := tx.ExecContext(ctx, end, c.Enrolment); err != nil {
				return event{}, fmt.Errorf("ending what the old phone began: %w", err)
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO restorations (enrolment, device_key, backup_key, proof, at) VALUES ($1, $2, $3, $4, $5)`,
			c.Enrolment, e.device, e.backup, string(stored), r.now().Unix())
		if err != nil {
			return event{}, fmt.Errorf("keeping proof: %w", err)
		}
		return event{name: "phone.restored", enrolment: c.Enrolment, fields: []audit.Field{
			audit.ID("credential", credential), audit.Hash("deviceKey", k.DeviceKey), audit.Hash("proof", stored),
		}}, nil
	})
}
