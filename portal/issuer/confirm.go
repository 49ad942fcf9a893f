package issuer

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/sam/statement"
	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/seal"
)

// Confirm verifies the signed application and the SAM's statement and draws up the confirmation that
// names the key, the phone and the contact data. A later one replaces it.
func (s *Service) Confirm(ctx context.Context, in contract.ConfirmationRequest) (*contract.Confirmation, error) {
	if !wellFormed(in.Contact) {
		return nil, refuse(contract.ContactMalformed)
	}
	app, err := s.find(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	if err := app.open(); err != nil {
		return nil, err
	}
	if err := s.inTime(app); err != nil {
		return nil, err
	}
	if _, err := s.holder(ctx, app.holder.Raw); err != nil {
		return nil, err
	}
	if err := app.verifyCMS(in.ApplicationCMS, cades.PAdES, app.prepared.SignedBytes()); err != nil {
		return nil, err
	}
	claims, err := s.claims(ctx, in.Number, in.Statement)
	if err != nil {
		return nil, err
	}
	text, err := confirmationText(app, claims, in.Contact)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(text)
	out := &contract.Confirmation{Document: text, Digest: digest[:]}
	now := s.now().UTC().Truncate(time.Second)
	if out.Seal, err = s.sealConfirmation(app, claims, in.Contact, out.Digest, now); err != nil {
		return nil, err
	}
	keep := func(ctx context.Context, tx *sql.Tx) error { return keepConfirmation(ctx, tx, in, out, now) }
	return out, s.recorded(ctx, keep, "confirmation.drawn_up", audit.ID("number", in.Number),
		audit.ID("digest", fmt.Sprintf("%x", out.Digest)), audit.ID("enrolment", claims.Enrolment),
		audit.Hash("key", claims.Key), audit.Hash("statement", []byte(in.Statement)))
}

// claims verifies a statement of the SAM for this application and a key that no certificate has.
func (s *Service) claims(ctx context.Context, number, compact string) (*statement.Claims, error) {
	claims, err := statement.Verify(compact, s.statement)
	if err != nil {
		return nil, refuseFor(contract.StatementInvalid, err)
	}
	if claims.Number != number {
		return nil, refuse(contract.StatementOther)
	}
	return claims, s.unused(ctx, s.db, claims.Key)
}

func (s *Service) unused(ctx context.Context, q querier, spki []byte) error {
	sum := sha256.Sum256(spki)
	var n int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM certificates WHERE spki_sha256 = $1`, sum[:]).Scan(&n); err != nil {
		return fmt.Errorf("looking for the key: %w", err)
	}
	if n > 0 {
		return refuse(contract.KeyUsed)
	}
	return nil
}

func (s *Service) sealConfirmation(app *record, c *statement.Claims, contact contract.Contact, digest []byte, now time.Time) (string, error) {
	cert, key := sha256.Sum256(app.holder.Raw), sha256.Sum256(c.Key)
	return seal.Sign(s.sealKey, seal.Claims{
		Kind: seal.Confirmation, Origin: app.origin, Number: app.number, Digest: digest, Certificate: cert[:],
		Show: append(shown(app.number, app.holder, app.months, app.notBefore, app.target),
			seal.Shown{Field: seal.FieldEmail, Value: contact.Email},
			seal.Shown{Field: seal.FieldPhone, Value: contact.Phone},
			seal.Shown{Field: seal.FieldPhoneCode, Value: c.Code},
			seal.Shown{Field: seal.FieldKey, Value: fmt.Sprintf("%x", key)},
		),
		IssuedAt: now.Unix(), ExpiresAt: now.Add(SealLife).Unix(),
	})
}

func keepConfirmation(ctx context.Context, tx *sql.Tx, in contract.ConfirmationRequest, c *contract.Confirmation, now time.Time) error {
	var id int64
	err := tx.QueryRowContext(ctx, `INSERT INTO confirmations (number, application_cms, statement, email, phone, document, digest, seal, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
		in.Number, in.ApplicationCMS, in.Statement, in.Contact.Email, in.Contact.Phone, c.Document, c.Digest, c.Seal, now.Unix()).Scan(&id)
	if err != nil {
		return fmt.Errorf("keeping confirmation: %w", err)
	}
	err = tx.QueryRowContext(ctx, `UPDATE applications SET state = 'confirmed', confirmation = $2
		WHERE number = $1 AND state IN ('drawn_up', 'confirmed') RETURNING confirmation`, in.Number, id).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(contract.ApplicationVoid) // since it was read
	}
	return err
}

var (
	// email is stricter than RFC 5321: ASCII, a domain with a dot, nothing quoted.
	email = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$`)
	phone = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`) // E.164
)

func wellFormed(c contract.Contact) bool {
	return len(c.Email) <= 254 && email.MatchString(c.Email) && phone.MatchString(c.Phone)
}
