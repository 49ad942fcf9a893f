package issuer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/profile"
)

// Check tells whether this certificate may carry a renewal now and how long the new one would be
// valid. The new certificate has been made already with keys that are thrown away, and linted.
func (s *Service) Check(ctx context.Context, in contract.CheckRequest) (*contract.Check, error) {
	cert, err := s.holder(ctx, in.Certificate)
	var out *contract.Check
	if err == nil {
		out, err = s.term(cert, in.Months, in.Start)
	}
	return out, s.refused(err, "check.refused", audit.Hash("certificate", in.Certificate))
}

// refused records a refusal and passes every error on. A refusal that can't be recorded is a fault.
func (s *Service) refused(err error, event string, about audit.Field) error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		if fault := s.audit.Append(event, about, audit.ID("code", r.Code)); fault != nil {
			return fault
		}
	}
	return err
}

// holder decides whether a certificate may identify its holder now. It fails closed: whatever can't
// be found out is an error.
func (s *Service) holder(ctx context.Context, der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, refuse(contract.CertificateMalformed)
	}
	now := s.now()
	ca := s.authority.Certificate
	switch {
	case !bytes.Equal(cert.RawIssuer, ca.RawSubject) || cert.CheckSignatureFrom(ca) != nil:
		return nil, refuse(contract.CertificateOtherCA)
	case cert.KeyUsage&x509.KeyUsageContentCommitment == 0:
		return nil, refuse(contract.CertificateKeyUsage)
	case !profile.Qualified(cert) || len(cert.UnhandledCriticalExtensions) > 0:
		return nil, refuse(contract.CertificateNotQualified)
	case now.Before(cert.NotBefore):
		return nil, refuse(contract.CertificateNotYetValid)
	case now.After(cert.NotAfter):
		return nil, refuse(contract.CertificateExpired)
	}
	return cert, s.registered(ctx, cert)
}

// registered asks the register: revocation, device, and how the person had been identified.
func (s *Service) registered(ctx context.Context, cert *x509.Certificate) error {
	rec, err := s.register.Find(ctx, cert.Raw)
	switch {
	case errors.Is(err, ErrNotRegistered):
		return refuseFor(contract.IdentityRequired, err)
	case err != nil:
		return err
	case !rec.RevokedAt.IsZero():
		return refuse(contract.CertificateRevoked)
	case slices.Contains(s.config.WithdrawnDevices, rec.Device):
		return refuse(contract.CertificateDeviceWithdrawn)
	case !rec.Identification.CarriesRenewal():
		return refuseFor(contract.IdentityRequired, fmt.Errorf("issued on %s", rec.Identification))
	}
	return nil
}

// term works out the validity of the new certificate and lints it.
func (s *Service) term(cert *x509.Certificate, months int, start string) (*contract.Check, error) {
	if !slices.Contains(s.config.Months, months) {
		return nil, refuse(contract.MonthsNotOffered)
	}
	now := s.now()
	from := now
	switch start {
	case contract.StartNow:
	case contract.StartAfterCurrent:
		from = cert.NotAfter.Add(time.Second)
	default:
		return nil, refuseFor(contract.StartTooLate, errors.New("unknown start"))
	}
	if from.After(now.AddDate(0, 0, s.config.LatestStartDays)) {
		return nil, refuse(contract.StartTooLate)
	}
	notBefore, notAfter, err := profile.Validity(from, months, s.authority.Certificate)
	if err != nil {
		return nil, refuseFor(contract.StartTooLate, err)
	}
	if err := s.precheck(cert, notBefore, notAfter); err != nil {
		return nil, err
	}
	p := profile.Subject(cert)
	return &contract.Check{NotBefore: notBefore, NotAfter: notAfter, Subject: contract.Subject(p)}, nil
}

func (s *Service) precheck(cert *x509.Certificate, notBefore, notAfter time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making a key to lint with: %w", err)
	}
	serial, _ := new(big.Int).SetString(newTransaction(), 16)
	_, err = s.authority.Precheck(profile.Request{
		PublicKey: key.Public(), RawSubject: cert.RawSubject, Serial: serial,
		NotBefore: notBefore, NotAfter: notAfter, Identification: profile.QualifiedSignature,
	})
	if errors.Is(err, profile.ErrLint) {
		return refuseFor(contract.LintFailed, err)
	}
	return err
}
