package cades

import (
	"bytes"
	"crypto/x509"
	"fmt"
)

// Verify tells whether the signature is of the wanted profile, by the certificate want, over the
// content with this digest (s.Algorithm.Sum of the content; see NewRequest for which bytes). Nil is
// the only good answer; the others are ErrProfile, ErrOtherCertificate, ErrOtherContent and
// ErrSignature, tried in this order. The rules have no options.
//
// The caller decides whether want may sign at this moment: path, validity, revocation, key usage.
func (s *Signature) Verify(profile Profile, contentDigest []byte, want *x509.Certificate) error {
	sch, ok := s.Algorithm.scheme()
	switch {
	case !ok || s.Signer == nil:
		return fmt.Errorf("%w: not a parsed one", ErrSignature)
	case s.Profile != profile:
		return fmt.Errorf("%w: %s", ErrProfile, s.Profile)
	case want == nil || !bytes.Equal(s.Signer.Raw, want.Raw):
		return ErrOtherCertificate
	// The issuer and serial number of the SignerInfo are not signed; this attribute is. Without it
	// another certificate for the same key could be put in the signer's place (RFC 5035 section 1).
	case !bytes.Equal(s.certificateDigest, sch.sum(want.Raw)):
		return fmt.Errorf("%w: signing-certificate-v2 names it", ErrOtherCertificate)
	case !bytes.Equal(s.ContentDigest, contentDigest):
		return ErrOtherContent
	case !sch.verify(want.PublicKey, s.signedAttributes, s.Value):
		return ErrSignature
	}
	return nil
}
