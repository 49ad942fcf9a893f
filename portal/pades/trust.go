package pades

import (
	"bytes"
	"crypto"
	_ "crypto/sha256" // links SHA-256
	_ "crypto/sha512" // links SHA-384 and SHA-512
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"github.com/odnowa/odnowa/protocol/cades"
)

// ErrTimeStamp covers every time-stamp, or answer of an authority, that does not count.
var ErrTimeStamp = errors.New("time-stamp is not valid")

// Trust says which time-stamps count. The library that parses tokens checks no more than that the
// token's signature fits a certificate inside it; all else is here.
type Trust struct {
	// Roots are the pinned roots of the time-stamp authority; the system's are never used.
	Roots *x509.CertPool
	// Policy, if not nil, is the only policy accepted (RFC 3161 section 2.4.2).
	Policy asn1.ObjectIdentifier
}

// Check tells that the token is over this SHA-256 digest, by an authority under Roots, and gives
// the time in it. Whether the authority's certificate was revoked is not looked at. Errors wrap
// ErrTimeStamp.
func (t Trust) Check(token, digest []byte) (time.Time, error) {
	ts, err := t.check(token, digest)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrTimeStamp, err)
	}
	return ts.Time, nil
}

func (t Trust) check(token, digest []byte) (*timestamp.Timestamp, error) {
	switch {
	case t.Roots == nil: // x509 would take the system's
		return nil, errors.New("no roots are pinned")
	case len(token) > cades.MaxTimeStamp:
		return nil, errors.New("token is too large")
	case !isDER(token):
		return nil, errors.New("token is not DER")
	}
	ts, p7, err := parseToken(token)
	if err != nil {
		return nil, err
	}
	switch {
	case ts.HashAlgorithm != crypto.SHA256 || !bytes.Equal(ts.HashedMessage, digest):
		return nil, errors.New("it is over something else")
	case t.Policy != nil && !t.Policy.Equal(ts.Policy):
		return nil, errors.New("it has another policy")
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return nil, errors.New("it does not have one signer with its certificate")
	}
	if s := p7.Signers[0]; !known(s.DigestAlgorithm.Algorithm, digests) || !known(s.DigestEncryptionAlgorithm.Algorithm, signatures) {
		return nil, errors.New("its algorithms are weak or unknown")
	}
	if err := checkAttributes(p7, signer); err != nil {
		return nil, err
	}
	return ts, t.checkAuthority(signer, ts)
}

var (
	oidTSTInfo              = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage          = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// Algorithms of a token. Without the lists, the library and x509 would take SHA-1.
var (
	digests = []asn1.ObjectIdentifier{
		pkcs7.OIDDigestAlgorithmSHA256, pkcs7.OIDDigestAlgorithmSHA384, pkcs7.OIDDigestAlgorithmSHA512,
	}
	signatures = []asn1.ObjectIdentifier{
		pkcs7.OIDEncryptionAlgorithmRSA, // with the digest algorithm, RFC 3370 section 3.2
		pkcs7.OIDEncryptionAlgorithmRSASHA256, pkcs7.OIDEncryptionAlgorithmRSASHA384, pkcs7.OIDEncryptionAlgorithmRSASHA512,
		pkcs7.OIDDigestAlgorithmECDSASHA256, pkcs7.OIDDigestAlgorithmECDSASHA384, pkcs7.OIDDigestAlgorithmECDSASHA512,
	}
)

func known(oid asn1.ObjectIdentifier, list []asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(list, oid.Equal)
}

// checkAttributes holds RFC 5652 section 11.1, the signature is over a TSTInfo and nothing that only
// looks like it, and RFC 5816 section 2.2.1, it names the certificate that made it.
func checkAttributes(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	var contentType asn1.ObjectIdentifier
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &contentType); err != nil || !contentType.Equal(oidTSTInfo) {
		return errors.New("content type is not TSTInfo")
	}
	var ess struct {
		Certs []struct {
			HashAlgorithm pkix.AlgorithmIdentifier `asn1:"optional"`
			Hash          []byte
			IssuerSerial  asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	if err := p7.UnmarshalSignedAttribute(oidSigningCertificateV2, &ess); err != nil || len(ess.Certs) == 0 {
		return errors.New("signing-certificate-v2 is missing or malformed")
	}
	hash, ok := essHash(ess.Certs[0].HashAlgorithm.Algorithm)
	if !ok {
		return errors.New("signing-certificate-v2 has an unknown hash")
	}
	h := hash.New()
	h.Write(signer.Raw)
	if !bytes.Equal(h.Sum(nil), ess.Certs[0].Hash) {
		return errors.New("signing-certificate-v2 names another certificate")
	}
	return nil
}

// essHash knows the hashes of ESSCertIDv2; absent means SHA-256 (RFC 5035 section 4).
func essHash(oid asn1.ObjectIdentifier) (crypto.Hash, bool) {
	switch {
	case len(oid) == 0, oid.Equal(pkcs7.OIDDigestAlgorithmSHA256):
		return crypto.SHA256, true
	case oid.Equal(pkcs7.OIDDigestAlgorithmSHA384):
		return crypto.SHA384, true
	case oid.Equal(pkcs7.OIDDigestAlgorithmSHA512):
		return crypto.SHA512, true
	}
	return 0, false
}

// checkAuthority holds RFC 3161 section 2.3, time-stamping is the certificate's only and critical
// purpose, and builds its path to the pinned roots at the time of the stamp.
func (t Trust) checkAuthority(signer *x509.Certificate, ts *timestamp.Timestamp) error {
	critical := slices.ContainsFunc(signer.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidExtKeyUsage) && e.Critical })
	only := slices.Equal(signer.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping})
	if !critical || !only || len(signer.UnknownExtKeyUsage) != 0 {
		return errors.New("certificate is not for time-stamping alone")
	}
	intermediates := x509.NewCertPool()
	for _, c := range ts.Certificates {
		intermediates.AddCert(c)
	}
	_, err := signer.Verify(x509.VerifyOptions{
		Roots: t.Roots, Intermediates: intermediates, CurrentTime: ts.Time,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return fmt.Errorf("building path of authority: %w", err)
	}
	return nil
}
