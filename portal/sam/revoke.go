package sam

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"math/big"

	"github.com/odnowa/odnowa/portal/audit"
)

// revoke ends the key of a certificate that the issuer has revoked, for good: it is destroyed in the HSM, its
// phone and computers are cut off, no backup brings it back. Once done it is not found any more.
func (r *registry) revoke(ctx context.Context, serial string) error {
	n, ok := new(big.Int).SetString(serial, 16)
	if !ok || len(serial) > 40 {
		return refuse(CodeMalformed)
	}
	id, err := r.ofSerial(ctx, n)
	if err != nil {
		return err
	}
	return r.change(ctx, func(tx *sql.Tx) (event, error) {
		label, err := condemn(ctx, tx, id)
		if err != nil {
			return event{}, err
		}
		var got string
		err = tx.QueryRowContext(ctx, `UPDATE enrolments SET state = 'void', version = version + 1, credential = NULL
			WHERE id = $1 AND state = 'active' RETURNING id`, id).Scan(&got)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, refuse(CodeNotFound) // a parallel call was faster
		} else if err != nil {
			return event{}, fmt.Errorf("revoking: %w", err)
		}
		computers, err := cutOff(ctx, tx, id)
		return event{name: "credential.revoked", enrolment: id, others: computers, condemned: label, fields: []audit.Field{
			audit.ID("credential", label), audit.ID("serial", n.Text(16)),
		}}, err
	})
}

// ofSerial gives the enrolment of an issued certificate. Revocations are rare, so that all are looked at.
func (r *registry) ofSerial(ctx context.Context, serial *big.Int) (id string, err error) {
	rows, err := r.db.QueryContext(ctx, `SELECT id, certificate FROM enrolments WHERE state = 'active'`)
	if err != nil {
		return "", fmt.Errorf("looking for certificate: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var der []byte
		if err := rows.Scan(&id, &der); err != nil {
			return "", fmt.Errorf("looking for certificate: %w", err)
		}
		if cert, err := x509.ParseCertificate(der); err == nil && cert.SerialNumber.Cmp(serial) == 0 {
			return id, nil
		}
	}
	if err := rows.Err(); err != nil {
		return "", fmt.Errorf("looking for certificate: %w", err)
	}
	return "", refuse(CodeNotFound)
}

// cutOff ends the computers of a phone and those that wait for it.
func cutOff(ctx context.Context, tx *sql.Tx, enrolment string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `UPDATE computers SET state = CASE state WHEN 'active' THEN 'removed' ELSE 'expired' END, client = NULL
		WHERE (enrolment = $1 OR offered = $1) AND state IN ('open', 'found', 'active') RETURNING id`, enrolment)
	if err != nil {
		return nil, fmt.Errorf("ending computers: %w", err)
	}
	all, err := ids(rows)
	if err != nil {
		return nil, err
	}
	for _, id := range all {
		if err := removeComputer(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	return all, nil
}
