// Package application draws up the application (wniosek): the document in which a person asks for
// a new qualified certificate with the data of the one that signs it, in Polish and English.
//
// It chooses the words and their order; package pdf sets and writes them. Whether the person may
// renew, and what the new certificate will be, was decided before: the package checks only that
// nothing is missing and nothing contradicts itself. It holds personal data, so its errors name
// fields and never their contents.
package application

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/odnowa/odnowa/portal/pdf"
)

// StartRule says when the new certificate becomes valid.
type StartRule string

// The rules, as the renewal API names them.
const (
	StartNow          StartRule = "now"
	StartAfterCurrent StartRule = "after_current"
)

// Target says where the new key lives.
type Target string

// TargetCloud is rSign, the only target so far.
const TargetCloud Target = "cloud"

// Data is all that an application says.
type Data struct {
	Number  string
	Created time.Time
	CA      Authority
	// Contract is the one that the application rests on; nil where there is none.
	Contract *Contract
	Subject  Subject     // of the certificate that signs, and of the new one
	Current  Certificate // the certificate that signs
	New      Term
	Target   Target
	Policy   Policy
	// Disclosure is the PKI disclosure statement (EN 319 411-1 annex A).
	Disclosure Disclosure
	// EnrolmentURL is what the QR code says; its secret is in the fragment.
	EnrolmentURL string
	// Test marks every page as of no legal effect.
	Test bool
}

// Authority is the certificate authority as its letterhead and the contract name it.
type Authority struct{ Name, Address string }

// Contract names the other party and, optionally, what it is about.
type Contract struct{ With, About string }

// Subject is the holder as the certificate names them. GivenName, Surname and SerialNumber may be
// absent from a certificate (EN 319 412-2 4.2.4) and are then left out.
type Subject struct{ GivenName, Surname, CommonName, SerialNumber, Country string }

// Certificate names a certificate that exists.
type Certificate struct {
	Issuer              string // common name
	SerialNumber        string // hexadecimal
	NotBefore, NotAfter time.Time
}

// Term is the validity of the new certificate.
type Term struct {
	Months              int
	Start               StartRule
	NotBefore, NotAfter time.Time
}

// Policy is the certificate policy: object identifier, version of the document.
type Policy struct{ OID, Version string }

// Disclosure is a published document.
type Disclosure struct{ Version, URL string }

// ErrData is data that lacks something or contradicts itself.
var ErrData = errors.New("application data are not complete")

// Draw lays the application out. Errors wrap ErrData, pdf.ErrText (a name has characters that cannot
// be shown) or pdf.ErrTooLong.
func Draw(d Data) (*pdf.Prepared, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	doc := pdf.Document{
		Title:       "Wniosek o odnowienie certyfikatu kwalifikowanego " + d.Number,
		Author:      d.CA.Name,
		Language:    "pl-PL",
		Translation: "en",
		Created:     d.Created,
		Letterhead:  pdf.Letterhead{Name: bind(d.CA.Name), Details: []string{bind(d.CA.Address)}},
		Reference:   "Wniosek / Application " + d.Number,
		PageLabel: func(page, pages int) string {
			return fmt.Sprintf("Strona %d z %d / Page %d of %d", page, pages, page, pages)
		},
		Blocks: d.blocks(),
	}
	if d.Test {
		doc.Notice = both("TEST – dokument środowiska testowego. Nie wywołuje skutków prawnych.",
			"TEST – document of a test environment. It has no legal effect.")
		doc.Watermark = "TEST"
	}
	return pdf.Write(doc)
}

