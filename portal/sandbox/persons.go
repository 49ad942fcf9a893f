package sandbox

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/issuer"
	"github.com/odnowa/odnowa/portal/profile"
)

// device is the certification id of the card, as the register has it.
const device = "TEST-QSCD-2024-01"

// cardCertificates are those of the customer's card.
type cardCertificates struct{ qualified, authentication, expired *x509.Certificate }

// person is a test person; no such PESEL can exist.
type person struct{ given, surname, pesel string }

var (
	customer = person{"Żaneta", "TESTOWA-PRÓBNA", "00000000000"}
	former   = person{"Wacław", "TESTOWY-WYGASŁY", "99999999999"}
)

func (p person) name() pkix.Name {
	return pkix.Name{
		Country: []string{"PL"}, CommonName: p.given + " " + p.surname, SerialNumber: "PNOPL-" + p.pesel,
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidSurname, Value: p.surname}, {Type: oidGivenName, Value: p.given}},
	}
}

// months of the certificates on the card.
const months = 24

// issueToPersons issues what is on the card: a qualified certificate that ends in 30 days, an
// authentication certificate, and another person's qualified one that ended a month ago. The PIV card gets
// two like the first and the last.
func (m *maker) issueToPersons(context.Context) error {
	return with(m.issuerToken, func(t *hsm.Token) error {
		key, err := t.Key(keyCA)
		if err != nil {
			return err
		}
		return errors.Join(
			m.issueQualified(&m.card.qualified, customer, cardQualified, m.now.AddDate(0, 0, 30), key),
			m.issueQualified(&m.card.expired, former, cardExpired, m.now.AddDate(0, -1, 0), key),
			m.issueAuthentication(key),
			m.issueQualified(&m.piv.qualified, customer, pivQualified, m.now.AddDate(0, 0, 30), key),
			m.issueQualified(&m.piv.expired, former, pivExpired, m.now.AddDate(0, -1, 0), key),
		)
	})
}

func (m *maker) issueQualified(out **x509.Certificate, p person, label string, end time.Time, key crypto.Signer) error {
	authority, err := issuer.NewAuthority(m.ca.issuing, m.out.URLs.CA, m.caWords())
	if err != nil {
		return err
	}
	authority.LegacyRSA = true
	subject, err := asn1.Marshal(p.name().ToRDNSequence())
	if err != nil {
		return err
	}
	notBefore, notAfter, err := profile.Validity(end.AddDate(0, -months, 0), months, m.ca.issuing)
	if err != nil {
		return err
	}
	*out, err = authority.Issue(profile.Request{
		PublicKey: m.keys[label], RawSubject: subject, Serial: newSerial(),
		NotBefore: notBefore, NotAfter: notAfter, Identification: profile.InPerson,
	}, key)
	return err
}

func (m *maker) issueAuthentication(key crypto.Signer) (err error) {
	c := &x509.Certificate{
		Subject:   customer.name(),
		NotBefore: m.card.qualified.NotBefore, NotAfter: m.card.qualified.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		IssuingCertificateURL: []string{m.out.URLs.CA + "/certs/issuing.cer"}, OCSPServer: []string{m.out.URLs.CA + "/ocsp"},
		CRLDistributionPoints: []string{m.out.URLs.CA + "/crl/issuing.crl"},
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}
	m.card.authentication, err = sign(c, m.ca.issuing, m.keys[cardAuthentication], key)
	return err
}

// fillCard puts the certificates beside their keys, and the issuing CA's for the chain.
func (m *maker) fillCard(context.Context) error {
	m.out.Card.Qualified = m.path("card", "qualified.pem")
	m.out.Card.Authentication = m.path("card", "authentication.pem")
	m.out.Card.Expired = m.path("card", "expired.pem")
	return errors.Join(
		m.writeCertificate("card/qualified.pem", m.card.qualified),
		m.writeCertificate("card/authentication.pem", m.card.authentication),
		m.writeCertificate("card/expired.pem", m.card.expired),
		with(m.cardToken, func(t *hsm.Token) error {
			return errors.Join(
				t.ImportCertificate(cardQualified, m.card.qualified),
				t.ImportCertificate(cardAuthentication, m.card.authentication),
				t.ImportCertificate(cardExpired, m.card.expired),
				t.ImportCertificate("CA TEST", m.ca.issuing),
			)
		}),
	)
}

// register tells the issuer that both persons were identified in person.
func (m *maker) register(ctx context.Context) error {
	r, err := issuer.OpenRegister(ctx, m.path("issuer", "issuer.db"))
	if err != nil {
		return err
	}
	for _, c := range []*x509.Certificate{m.card.qualified, m.card.authentication, m.card.expired, m.piv.qualified, m.piv.expired} {
		if err := r.Add(ctx, issuer.Record{Certificate: c, Identification: profile.InPerson, Device: device}, c.NotBefore); err != nil {
			return errors.Join(fmt.Errorf("registering: %w", err), r.Close())
		}
	}
	return r.Close()
}
