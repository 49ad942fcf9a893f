package issuer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/odnowa/odnowa/portal/application"
	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/pdf"
	"github.com/odnowa/odnowa/protocol/seal"
)

// DrawUp checks the certificate again, draws up an application for it, seals and keeps it.
func (s *Service) DrawUp(ctx context.Context, in contract.ApplicationRequest) (*contract.Application, error) {
	if !slices.Contains(s.config.Origins, in.Origin) {
		return nil, refuse(contract.OriginNotAllowed)
	}
	if in.Target != contract.TargetCloud {
		return nil, refuse(contract.TargetNotOffered)
	}
	cert, err := s.holder(ctx, in.Certificate)
	if err != nil {
		return nil, err
	}
	term, err := s.term(cert, in.Months, in.Start)
	if err != nil {
		return nil, err
	}
	now := s.now().UTC().Truncate(time.Second)
	number := newNumber(now)
	prepared, err := s.draw(number, now, cert, in, term)
	if err != nil {
		return nil, err
	}
	out := &contract.Application{
		Number: number, Document: prepared.PDF, ByteRange: prepared.ByteRange, Digest: prepared.Digest(),
		NotBefore: term.NotBefore, NotAfter: term.NotAfter, Enrolment: in.EnrolmentURL,
	}
	if out.Seal, err = s.sealApplication(in, cert, out, now); err != nil {
		return nil, err
	}
	keep := func(ctx context.Context, tx *sql.Tx) error { return keepApplication(ctx, tx, in, cert, out, now) }
	return out, s.recorded(ctx, keep, "application.drawn_up", audit.ID("number", number),
		audit.Hash("certificate", cert.Raw), audit.ID("digest", fmt.Sprintf("%x", out.Digest)))
}

func (s *Service) draw(number string, now time.Time, cert *x509.Certificate, in contract.ApplicationRequest, term *contract.Check) (*pdf.Prepared, error) {
	subject, current := application.CertificateOf(cert)
	d := application.Data{
		Number: number, Created: now,
		CA:      application.Authority{Name: s.config.CA.Name, Address: s.config.CA.Address},
		Subject: subject, Current: current,
		New: application.Term{
			Months: in.Months, Start: application.StartRule(in.Start), NotBefore: term.NotBefore, NotAfter: term.NotAfter,
		},
		Target:       application.TargetCloud,
		Policy:       application.Policy{OID: s.policy, Version: s.config.CA.PolicyVersion},
		Disclosure:   application.Disclosure{Version: s.config.CA.DisclosureVersion, URL: s.config.CA.Disclosures[0].URL},
		EnrolmentURL: in.EnrolmentURL,
		Test:         s.config.CA.Test,
	}
	if c := in.Contract; c != nil {
		d.Contract = &application.Contract{With: c.With, About: c.About}
	}
	prepared, err := application.Draw(d)
	if errors.Is(err, pdf.ErrText) || errors.Is(err, pdf.ErrTooLong) || errors.Is(err, application.ErrData) {
		return nil, refuse(contract.TextNotDrawable) // the cause may quote the text
	}
	if err != nil {
		return nil, fmt.Errorf("drawing application: %w", err)
	}
	return prepared, nil
}

func (s *Service) sealApplication(in contract.ApplicationRequest, cert *x509.Certificate, a *contract.Application, now time.Time) (string, error) {
	sum := sha256.Sum256(cert.Raw)
	return seal.Sign(s.sealKey, seal.Claims{
		Kind: seal.Application, Origin: in.Origin, Number: a.Number,
		Digest: a.Digest, ByteRange: a.ByteRange[:], Certificate: sum[:],
		Show:     shown(a.Number, cert, in.Months, a.NotBefore, in.Target),
		IssuedAt: now.Unix(), ExpiresAt: now.Add(SealLife).Unix(),
	})
}

// shown are the lines of the agent's window that both documents have. Dates are in UTC, as in the
// documents.
func shown(number string, cert *x509.Certificate, months int, from time.Time, target string) []seal.Shown {
	return []seal.Shown{
		{Field: seal.FieldNumber, Value: number},
		{Field: seal.FieldSubject, Value: cert.Subject.CommonName},
		{Field: seal.FieldMonths, Value: strconv.Itoa(months)},
		{Field: seal.FieldStart, Value: from.UTC().Format(time.DateOnly)},
		{Field: seal.FieldTarget, Value: target},
	}
}

func keepApplication(ctx context.Context, tx *sql.Tx, in contract.ApplicationRequest, cert *x509.Certificate, a *contract.Application, now time.Time) error {
	sum := sha256.Sum256(cert.Raw)
	var with, about sql.NullString
	if c := in.Contract; c != nil {
		with, about = sql.NullString{String: c.With, Valid: true}, sql.NullString{String: c.About, Valid: true}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO applications (number, state, certificate, origin, months, start, target, language,
			contract_with, contract_about, enrolment_url, not_before, not_after, document, range_start, range_end, digest, seal, created_at)
		VALUES ($1, 'drawn_up', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		a.Number, sum[:], in.Origin, in.Months, in.Start, in.Target, in.Language, with, about, in.EnrolmentURL,
		a.NotBefore.Unix(), a.NotAfter.Unix(), a.Document, a.ByteRange[1], a.ByteRange[2], a.Digest, a.Seal, now.Unix())
	if err != nil {
		return fmt.Errorf("keeping application: %w", err)
	}
	return nil
}

// Void withdraws an application. An unknown number and a void one are no error; one whose
// certificate is decided on is.
func (s *Service) Void(ctx context.Context, number string) error {
	withdraw := func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE applications SET state = 'void'
			WHERE number = $1 AND state IN ('drawn_up', 'confirmed') RETURNING number`, number).Scan(&number)
	}
	err := s.recorded(ctx, withdraw, "application.void", audit.ID("number", number))
	if err == nil {
		return nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("voiding application: %w", err)
	}
	a, err := s.find(ctx, number)
	switch {
	case isRefusal(err, contract.ApplicationUnknown):
		return nil
	case err != nil:
		return err
	case a.state != stateVoid:
		return refuse(contract.ApplicationIssued)
	}
	return nil
}

// newNumber draws a number: people read it out, so its letters can't be mistaken (Crockford's
// base32), and nobody can guess the next, 40 random bits. It is safe in file names and URLs.
func newNumber(now time.Time) string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	raw := make([]byte, 8)
	rand.Read(raw)
	for i := range raw {
		raw[i] = alphabet[raw[i]&31]
	}
	return fmt.Sprintf("WN-%d-%s-%s", now.Year(), raw[:4], raw[4:])
}
