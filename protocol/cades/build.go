package cades

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidData                 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidTimeStampToken       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	oidPSS                  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1                 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
)

// Request is a signature that lacks only its value, for a key that is elsewhere: on a card, in an
// HSM. It may be assembled any number of times.
type Request struct {
	scheme    scheme
	signature Signature // without Value
}

// NewRequest says what is to be signed. contentDigest is alg.Sum of the content: with PAdES of the
// bytes around the placeholder, with CAdES of all. signingTime is for CAdES, in whole seconds; PAdES
// leaves it out whatever it is. chain is what shall be sent along; cert itself and repetitions in it
// are left out. The error is ErrAlgorithm where alg is unknown or does not fit cert's key.
func NewRequest(p Profile, alg Algorithm, cert *x509.Certificate, chain []*x509.Certificate, contentDigest []byte, signingTime time.Time) (*Request, error) {
	s, ok := alg.scheme()
	switch {
	case p != PAdES && p != CAdES:
		return nil, errors.New("requesting signature: unknown profile")
	case cert == nil || len(cert.Raw) == 0:
		return nil, errors.New("requesting signature: no certificate")
	case !ok || !s.fits(cert.PublicKey):
		return nil, fmt.Errorf("requesting signature: %w: %.16q", ErrAlgorithm, string(alg))
	case len(contentDigest) != s.hash.Size():
		return nil, errors.New("requesting signature: digest is not as long as the algorithm's")
	case p == CAdES && signingTime.IsZero():
		return nil, errors.New("requesting signature: CAdES needs a signing time")
	}
	certificates, err := certificateSet(cert, chain)
	if err != nil {
		return nil, fmt.Errorf("requesting signature: %w", err)
	}
	r := &Request{scheme: s, signature: Signature{
		Profile: p, Algorithm: alg, Certificates: certificates, Signer: cert,
		ContentDigest: bytes.Clone(contentDigest), certificateDigest: s.sum(cert.Raw),
	}}
	if p == CAdES {
		r.signature.SigningTime = signingTime.UTC() // its encoding drops the fraction
	}
	r.signature.signedAttributes, err = r.signature.marshalSignedAttributes(s)
	if err != nil {
		return nil, fmt.Errorf("requesting signature: %w", err)
	}
	return r, nil
}

// ToSign gives the signed attributes as the DER SET OF (0x31...) that is hashed and signed
// (RFC 5652 section 5.4), for keys that hash themselves.
func (r *Request) ToSign() []byte { return bytes.Clone(r.signature.signedAttributes) }

// Digest gives the hash of ToSign by the request's algorithm, for keys that sign hashes.
func (r *Request) Digest() []byte { return r.scheme.sum(r.signature.signedAttributes) }

// Assemble makes the CMS of a signature value: RSA as it is, ECDSA in ASN.1 form (see ECDSAToASN1).
// A value that the certificate's key did not make for this request is ErrSignature, so nothing
// invalid leaves, whatever a card answers.
func (r *Request) Assemble(value []byte) ([]byte, error) {
	signer := r.signature.Signer.PublicKey
	if !r.scheme.wellFormed(signer, value) || !r.scheme.verify(signer, r.signature.signedAttributes, value) {
		return nil, fmt.Errorf("assembling signature: %w", ErrSignature)
	}
	s := r.signature
	s.Value = value
	der, err := s.marshal()
	if err != nil {
		return nil, fmt.Errorf("assembling signature: %w", err)
	}
	return der, nil
}

// Sign has the key sign the request and assembles the CMS. An ECDSA key answers in ASN.1 form, as
// crypto.Signer wants.
func Sign(r *Request, key crypto.Signer) ([]byte, error) {
	value, err := key.Sign(rand.Reader, r.Digest(), r.signature.Algorithm.SignerOpts())
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return r.Assemble(value)
}

// WithTimeStamp gives the signature's CMS with the token (RFC 3161) as its signature-time-stamp
// (EN 319 122-1 clause 5.3). The token must be over the hash of Value; the caller, who got it from
// the authority, has checked that. A signature that has a time-stamp keeps it: that is an error.
func (s *Signature) WithTimeStamp(token []byte) ([]byte, error) {
	if s.TimeStamp != nil {
		return nil, errors.New("adding time-stamp: there is one")
	}
	if err := checkTimeStamp(token); err != nil {
		return nil, fmt.Errorf("adding time-stamp: %w", err)
	}
	stamped := *s
	stamped.TimeStamp = token
	der, err := stamped.marshal()
	if err != nil {
		return nil, fmt.Errorf("adding time-stamp: %w", err)
	}
	return der, nil
}

// certificateSet gives cert and chain without repetitions.
func certificateSet(cert *x509.Certificate, chain []*x509.Certificate) ([]*x509.Certificate, error) {
	set := []*x509.Certificate{cert}
	for _, c := range chain {
		if c == nil || len(c.Raw) == 0 {
			return nil, errors.New("empty certificate in the chain")
		}
		if !slices.ContainsFunc(set, c.Equal) {
			set = append(set, c)
		}
	}
	return set, checkCertificates(set)
}

