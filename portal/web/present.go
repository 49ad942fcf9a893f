package web

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/odnowa/odnowa/portal/renewal"
)

// present makes of a stored renewal what the browser sees. Hashes, seals, statements and ids stay.
func (s *server) present(r *renewal.Renewal) (Renewal, error) {
	out := Renewal{
		Version: r.Version, State: State(r.State), CodeExpires: r.Expires,
		LatestStart:             s.latestStart(),
		NextNeedsIdentification: true, // eIDAS Art. 24(1a)(b): this one will rest on a signature
	}
	out.Offer.Months, out.Offer.Target = RenewalOfferMonths(r.Offer.Months), RenewalOfferTarget(r.Offer.Target)
	if r.Start != "" {
		out.Start = new(Start(r.Start))
	}
	if len(r.Certificate) != 0 {
		old, err := presentOld(r)
		if err != nil {
			return out, err
		}
		out.Certificate = old
		out.Validity = &Validity{NotBefore: r.NotBefore, NotAfter: r.NotAfter}
	}
	presentApplication(&out, r)
	if r.Contact != (renewal.Contact{}) {
		out.Contact = &Contact{Email: r.Contact.Email, Phone: r.Contact.Phone}
	}
	out.ConfirmedAt = timeOrNil(r.ConfirmedAt)
	if len(r.NewCertificate) != 0 {
		return out, presentIssued(&out, r.NewCertificate)
	}
	return out, nil
}

func presentOld(r *renewal.Renewal) (*OldCertificate, error) {
	cert, err := x509.ParseCertificate(r.Certificate)
	if err != nil {
		return nil, fmt.Errorf("reading stored certificate: %w", err)
	}
	return &OldCertificate{
		Id: hexSHA256(cert.Raw), SerialNumber: cert.SerialNumber.Text(16), Issuer: cert.Issuer.CommonName,
		Subject: Subject{
			CommonName: r.Subject.CommonName, Country: r.Subject.Country, GivenName: stringOrNil(r.Subject.GivenName),
			Surname: stringOrNil(r.Subject.Surname), SerialNumber: stringOrNil(r.Subject.SerialNumber),
		},
		Validity: Validity{NotBefore: cert.NotBefore.UTC(), NotAfter: cert.NotAfter.UTC()},
	}, nil
}

// phoneStates are the SAM's words in the contract's: before a scan, and when the SAM has voided the
// enrolment, one waits for a phone.
var phoneStates = map[renewal.PhoneState]RenewalPhoneState{
	renewal.PhoneOpen: Waiting, renewal.PhoneVoid: Waiting, renewal.PhoneScanned: Scanned,
	renewal.PhoneReady: Ready, renewal.PhoneActive: Active,
}

func presentApplication(out *Renewal, r *renewal.Renewal) {
	a := r.Application
	if a.Number == "" {
		return
	}
	out.Application = &struct {
		EnrolmentUrl *string    `json:"enrolmentUrl,omitempty"` //nolint:revive // as generated
		Number       string     `json:"number"`
		SignedAt     *time.Time `json:"signedAt,omitempty"`
	}{Number: a.Number, SignedAt: timeOrNil(r.SignedAt)}
	if r.SignedAt.IsZero() {
		return
	}
	if r.State != renewal.Issued {
		out.Application.EnrolmentUrl = &a.EnrolmentURL
	}
	out.Phone = &struct {
		Code  *string           `json:"code,omitempty"`
		State RenewalPhoneState `json:"state"`
	}{State: phoneStates[r.Phone.State], Code: stringOrNil(r.Phone.Code)}
}

func presentIssued(out *Renewal, der []byte) error {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("reading issued certificate: %w", err)
	}
	out.Issued = &struct {
		Issuer       string   `json:"issuer"`
		SerialNumber string   `json:"serialNumber"`
		Sha256       string   `json:"sha256"`
		Validity     Validity `json:"validity"`
	}{
		Issuer: cert.Issuer.CommonName, SerialNumber: cert.SerialNumber.Text(16), Sha256: hexSHA256(der),
		Validity: Validity{NotBefore: cert.NotBefore.UTC(), NotAfter: cert.NotAfter.UTC()},
	}
	return nil
}

// latestStart is the last day on which validity may start, as of today. The issuer decides.
func (s *server) latestStart() time.Time {
	return s.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, s.cfg.LatestStartDays)
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func stringOrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
