package cades

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Parse reads a CMS. It takes the one encoding that the package writes and nothing else; every error
// wraps ErrFormat. It does not tell whether the signature is good: see [Signature.Verify].
func Parse(der []byte) (*Signature, error) {
	if len(der) > MaxLength {
		return nil, fmt.Errorf("%w: too large", ErrFormat)
	}
	s, err := parse(bytes.Clone(der))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return s, nil
}

func parse(der []byte) (*Signature, error) {
	in, err := openContentInfo(der)
	if err != nil {
		return nil, err
	}
	s := &Signature{}
	if err := s.readSignedData(in); err != nil {
		return nil, err
	}
	// The rule that the package rests on. What the reading above is too generous about ends here:
	// versions, order of sets, times, identifiers that say the same in another way.
	again, err := s.marshal()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, der) {
		return nil, errors.New("not in the one encoding")
	}
	return s, nil
}

// openContentInfo gives the content of the SignedData in a ContentInfo, which is all of der.
func openContentInfo(der []byte) (cryptobyte.String, error) {
	in := cryptobyte.String(der)
	var info, explicit, signedData cryptobyte.String
	var contentType asn1.ObjectIdentifier
	if !in.ReadASN1(&info, casn1.SEQUENCE) || !in.Empty() {
		return nil, errors.New("not one DER sequence")
	}
	if !info.ReadASN1ObjectIdentifier(&contentType) || !contentType.Equal(oidSignedData) ||
		!info.ReadASN1(&explicit, contextTag(0)) || !info.Empty() ||
		!explicit.ReadASN1(&signedData, casn1.SEQUENCE) || !explicit.Empty() {
		return nil, errors.New("not a SignedData")
	}
	return signedData, nil
}

func (s *Signature) readSignedData(in cryptobyte.String) error {
	var version int64
	var algorithms, content, certificates, signers, signer cryptobyte.String
	var contentType asn1.ObjectIdentifier
	if !in.ReadASN1Integer(&version) || !in.ReadASN1(&algorithms, casn1.SET) || !in.ReadASN1(&content, casn1.SEQUENCE) {
		return errors.New("beginning of SignedData")
	}
	if !content.ReadASN1ObjectIdentifier(&contentType) || !contentType.Equal(oidData) || !content.Empty() {
		return errors.New("content is not detached data")
	}
	if !in.ReadASN1(&certificates, contextTag(0)) {
		return errors.New("no certificates")
	}
	// CRLs would stand here; they are refused by not being a SET.
	if !in.ReadASN1(&signers, casn1.SET) || !in.Empty() {
		return errors.New("end of SignedData")
	}
	if !signers.ReadASN1(&signer, casn1.SEQUENCE) || !signers.Empty() {
		return errors.New("not exactly one signer")
	}
	if err := s.readCertificates(certificates); err != nil {
		return err
	}
	return s.readSignerInfo(signer)
}

func (s *Signature) readCertificates(in cryptobyte.String) error {
	if len(in) > maxCertificateBytes {
		return errors.New("certificates are too large")
	}
	for !in.Empty() {
		if len(s.Certificates) == MaxCertificates {
			return errors.New("too many certificates")
		}
		var der cryptobyte.String
		if !in.ReadASN1Element(&der, casn1.SEQUENCE) {
			return errors.New("certificate set")
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			// x509's words may quote the certificate, which holds personal data.
			return errors.New("certificate cannot be read")
		}
		s.Certificates = append(s.Certificates, c)
	}
	return checkCertificates(s.Certificates)
}

func (s *Signature) readSignerInfo(in cryptobyte.String) error {
	var version int64
	var id, digestAlgorithm, carried, signatureAlgorithm, value cryptobyte.String
	if !in.ReadASN1Integer(&version) || !in.ReadASN1(&id, casn1.SEQUENCE) {
		return errors.New("beginning of SignerInfo")
	}
	if err := s.findSigner(id); err != nil {
		return err
	}
	if !in.ReadASN1Element(&digestAlgorithm, casn1.SEQUENCE) || !in.ReadASN1Element(&carried, contextTag(0)) ||
		!in.ReadASN1Element(&signatureAlgorithm, casn1.SEQUENCE) || !in.ReadASN1(&value, casn1.OCTET_STRING) {
		return errors.New("SignerInfo")
	}
	sch, err := s.findScheme(digestAlgorithm, signatureAlgorithm)
	if err != nil {
		return err
	}
	if !sch.wellFormed(s.Signer.PublicKey, value) {
		return errors.New("signature value has not the form of the algorithm")
	}
	s.Algorithm, s.Value = sch.algorithm, value
	if err := s.readSignedAttributes(carried, sch); err != nil {
		return err
	}
	if in.Empty() {
		return nil
	}
	return s.readUnsignedAttributes(in)
}

// findSigner finds the certificate that an IssuerAndSerialNumber names. checkCertificates has seen
// to it that there is at most one.
func (s *Signature) findSigner(id cryptobyte.String) error {
	var issuer cryptobyte.String
	serial := new(big.Int)
	if !id.ReadASN1Element(&issuer, casn1.SEQUENCE) || !id.ReadASN1Integer(serial) || !id.Empty() {
		return errors.New("signer is not named by issuer and serial number")
	}
	for _, c := range s.Certificates {
		if bytes.Equal(c.RawIssuer, issuer) && c.SerialNumber.Cmp(serial) == 0 {
			s.Signer = c
			return nil
		}
	}
	return errors.New("the signer's certificate is not there")
}