// CertificateOf reads from the certificate that is to sign what the application says of it.
func CertificateOf(c *x509.Certificate) (Subject, Certificate) {
	values := map[string][]string{}
	for _, n := range c.Subject.Names {
		if v, ok := n.Value.(string); ok {
			values[n.Type.String()] = append(values[n.Type.String()], v)
		}
	}
	attribute := func(id asn1.ObjectIdentifier) string { return strings.Join(values[id.String()], " ") }
	return Subject{
			GivenName:    attribute(asn1.ObjectIdentifier{2, 5, 4, 42}),
			Surname:      attribute(asn1.ObjectIdentifier{2, 5, 4, 4}),
			CommonName:   attribute(asn1.ObjectIdentifier{2, 5, 4, 3}),
			SerialNumber: attribute(asn1.ObjectIdentifier{2, 5, 4, 5}),
			Country:      attribute(asn1.ObjectIdentifier{2, 5, 4, 6}),
		}, Certificate{
			Issuer:       c.Issuer.CommonName,
			SerialNumber: fmt.Sprintf("%X", c.SerialNumber.Bytes()),
			NotBefore:    c.NotBefore,
			NotAfter:     c.NotAfter,
		}
}

// maxLength is the most characters of a field: X.520 allows 64 for a name, contracts are longer.
const maxLength = 300

var (
	hexadecimal = regexp.MustCompile(`^[0-9A-Fa-f]{1,64}$`)
	dottedOID   = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]*)){1,40}$`)
)

func (d *Data) check() error {
	type field struct {
		name, value string
		required    bool
	}
	fields := []field{
		{"number", d.Number, true}, {"CA name", d.CA.Name, true}, {"CA address", d.CA.Address, true},
		{"given name", d.Subject.GivenName, false}, {"surname", d.Subject.Surname, false},
		{"common name", d.Subject.CommonName, true}, {"subject serial number", d.Subject.SerialNumber, false},
		{"country", d.Subject.Country, true}, {"issuer", d.Current.Issuer, true},
		{"policy version", d.Policy.Version, true}, {"disclosure version", d.Disclosure.Version, true},
		{"disclosure URL", d.Disclosure.URL, true}, {"enrolment URL", d.EnrolmentURL, true},
	}
	if d.Contract != nil {
		fields = append(fields, field{"contract party", d.Contract.With, true}, field{"contract subject", d.Contract.About, false})
	}
	for _, f := range fields {
		if f.required && strings.TrimSpace(f.value) == "" {
			return fmt.Errorf("%w: %s is missing", ErrData, f.name)
		}
		if utf8.RuneCountInString(f.value) > maxLength {
			return fmt.Errorf("%w: %s is too long", ErrData, f.name)
		}
	}
	return d.checkForms()
}

func (d *Data) checkForms() error {
	switch {
	case d.Created.IsZero():
		return fmt.Errorf("%w: time of creation is missing", ErrData)
	case !hexadecimal.MatchString(d.Current.SerialNumber):
		return fmt.Errorf("%w: certificate serial number is not hexadecimal", ErrData)
	case !dottedOID.MatchString(d.Policy.OID):
		return fmt.Errorf("%w: policy is no object identifier", ErrData)
	case !d.Current.NotBefore.Before(d.Current.NotAfter) || !d.New.NotBefore.Before(d.New.NotAfter):
		return fmt.Errorf("%w: a validity ends before it begins", ErrData)
	case d.New.Months < 1 || d.New.Months > 60:
		return fmt.Errorf("%w: months", ErrData)
	case d.New.Start != StartNow && d.New.Start != StartAfterCurrent:
		return fmt.Errorf("%w: start rule", ErrData)
	case d.New.Start == StartAfterCurrent && d.New.NotBefore.Before(d.Current.NotAfter):
		return fmt.Errorf("%w: the new certificate begins before the current one ends", ErrData)
	case d.Target != TargetCloud:
		return fmt.Errorf("%w: target", ErrData)
	}
	for name, s := range map[string]string{"disclosure URL": d.Disclosure.URL, "enrolment URL": d.EnrolmentURL} {
		if u, err := url.Parse(s); err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
			return fmt.Errorf("%w: %s is no web address", ErrData, name)
		}
	}
	return nil
}
