package issuer

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/pdf"
	"github.com/odnowa/odnowa/protocol/cades"
)

// State is how far an application has come.
type state string

const (
	stateDrawnUp   state = "drawn_up"
	stateConfirmed state = "confirmed" // a confirmation was drawn up; another one may replace it
	stateIssuing   state = "issuing"   // everything was verified; the certificate is being made
	stateIssued    state = "issued"
	stateVoid      state = "void"
)

// record is an application as kept, the only one that signatures are verified against.
type record struct {
	number              string
	state               state
	holder              *x509.Certificate // the one that signs
	origin              string
	months              int
	target              string
	notBefore, notAfter time.Time
	prepared            pdf.Prepared
	digest              []byte
	createdAt           time.Time
	confirmation        int64 // 0: none
}

// find gives an application, or refuses with ApplicationUnknown.
func (s *Service) find(ctx context.Context, number string) (*record, error) {
	var r record
	var der []byte
	var from, to, created int64
	var confirmation sql.NullInt64
	err := s.db.QueryRowContext(ctx, `SELECT a.number, a.state, c.der, a.origin, a.months, a.target, a.not_before, a.not_after,
			a.document, a.range_start, a.range_end, a.digest, a.created_at, a.confirmation
		FROM applications a JOIN certificates c ON c.sha256 = a.certificate WHERE a.number = $1`, number).
		Scan(&r.number, &r.state, &der, &r.origin, &r.months, &r.target, &from, &to,
			&r.prepared.PDF, &r.prepared.ByteRange[1], &r.prepared.ByteRange[2], &r.digest, &created, &confirmation)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, refuse(contract.ApplicationUnknown)
	}
	if err == nil {
		r.holder, err = x509.ParseCertificate(der)
	}
	if err != nil {
		return nil, fmt.Errorf("reading application: %w", err)
	}
	r.prepared.ByteRange[3] = len(r.prepared.PDF) - r.prepared.ByteRange[2]
	r.notBefore, r.notAfter = time.Unix(from, 0).UTC(), time.Unix(to, 0).UTC()
	r.createdAt, r.confirmation = time.Unix(created, 0).UTC(), confirmation.Int64
	return &r, nil
}

// open refuses an application that can't go on.
func (r *record) open() error {
	switch r.state {
	case stateVoid:
		return refuse(contract.ApplicationVoid)
	case stateIssuing, stateIssued:
		return refuse(contract.ApplicationIssued)
	}
	return nil
}

// verifyCMS verifies a signature by the holder's certificate over content, and maps the outcome.
func (r *record) verifyCMS(cms []byte, profile cades.Profile, content []byte) error {
	sig, err := cades.Parse(cms)
	if err != nil {
		return refuseFor(contract.SignatureInvalid, err)
	}
	err = sig.Verify(profile, sig.Algorithm.Sum(content), r.holder)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, cades.ErrOtherCertificate), errors.Is(err, cades.ErrOtherContent), errors.Is(err, cades.ErrProfile):
		return refuseFor(contract.SignatureOther, err)
	}
	return refuseFor(contract.SignatureInvalid, err)
}