// checkCertificates holds a set to the limits, each certificate to its own end, and the set to naming
// each uniquely by issuer and serial number: that is how the signer is named.
func checkCertificates(set []*x509.Certificate) error {
	if len(set) > MaxCertificates {
		return errors.New("too many certificates")
	}
	size := 0
	for i, c := range set {
		size += len(c.Raw)
		if !complete(c.Raw) {
			return errors.New("certificate with trailing data")
		}
		for _, d := range set[:i] {
			if bytes.Equal(c.RawIssuer, d.RawIssuer) && c.SerialNumber.Cmp(d.SerialNumber) == 0 {
				return errors.New("two certificates with one issuer and serial number")
			}
		}
	}
	if size > maxCertificateBytes {
		return errors.New("certificates are too large")
	}
	return nil
}

// complete tells whether a Certificate is its three parts (RFC 5280 section 4.1) and no more;
// x509.ParseCertificate does not look behind the third.
func complete(der []byte) bool {
	in := cryptobyte.String(der)
	var parts cryptobyte.String
	return in.ReadASN1(&parts, casn1.SEQUENCE) && in.Empty() && parts.SkipASN1(casn1.SEQUENCE) &&
		parts.SkipASN1(casn1.SEQUENCE) && parts.SkipASN1(casn1.BIT_STRING) && parts.Empty()
}

// marshal writes the ContentInfo (RFC 5652 section 3).
func (s *Signature) marshal() ([]byte, error) {
	sch, ok := s.Algorithm.scheme()
	if !ok || s.Signer == nil || len(s.signedAttributes) == 0 {
		return nil, errors.New("signature is not complete")
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { s.addSignedData(b, sch) })
		})
	})
	der, err := b.Bytes()
	if err == nil && len(der) > MaxLength {
		err = errors.New("signature is too large")
	}
	return der, err
}

// addSignedData writes the content of a SignedData (RFC 5652 section 5.1).
func (s *Signature) addSignedData(b *cryptobyte.Builder, sch scheme) {
	b.AddASN1Int64(1)
	b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(sch.digest) })
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) })
	b.AddASN1(contextTag(0), func(b *cryptobyte.Builder) {
		encoded := make([][]byte, len(s.Certificates))
		for i, c := range s.Certificates {
			encoded[i] = c.Raw
		}
		addSorted(b, encoded)
	})
	b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { s.addSignerInfo(b, sch) })
	})
}

// addSignerInfo writes the content of a SignerInfo (RFC 5652 section 5.3).
func (s *Signature) addSignerInfo(b *cryptobyte.Builder, sch scheme) {
	b.AddASN1Int64(1)
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(s.Signer.RawIssuer)
		b.AddASN1BigInt(s.Signer.SerialNumber)
	})
	b.AddBytes(sch.digest)
	// Signed as SET OF, carried as [0] IMPLICIT: the same bytes under another tag (section 5.4).
	carried := bytes.Clone(s.signedAttributes)
	carried[0] = byte(contextTag(0))
	b.AddBytes(carried)
	b.AddBytes(sch.signature)
	b.AddASN1OctetString(s.Value)
	if s.TimeStamp != nil {
		b.AddASN1(contextTag(1), func(b *cryptobyte.Builder) {
			b.AddBytes(attribute(oidTimeStampToken, func(b *cryptobyte.Builder) { b.AddBytes(s.TimeStamp) }))
		})
	}
}

// marshalSignedAttributes writes the SET OF that gets signed.
func (s *Signature) marshalSignedAttributes(sch scheme) ([]byte, error) {
	set := [][]byte{
		attribute(oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) }),
		attribute(oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(s.ContentDigest) }),
		attribute(oidSigningCertificateV2, func(b *cryptobyte.Builder) { s.addSigningCertificate(b, sch) }),
	}
	if s.Profile == CAdES {
		var t cryptobyte.Builder
		addTime(&t, s.SigningTime)
		encoded, err := t.Bytes()
		if err != nil {
			return nil, errors.New("signing time is out of range")
		}
		set = append(set, attribute(oidSigningTime, func(b *cryptobyte.Builder) { b.AddBytes(encoded) }))
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { addSorted(b, set) })
	return b.Bytes()
}

// addSigningCertificate writes SigningCertificateV2 (RFC 5035 section 3) with one ESSCertIDv2. Its
// hashAlgorithm is DEFAULT SHA-256, which DER leaves out; issuerSerial repeats the SignerInfo's and
// is left out too.
func (s *Signature) addSigningCertificate(b *cryptobyte.Builder, sch scheme) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				if sch.hash != crypto.SHA256 {
					b.AddBytes(sch.digest)
				}
				b.AddASN1OctetString(s.certificateDigest)
			})
		})
	})
}

// addTime writes a signing-time: UTCTime from 1950 to 2049, GeneralizedTime else (RFC 5652 section
// 11.3). t is UTC.
func addTime(b *cryptobyte.Builder, t time.Time) {
	if t.Year() >= 1950 && t.Year() < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}

func attribute(oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(casn1.SET, value)
	})
	return b.BytesOrPanic()
}

// addSorted writes the elements of a SET OF as DER wants them: in ascending order (X.690 clause 11.6).
func addSorted(b *cryptobyte.Builder, elements [][]byte) {
	sorted := slices.Clone(elements)
	slices.SortFunc(sorted, bytes.Compare)
	for _, e := range sorted {
		b.AddBytes(e)
	}
}

func contextTag(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific().Constructed() }
