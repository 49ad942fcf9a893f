// Package pades makes a signed application of three things that never were together before: the
// document that the authority drew up and kept, the CMS that the person's card made, and a
// time-stamp. The result is PAdES B-T (ETSI EN 319 142-1 clause 6).
//
// The one rule behind it: nobody is ever believed about a PDF. The document comes from the
// authority's own records, of the client's answer only the CMS is taken, and [Accept] compares the
// two to the byte. So attacks that add to, wrap or replace parts of a signed PDF have no entry.
//
// The package does not decide whether a certificate may sign: path, validity and revocation at the
// moment of acceptance are the caller's matter, who names the certificate that it has checked.
package pades

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/odnowa/odnowa/portal/pdf"
	"github.com/odnowa/odnowa/protocol/cades"
)

// MaxCMS is the most bytes of a CMS that is accepted: what the placeholder leaves beside a
// time-stamp token.
const MaxCMS = pdf.SignatureCapacity - 10<<10

var (
	// ErrTooLarge is a CMS of more than MaxCMS bytes.
	ErrTooLarge = errors.New("signature is too large")
	// ErrStamped is a CMS that already has a time-stamp: the authority gets its own.
	ErrStamped = errors.New("signature already has a time-stamp")
)

// TimeStamper gets time-stamp tokens (RFC 3161). The token that it returns is checked: over this
// SHA-256 digest, by an authority that the implementation trusts.
type TimeStamper interface {
	TimeStamp(ctx context.Context, digestSHA256 []byte) (token []byte, err error)
}

// Accept checks a client's CMS against the document that was kept and the certificate that was
// chosen and checked. Errors wrap pdf.ErrPlaceholder (the records are damaged), ErrTooLarge,
// ErrStamped, or one of cades: ErrFormat, ErrProfile, ErrOtherCertificate, ErrOtherContent,
// ErrSignature.
func Accept(prepared []byte, byteRange [4]int, cms []byte, want *x509.Certificate) (*cades.Signature, error) {
	p, err := pdf.Reopen(prepared, byteRange)
	if err != nil {
		return nil, fmt.Errorf("accepting signature: %w", err)
	}
	if len(cms) > MaxCMS {
		return nil, fmt.Errorf("accepting signature: %w: %d bytes", ErrTooLarge, len(cms))
	}
	s, err := cades.Parse(cms)
	if err != nil {
		return nil, fmt.Errorf("accepting signature: %w", err)
	}
	if s.TimeStamp != nil {
		return nil, fmt.Errorf("accepting signature: %w", ErrStamped)
	}
	if err := s.Verify(cades.PAdES, s.Algorithm.Sum(p.SignedBytes()), want); err != nil {
		return nil, fmt.Errorf("accepting signature: %w", err)
	}
	return s, nil
}

// Finish time-stamps an accepted signature and puts it into the document. It returns the signed PDF
// and the CMS inside it; prepared is not changed. Done again it gets another time-stamp, so callers
// keep the first result.
func Finish(ctx context.Context, ts TimeStamper, prepared []byte, byteRange [4]int, s *cades.Signature) (signed, cms []byte, err error) {
	p, err := pdf.Reopen(prepared, byteRange)
	if err != nil {
		return nil, nil, fmt.Errorf("finishing signature: %w", err)
	}
	if !bytes.Equal(s.ContentDigest, s.Algorithm.Sum(p.SignedBytes())) {
		return nil, nil, fmt.Errorf("finishing signature: %w", cades.ErrOtherContent)
	}
	// EN 319 122-1 clause 5.3: the imprint is over the signature value.
	imprint := sha256.Sum256(s.Value)
	token, err := ts.TimeStamp(ctx, imprint[:])
	if err != nil {
		return nil, nil, fmt.Errorf("finishing signature: %w", err)
	}
	if cms, err = s.WithTimeStamp(token); err != nil {
		return nil, nil, fmt.Errorf("finishing signature: %w", err)
	}
	if signed, err = pdf.Insert(prepared, byteRange, cms); err != nil {
		return nil, nil, fmt.Errorf("finishing signature: %w", err)
	}
	return signed, cms, nil
}
