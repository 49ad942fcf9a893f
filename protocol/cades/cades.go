// Package cades is the one form of signature that agent and portal exchange: a detached CMS
// (RFC 5652) that is the CMS of a PAdES baseline signature (ETSI EN 319 142-1 clause 6.3) or a
// CAdES-B-B signature (ETSI EN 319 122-1 clause 6.3). The two differ in one attribute: CAdES has
// signing-time, PAdES must not have it.
//
// The idea: there is exactly one encoding of each signature, and [Parse] takes no other. It reads
// the few values that may differ from one signature to the next, writes them again with the code
// that the builder uses, and refuses the input unless the two are equal to the byte. So nothing can
// ride along that nobody looks at: no BER, no second signer, no unordered set, no bytes behind the
// end, no algorithm, attribute or parameter that is not named here.
//
//	ContentInfo signedData
//	  version 1, digestAlgorithms {the one}, id-data without content
//	  certificates: the signer's and others, sorted; no CRLs
//	  one SignerInfo, version 1, issuerAndSerialNumber
//	    signed attributes, sorted: the allow-list is
//	      content-type            id-data
//	      message-digest          hash of the content
//	      signing-certificate-v2  one ESSCertIDv2 (RFC 5035), hash of the signer's certificate
//	      signing-time            CAdES only, whole seconds, UTC
//	    unsigned attributes: none, or one signature-time-stamp
//
// All hashes of a signature (content, attributes, certificate, MGF1) are the one its [Algorithm]
// names.
//
// The package makes no statement about trust: it looks at no certification path, validity,
// revocation or key usage, believes no signing-time, and does not look into the time-stamp token.
// Certificates beside the signer's are a convenience for those who build paths. Callers name the
// certificate they want in [Signature.Verify] and have judged it themselves.
package cades

import (
	"crypto/x509"
	"errors"
	"time"
)

// Profile is the kind of signature. Other values than the two constants are refused everywhere.
type Profile int

// The profiles.
const (
	PAdES Profile = iota // for the placeholder of a PDF; signing-time is absent, the PDF has /M
	CAdES                // beside any other content; signing-time is present
)

// String gives the profile's name in the bridge protocol.
func (p Profile) String() string {
	switch p {
	case PAdES:
		return "pades"
	case CAdES:
		return "cades"
	}
	return "unknown"
}

// Limits, held by builder and parser. The first follows from the others with room to spare, so that
// whatever the builder makes can be parsed.
const (
	MaxLength       = 64 << 10 // bytes of a CMS; more is refused before anything is read
	MaxCertificates = 8        // the signer's included
	MaxTimeStamp    = 16 << 10 // bytes of a time-stamp token

	maxCertificateBytes = 20 << 10 // all certificates together
)

var (
	// ErrFormat covers everything that is not the one encoding of a signature that this package
	// writes, and every algorithm that it does not know.
	ErrFormat = errors.New("not a signature of the agreed format")
	// ErrProfile is a PAdES signature where CAdES was wanted, or the reverse.
	ErrProfile = errors.New("signature has another profile")
	// ErrOtherCertificate is a signature by, or in the name of, another certificate.
	ErrOtherCertificate = errors.New("signature belongs to another certificate")
	// ErrOtherContent is a signature over something else.
	ErrOtherContent = errors.New("signature belongs to other content")
	// ErrSignature is a signature value that does not verify with the certificate's key.
	ErrSignature = errors.New("signature value does not verify")
	// ErrAlgorithm is an algorithm that is unknown or does not fit the certificate's key.
	ErrAlgorithm = errors.New("algorithm does not fit the key")
)

// Signature is a parsed CMS. Parse makes it; it holds nothing of the caller's memory. Nothing in it
// is proven until Verify says so. Its fields are to be read, not written.
type Signature struct {
	Profile   Profile
	Algorithm Algorithm
	// Certificates is the whole set, Signer included, in the order of their encodings.
	Certificates []*x509.Certificate
	// Signer is the certificate that the signer's issuer and serial number name.
	Signer *x509.Certificate
	// ContentDigest is what the signature says about the content: its hash by Algorithm.
	ContentDigest []byte
	// SigningTime is the signer's claim, in whole seconds UTC. Zero in PAdES.
	SigningTime time.Time
	// Value is the signature value: RSA as long as the modulus, ECDSA in ASN.1 form. A time-stamp
	// (RFC 3161) is over its hash.
	Value []byte
	// TimeStamp is the DER of the token in signature-time-stamp (EN 319 122-1 clause 5.3), or nil.
	// It is known to be a SignedData and no more.
	TimeStamp []byte

	certificateDigest []byte // from signing-certificate-v2
	signedAttributes  []byte // the DER SET OF that Value signs
}
