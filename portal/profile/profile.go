// Package profile is the qualified certificate for a natural person that this CA issues: what stands
// in it (EN 319 412-2 V2.4.1, EN 319 412-5 V2.5.1, policy QCP-n-qscd of EN 319 411-2), how long it is
// valid, and the checks that every certificate passes before the CA's key signs it.
//
// It decides form. Whether a person may get a certificate is decided elsewhere (portal/issuer), and
// it holds no key and no state.
package profile

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Identification is how the CA made sure who the person is when it issued a certificate (eIDAS
// Art. 24(1a), as amended by Regulation (EU) 2024/1183).
type Identification string

// The methods of Art. 24(1a): by electronic identification (a), by a certificate of a qualified
// signature (b), by other confirmed means (c), in person (d).
const (
	ElectronicIdentification Identification = "eid"
	QualifiedSignature       Identification = "qualified_signature"
	OtherMeans               Identification = "other_means"
	InPerson                 Identification = "in_person"
)

// CarriesRenewal tells whether a certificate issued on this identification may identify the person
// for the next: Art. 24(1a)(b) wants one "issued in compliance with point (a), (c) or (d)".
func (i Identification) CarriesRenewal() bool {
	return i == ElectronicIdentification || i == OtherMeans || i == InPerson
}

// Authority is what an issuing CA puts into each of its certificates.
type Authority struct {
	Certificate *x509.Certificate
	IssuerURL   string       // DER of Certificate, http
	OCSPURL     string       // http
	CRLURL      string       // http
	Disclosures []Disclosure // PKI disclosure statements; one must be English
	Policy      x509.OID     // the CA's own certificate policy, beside QCP-n-qscd
	// LegacyRSA lets RSA keys of 2048 bits through, as they are on cards of earlier years.
	LegacyRSA bool
}

// Disclosure is a PKI disclosure statement (EN 319 412-5 section 4.3.4).
type Disclosure struct {
	URL      string `json:"url"`      // https
	Language string `json:"language"` // ISO 639-1, lower case
}

// Request is one certificate to be.
type Request struct {
	PublicKey crypto.PublicKey
	// RawSubject is the DER of the Name. A renewal takes it from the old certificate, byte by byte.
	RawSubject []byte
	// Serial has at least 64 unpredictable bits (EN 319 412-2 refers to RFC 5280 4.1.2.2).
	Serial              *big.Int
	NotBefore, NotAfter time.Time
	Identification      Identification
}

// Issue makes a certificate. It first signs with a key that is thrown away and lints that, then
// signs with the CA's: no certificate with a fault ever bears the CA's signature, and what was linted
// is what is issued, since all bytes under the signature are compared. The error wraps ErrLint when
// the profile was not met.
func (a *Authority) Issue(r Request, key crypto.Signer) (*x509.Certificate, error) {
	linted, err := a.Precheck(r)
	if err != nil {
		return nil, err
	}
	issued, err := a.sign(r, a.Certificate, key)
	if err != nil {
		return nil, err
	}
	if string(linted.RawTBSCertificate) != string(issued.RawTBSCertificate) {
		return nil, errors.New("issuing certificate: what was signed is not what was linted")
	}
	return issued, nil
}

// Precheck does what Issue does up to the CA's signature.
func (a *Authority) Precheck(r Request) (*x509.Certificate, error) {
	key, err := throwaway(a.Certificate.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("making a key to lint with: %w", err)
	}
	// The same CA in all but the key, so that issuer and authority key identifier come out alike.
	parent := *a.Certificate
	parent.PublicKey = key.Public()
	cert, err := a.sign(r, &parent, key)
	if err != nil {
		return nil, err
	}
	if !cert.NotAfter.Equal(r.NotAfter) || !cert.NotBefore.Equal(r.NotBefore) {
		return nil, fmt.Errorf("%w: validity is not in whole seconds", ErrLint)
	}
	return cert, a.Lint(cert)
}

func (a *Authority) sign(r Request, parent *x509.Certificate, key crypto.Signer) (*x509.Certificate, error) {
	template, err := a.template(r)
	if err != nil {
		return nil, fmt.Errorf("drawing up certificate: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, r.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("signing certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading certificate back: %w", err)
	}
	return cert, nil
}

func (a *Authority) template(r Request) (*x509.Certificate, error) {
	id, err := keyID(r.PublicKey)
	if err != nil {
		return nil, err
	}
	statements, err := a.qcStatements(r.Identification)
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber:          r.Serial,
		RawSubject:            r.RawSubject,
		NotBefore:             r.NotBefore,
		NotAfter:              r.NotAfter,
		KeyUsage:              x509.KeyUsageContentCommitment,
		SubjectKeyId:          id,
		SignatureAlgorithm:    signatureAlgorithm(a.Certificate.PublicKey),
		Policies:              []x509.OID{PolicyQCPnQSCD, a.Policy},
		IssuingCertificateURL: []string{a.IssuerURL},
		OCSPServer:            []string{a.OCSPURL},
		CRLDistributionPoints: []string{a.CRLURL},
		ExtraExtensions:       []pkix.Extension{statements},
	}, nil
}

// keyID is method 1 of RFC 5280 4.2.1.2: SHA-1 names the key here, it protects nothing.
func keyID(pub crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, err
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &spki); err != nil {
		return nil, err
	}
	sum := sha1.Sum(spki.Key.Bytes)
	return sum[:], nil
}
