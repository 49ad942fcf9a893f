package sandbox

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/odnowa/odnowa/portal/hsm"
)

// Names of the hierarchy: nobody can take them for those of a real CA.
const (
	organization   = "Fikcyjne Centrum Certyfikacji TEST"
	organizationID = "VATPL-0000000000"
	address        = "ul. Przykładowa 1, 00-000 Testowo"
)

// The policies are under 2.999, the arc for examples (ITU-T X.660).
const (
	policyCertificates = "2.999.1.1"
	policyTimeStamps   = "2.999.1.2"
)

var (
	oidOrganizationID = asn1.ObjectIdentifier{2, 5, 4, 97}
	oidSurname        = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidGivenName      = asn1.ObjectIdentifier{2, 5, 4, 42}
	oidExtKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidOCSPNoCheck    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	policyAny         = []uint64{2, 5, 29, 32, 0}
)

// authorities are the certificates of the CA itself.
type authorities struct{ root, issuing, ocsp, tsa, seal *x509.Certificate }

// makeHierarchy makes the root in a token of its own, and all that the root signs.
func (m *maker) makeHierarchy(context.Context) error {
	_, err := m.newToken("offline-root", "root TEST", "", func(t *hsm.Token) error {
		key, err := t.GenerateRSA("root", 3072)
		if err != nil {
			return err
		}
		return m.signWithRoot(key)
	})
	if err != nil {
		return err
	}
	return with(m.issuerToken, m.signWithIssuing)
}

func (m *maker) signWithRoot(key crypto.Signer) (err error) {
	root := m.caTemplate("Odnowa TEST Root CA", 6, 15)
	if m.ca.root, err = sign(root, root, key.Public(), key); err != nil {
		return err
	}
	issuing := m.caTemplate("Odnowa TEST Qualified CA 1", 5, 10)
	issuing.MaxPathLenZero = true
	m.underRoot(issuing)
	anyPolicy, err := x509.OIDFromInts(policyAny)
	if err != nil {
		return err
	}
	issuing.Policies = []x509.OID{anyPolicy}

	tsa := m.serviceTemplate("Odnowa TEST TSA")
	m.underRoot(tsa)
	// RFC 3161 2.3: the only purpose, and critical.
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{oidTimeStamping})
	if err != nil {
		return err
	}
	tsa.ExtraExtensions = []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: usage}}

	seal := m.serviceTemplate("Odnowa TEST Seal")
	m.underRoot(seal)
	for _, c := range []struct {
		template *x509.Certificate
		label    string
		out      **x509.Certificate
	}{{issuing, keyCA, &m.ca.issuing}, {tsa, keyTSA, &m.ca.tsa}, {seal, keySeal, &m.ca.seal}} {
		if *c.out, err = sign(c.template, m.ca.root, m.keys[c.label], key); err != nil {
			return err
		}
	}
	crl, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: m.now, NextUpdate: m.now.AddDate(1, 0, 0),
	}, m.ca.root, key)
	if err != nil {
		return fmt.Errorf("signing CRL: %w", err)
	}
	return m.write("ca/root.crl", crl)
}

func (m *maker) signWithIssuing(t *hsm.Token) error {
	key, err := t.Key(keyCA)
	if err != nil {
		return err
	}
	ocsp := m.serviceTemplate("Odnowa TEST OCSP")
	ocsp.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	ocsp.ExtraExtensions = []pkix.Extension{{Id: oidOCSPNoCheck, Value: asn1.NullBytes}} // RFC 6960 4.2.2.2.1
	ocsp.IssuingCertificateURL = []string{m.out.URLs.CA + "/certs/issuing.cer"}
	if m.ca.ocsp, err = sign(ocsp, m.ca.issuing, m.keys[keyOCSP], key); err != nil {
		return err
	}
	return m.writeHierarchy()
}

func (m *maker) writeHierarchy() error {
	m.out.CA = CA{
		Root: m.path("ca", "root.pem"), Issuing: m.path("ca", "issuing.pem"), OCSP: m.path("ca", "ocsp.pem"),
		TSA: m.path("ca", "tsa.pem"), Seal: m.path("ca", "seal.pem"), RootCRL: m.path("ca", "root.crl"),
	}
	return errors.Join(
		m.writeCertificate("ca/root.pem", m.ca.root), m.writeCertificate("ca/issuing.pem", m.ca.issuing),
		m.writeCertificate("ca/ocsp.pem", m.ca.ocsp), m.writeCertificate("ca/tsa.pem", m.ca.tsa),
		m.writeCertificate("ca/seal.pem", m.ca.seal),
	)
}

// caTemplate is a CA that has been there for some years, as the customer's card has been issued by it.
func (m *maker) caTemplate(name string, yearsOld, yearsToGo int) *x509.Certificate {
	return &x509.Certificate{
		Subject:   organizationName(name),
		NotBefore: m.now.AddDate(-yearsOld, 0, 0), NotAfter: m.now.AddDate(yearsToGo, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		SignatureAlgorithm: x509.SHA256WithRSA,
	}
}

func (m *maker) serviceTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:   organizationName(name),
		NotBefore: m.now.Add(-time.Hour), NotAfter: m.now.AddDate(3, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, SignatureAlgorithm: x509.SHA256WithRSA,
	}
}

func (m *maker) underRoot(c *x509.Certificate) {
	c.IssuingCertificateURL = []string{m.out.URLs.CA + "/certs/root.cer"}
	c.CRLDistributionPoints = []string{m.out.URLs.CA + "/crl/root.crl"}
}

func organizationName(common string) pkix.Name {
	return pkix.Name{
		Country: []string{"PL"}, Organization: []string{organization}, CommonName: common,
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidOrganizationID, Value: organizationID}},
	}
}

// sign gives the template a serial number and a key identifier and signs it.
func sign(template, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, err
	}
	id := sha1.Sum(spki)
	template.SubjectKeyId = id[:]
	template.SerialNumber = newSerial()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		return nil, fmt.Errorf("signing certificate of %s: %w", template.Subject.CommonName, err)
	}
	return x509.ParseCertificate(der)
}

func newSerial() *big.Int {
	raw := make([]byte, 16)
	rand.Read(raw)
	raw[0] = raw[0]&0x3f | 0x40
	return new(big.Int).SetBytes(raw)
}

func (m *maker) writeCertificate(name string, c *x509.Certificate) error {
	return m.write(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}