func (s *Signature) findScheme(digestAlgorithm, signatureAlgorithm []byte) (scheme, error) {
	for _, c := range schemes {
		if !bytes.Equal(c.signature, signatureAlgorithm) {
			continue
		}
		if !bytes.Equal(c.digest, digestAlgorithm) {
			return scheme{}, errors.New("digest algorithm is not the signature algorithm's")
		}
		if !c.fits(s.Signer.PublicKey) {
			return scheme{}, ErrAlgorithm
		}
		return c, nil
	}
	return scheme{}, errors.New("signature algorithm is not allowed")
}

// readSignedAttributes reads the attributes, each at most once, and holds their encoding to the one
// that the builder writes: what is verified is then what was read.
func (s *Signature) readSignedAttributes(carried cryptobyte.String, sch scheme) error {
	s.signedAttributes = bytes.Clone(carried)
	s.signedAttributes[0] = byte(casn1.SET)
	var in cryptobyte.String
	if !carried.ReadASN1(&in, contextTag(0)) {
		return errors.New("signed attributes")
	}
	seen := map[string]bool{}
	for !in.Empty() {
		oid, value, err := readAttribute(&in)
		if err != nil {
			return err
		}
		if seen[oid.String()] {
			return errors.New("signed attribute twice")
		}
		seen[oid.String()] = true
		if err := s.readSignedAttribute(oid, value, sch); err != nil {
			return err
		}
	}
	for _, oid := range []asn1.ObjectIdentifier{oidContentType, oidMessageDigest, oidSigningCertificateV2} {
		if !seen[oid.String()] {
			return errors.New("signed attribute is missing")
		}
	}
	again, err := s.marshalSignedAttributes(sch)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, s.signedAttributes) {
		return errors.New("signed attributes are not in the one encoding")
	}
	return nil
}

// readSignedAttribute is the allow-list: it knows every attribute that may be signed.
func (s *Signature) readSignedAttribute(oid asn1.ObjectIdentifier, value cryptobyte.String, sch scheme) error {
	switch {
	case oid.Equal(oidContentType):
		var contentType asn1.ObjectIdentifier
		if !value.ReadASN1ObjectIdentifier(&contentType) || !contentType.Equal(oidData) || !value.Empty() {
			return errors.New("content-type")
		}
	case oid.Equal(oidMessageDigest):
		if !value.ReadASN1Bytes(&s.ContentDigest, casn1.OCTET_STRING) || !value.Empty() ||
			len(s.ContentDigest) != sch.hash.Size() {
			return errors.New("message-digest")
		}
	case oid.Equal(oidSigningCertificateV2):
		return s.readSigningCertificate(value, sch)
	case oid.Equal(oidSigningTime):
		if !readTime(&value, &s.SigningTime) || !value.Empty() {
			return errors.New("signing-time")
		}
		s.Profile = CAdES
	default:
		return errors.New("signed attribute is not allowed")
	}
	return nil
}

func (s *Signature) readSigningCertificate(value cryptobyte.String, sch scheme) error {
	var certificate, ids, id, hash cryptobyte.String
	if !value.ReadASN1(&certificate, casn1.SEQUENCE) || !value.Empty() ||
		!certificate.ReadASN1(&ids, casn1.SEQUENCE) || !certificate.Empty() ||
		!ids.ReadASN1(&id, casn1.SEQUENCE) || !ids.Empty() {
		return errors.New("signing-certificate-v2")
	}
	if sch.hash != crypto.SHA256 {
		var algorithm cryptobyte.String
		if !id.ReadASN1Element(&algorithm, casn1.SEQUENCE) || !bytes.Equal(algorithm, sch.digest) {
			return errors.New("signing-certificate-v2: hash is not the signature's")
		}
	}
	if !id.ReadASN1(&hash, casn1.OCTET_STRING) || !id.Empty() || len(hash) != sch.hash.Size() {
		return errors.New("signing-certificate-v2: not one plain hash")
	}
	s.certificateDigest = hash
	return nil
}

// readTime gives UTC, so that a time with an offset is not written again as it came.
func readTime(in *cryptobyte.String, t *time.Time) bool {
	read := in.ReadASN1GeneralizedTime
	if in.PeekASN1Tag(casn1.UTCTime) {
		read = in.ReadASN1UTCTime
	}
	if !read(t) {
		return false
	}
	*t = t.UTC()
	return true
}

// readUnsignedAttributes reads what is left of a SignerInfo: [1] with one signature-time-stamp.
func (s *Signature) readUnsignedAttributes(in cryptobyte.String) error {
	var set cryptobyte.String
	if !in.ReadASN1(&set, contextTag(1)) || !in.Empty() {
		return errors.New("end of SignerInfo")
	}
	oid, value, err := readAttribute(&set)
	if err != nil {
		return err
	}
	if !oid.Equal(oidTimeStampToken) || !set.Empty() {
		return errors.New("unsigned attribute is not allowed")
	}
	if err := checkTimeStamp(value); err != nil {
		return err
	}
	s.TimeStamp = value
	return nil
}

// readAttribute gives an attribute's type and the content of its set of values.
func readAttribute(in *cryptobyte.String) (oid asn1.ObjectIdentifier, value cryptobyte.String, err error) {
	var pair cryptobyte.String
	if !in.ReadASN1(&pair, casn1.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) ||
		!pair.ReadASN1(&value, casn1.SET) || !pair.Empty() {
		return nil, nil, errors.New("attribute")
	}
	return oid, value, nil
}

// checkTimeStamp tells whether a token looks like one: a SignedData within the limit.
func checkTimeStamp(token []byte) error {
	if len(token) > MaxTimeStamp {
		return errors.New("time-stamp is too large")
	}
	if _, err := openContentInfo(token); err != nil {
		return fmt.Errorf("time-stamp: %w", err)
	}
	return nil
}
