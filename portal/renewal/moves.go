package renewal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// SetStart chooses when validity starts; a chosen certificate is forgotten, for it was checked for
// the other start.
func (s *Store) SetStart(ctx context.Context, session string, start Start) (*Renewal, error) {
	return s.do(ctx, change{action: ActSetStart, session: session, set: values{{"start", start}}})
}

// Checked is a certificate that the issuer has found good for a renewal.
type Checked struct {
	Certificate []byte // DER
	Subject     Subject
	NotBefore   time.Time // of the new certificate
	NotAfter    time.Time
}

// SetCertificate chooses the certificate that signs, after it was checked for this start. Errors: as
// of every transition, and ErrOtherPerson.
func (s *Store) SetCertificate(ctx context.Context, session string, start Start, c Checked) (*Renewal, error) {
	subject, err := json.Marshal(c.Subject)
	if err != nil {
		return nil, fmt.Errorf("encoding subject: %w", err)
	}
	person := s.person(c.Subject)
	r, err := s.do(ctx, change{
		action: ActSetCert, session: session,
		given: values{{"start", start}},
		where: []literal{{"holder = x'' OR holder = ", person}},
		set: values{
			{"certificate", c.Certificate}, {"subject", string(subject)},
			{"not_before", c.NotBefore.Unix()}, {"not_after", c.NotAfter.Unix()},
		},
	})
	if isState(err) {
		return nil, s.otherPerson(ctx, session, person, err)
	}
	return r, err
}

// DrawUp stores the application under the lease that [Store.Begin] gave, with its PDF and the
// validity that the issuer put into it.
func (s *Store) DrawUp(ctx context.Context, session, lease string, a Application, document []byte, notBefore, notAfter time.Time) (*Renewal, error) {
	byteRange, err := json.Marshal(a.ByteRange)
	if err != nil {
		return nil, fmt.Errorf("encoding byte range: %w", err)
	}
	return s.do(ctx, change{
		action: ActDrawUp, session: session, lease: lease,
		set: values{
			{"language", a.Language}, {"number", a.Number}, {"byte_range", string(byteRange)}, {"digest", a.Digest},
			{"application_seal", a.Seal}, {"enrolment", a.Enrolment}, {"enrolment_url", a.EnrolmentURL},
			{"application", document}, {"not_before", notBefore.Unix()}, {"not_after", notAfter.Unix()},
		},
	})
}

// AcceptTerms keeps which terms were accepted, and when.
func (s *Store) AcceptTerms(ctx context.Context, session string, t Terms) (*Renewal, error) {
	return s.do(ctx, change{action: ActTerms, session: session, set: values{
		{"terms", t.Terms}, {"terms_sha256", t.TermsSHA256},
		{"privacy", t.Privacy}, {"privacy_sha256", t.PrivacySHA256}, {"terms_at", s.now().Unix()},
	}})
}

// SignApplication stores the verified CMS, as the agent gave it, and the PDF that it was put into.
// Number is the application's that it was verified against.
func (s *Store) SignApplication(ctx context.Context, session, number string, cms, document []byte) (*Renewal, error) {
	r, err := s.Get(ctx, session)
	if err != nil {
		return nil, err
	}
	return s.do(ctx, change{
		action: ActSign, session: session,
		given: values{{"number", number}}, // and with it the person
		set: values{
			{"holder", s.person(r.Subject)}, {"application_cms", cms}, {"application_signed", document},
			{"signed_at", s.now().Unix()}, {"phone_state", PhoneOpen},
		},
	})
}

// SetContact stores contact data, already normalised. The phone must be ready; the caller has
// looked, here it is only held that it is the same phone as when he looked.
func (s *Store) SetContact(ctx context.Context, session string, phone Phone, c Contact) (*Renewal, error) {
	return s.do(ctx, change{
		action: ActContact, session: session,
		given: values{{"phone_statement", phone.Statement}},
		set:   values{{"email", c.Email}, {"phone", c.Phone}},
	})
}

