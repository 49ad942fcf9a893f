package renewal

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// step groups the columns by when the person fills them. Going back to a step forgets it and all
// that came after it, personal data first of all.
type step int

const (
	stepNone step = iota
	stepStart
	stepCertificate
	stepApplication
	stepTerms
	stepSignature
	stepContact
	stepConfirmation
	stepConfirmed
	stepIssued
)

// column is a column that transitions write; zero is its empty value.
type column struct {
	name string
	step step
	zero any
}

var columns = []column{
	{"start", stepStart, ""},
	{"certificate", stepCertificate, []byte{}},
	{"subject", stepCertificate, "{}"},
	{"not_before", stepCertificate, 0},
	{"not_after", stepCertificate, 0},
	{"language", stepApplication, ""},
	{"number", stepApplication, ""},
	{"byte_range", stepApplication, "[]"},
	{"digest", stepApplication, []byte{}},
	{"application_seal", stepApplication, ""},
	{"enrolment", stepApplication, ""},
	{"enrolment_url", stepApplication, ""},
	{"application", stepApplication, []byte{}},
	{"terms", stepTerms, ""},
	{"terms_sha256", stepTerms, ""},
	{"privacy", stepTerms, ""},
	{"privacy_sha256", stepTerms, ""},
	{"terms_at", stepTerms, 0},
	{"signed_at", stepSignature, 0},
	{"application_cms", stepSignature, []byte{}},
	{"application_signed", stepSignature, []byte{}},
	{"phone_state", stepSignature, ""},
	{"phone_version", stepSignature, 0},
	{"phone_code", stepSignature, ""},
	{"phone_statement", stepSignature, ""},
	{"email", stepContact, ""},
	{"phone", stepContact, ""},
	{"confirmation_seal", stepConfirmation, ""},
	{"confirmation_statement", stepConfirmation, ""},
	{"confirmation", stepConfirmation, []byte{}},
	{"confirmed_at", stepConfirmed, 0},
	{"confirmation_cms", stepConfirmed, []byte{}},
	{"new_certificate", stepIssued, []byte{}},
	{"new_chain", stepIssued, "[]"},
	{"issued_at", stepIssued, 0},
	{"delivered", stepIssued, 0},
}

// record is what [scan] reads, in its order: all but documents and secrets.
var record = strings.Join([]string{
	"id", "version", "state", "months", "target", "contract_with", "contract_about", "expires",
	"start", "certificate", "subject", "not_before", "not_after",
	"number", "language", "byte_range", "digest", "application_seal", "enrolment", "enrolment_url",
	"terms", "terms_sha256", "privacy", "privacy_sha256", "terms_at", "signed_at",
	"phone_state", "phone_version", "phone_code", "phone_statement", "email", "phone",
	"confirmation_seal", "confirmation_statement", "confirmed_at",
	"new_certificate", "new_chain", "issued_at", "delivered",
}, ", ")

func scan(row interface{ Scan(...any) error }) (*Renewal, error) {
	var (
		r                                                  Renewal
		expires, before, after                             int64
		termsAt, signedAt, confirmedAt, issuedAt, delivery int64
		contract                                           Contract
		subject, byteRange, chain                          string
	)
	a, t, p := &r.Application, &r.Terms, &r.Phone
	err := row.Scan(&r.ID, &r.Version, &r.State, &r.Offer.Months, &r.Offer.Target, &contract.With, &contract.About, &expires,
		&r.Start, &r.Certificate, &subject, &before, &after,
		&a.Number, &a.Language, &byteRange, &a.Digest, &a.Seal, &a.Enrolment, &a.EnrolmentURL,
		&t.Terms, &t.TermsSHA256, &t.Privacy, &t.PrivacySHA256, &termsAt, &signedAt,
		&p.State, &p.Version, &p.Code, &p.Statement, &r.Contact.Email, &r.Contact.Phone,
		&r.Confirmation.Seal, &r.Confirmation.Statement, &confirmedAt,
		&r.NewCertificate, &chain, &issuedAt, &delivery)
	if err != nil {
		return nil, err
	}
	if contract != (Contract{}) {
		r.Offer.Contract = &contract
	}
	r.Expires, r.NotBefore, r.NotAfter = at(expires), at(before), at(after)
	t.At, r.SignedAt, r.ConfirmedAt, r.IssuedAt = at(termsAt), at(signedAt), at(confirmedAt), at(issuedAt)
	r.Delivered = delivery != 0
	for text, into := range map[string]any{subject: &r.Subject, byteRange: &a.ByteRange} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return nil, fmt.Errorf("reading renewal: %w", err)
		}
	}
	if err := json.Unmarshal([]byte(chain), &r.NewChain); err != nil {
		return nil, fmt.Errorf("reading renewal: %w", err)
	}
	return &r, nil
}

// at is the time of a stored second; 0 is no time.
func at(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