// DrawUpConfirmation stores the confirmation under the lease that [Store.Begin] gave, with the
// statement about the phone that it names.
func (s *Store) DrawUpConfirmation(ctx context.Context, session, lease string, c Confirmation, document []byte) (*Renewal, error) {
	return s.do(ctx, change{
		action: ActDrawUpConf, session: session, lease: lease,
		given: values{{"phone_statement", c.Statement}},
		set:   values{{"confirmation_seal", c.Seal}, {"confirmation_statement", c.Statement}, {"confirmation", document}},
	})
}

// Confirm stores the verified CMS over the confirmation with this seal.
func (s *Store) Confirm(ctx context.Context, session, seal string, cms []byte) (*Renewal, error) {
	return s.do(ctx, change{
		action: ActConfirm, session: session,
		given: values{{"confirmation_seal", seal}},
		set:   values{{"confirmation_cms", cms}, {"confirmed_at", s.now().Unix()}},
	})
}

// BeginIssue says that the issuer is about to be asked. From issued it gives the renewal as it is.
func (s *Store) BeginIssue(ctx context.Context, id string) (*Renewal, error) {
	return s.do(ctx, change{action: ActIssue, id: id})
}

// FinishIssue stores what the issuer gave; chain in DER, issuer first.
func (s *Store) FinishIssue(ctx context.Context, id string, certificate []byte, chain [][]byte) (*Renewal, error) {
	encoded, err := json.Marshal(chain)
	if err != nil {
		return nil, fmt.Errorf("encoding chain: %w", err)
	}
	return s.do(ctx, change{action: ActIssued, id: id, set: values{
		{"new_certificate", certificate}, {"new_chain", string(encoded)}, {"issued_at", s.now().Unix()},
	}})
}

// Refuse takes the renewal back to opened because the issuer will not issue for this application.
func (s *Store) Refuse(ctx context.Context, id string) (*Renewal, error) {
	return s.do(ctx, change{action: ActRefused, id: id})
}

// Expire takes the renewal back to opened because the issuer no longer takes this application.
func (s *Store) Expire(ctx context.Context, id, number string) (*Renewal, error) {
	return s.do(ctx, change{action: ActExpired, id: id, given: values{{"number", number}}})
}

// Withdraw withdraws the application, if any, back to opened.
func (s *Store) Withdraw(ctx context.Context, session string) (*Renewal, error) {
	return s.do(ctx, change{action: ActWithdraw, session: session})
}

// SeePhone stores what the SAM says of the enrolment, unless it says less than is known already.
// When a confirmation is drawn up and the phone is another than it names, the confirmation is
// forgotten. The error is a *StateError where there is nothing to store.
func (s *Store) SeePhone(ctx context.Context, id, enrolment string, p Phone) (*Renewal, error) {
	c := change{id: id, given: values{{"enrolment", enrolment}}, set: values{
		{"phone_state", p.State}, {"phone_version", p.Version}, {"phone_code", p.Code}, {"phone_statement", p.Statement},
	}}
	newer := literal{"phone_version < ", p.Version}
	changed := c
	changed.action, changed.where = ActPhoneChanged, []literal{newer, {"confirmation_statement <> ", p.Statement}}
	if r, err := s.do(ctx, changed); err == nil || !isState(err) {
		return r, err
	}
	c.action, c.where = ActPhoneSeen, []literal{newer, {"confirmation_statement = '' OR state <> 'confirmation_drawn_up' OR confirmation_statement = ", p.Statement}}
	return s.do(ctx, c)
}

// Delivered keeps that the SAM has the new certificate.
func (s *Store) Delivered(ctx context.Context, id string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE renewals SET delivered = 1 WHERE id = $1 AND state = $2`, id, Issued)
	if err != nil {
		return fmt.Errorf("storing delivery: %w", err)
	}
	return nil
}
