package web

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/renewal"
)

// Issue implements the contract's issue.
func (s *server) Issue(ctx context.Context, _ IssueRequestObject) (IssueResponseObject, error) {
	r, _, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if err := possible(r, renewal.ActIssue, renewal.Confirmed, renewal.Issuing, renewal.Issued); err != nil {
		return nil, err
	}
	out, err := s.answer(s.finish(ctx, r))
	return Issue200JSONResponse{out}, err
}

// finish takes a confirmed renewal as far as it goes: asks the issuer, stores the certificate, gives
// it to the SAM. It may be called any number of times, at a time too: the issuer gives the same
// certificate for the same application, and the SAM takes it twice. It does not end with the
// browser's request.
//
// When the SAM can't be reached the certificate is issued nevertheless, and the portal tries again.
func (s *server) finish(ctx context.Context, r *renewal.Renewal) (*renewal.Renewal, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	var err error
	if r.State == renewal.Confirmed { // stored before the issuer is asked
		if r, err = s.store.BeginIssue(ctx, r.ID); err != nil {
			return nil, err
		}
	}
	if r.State == renewal.Issuing {
		if r, err = s.issue(ctx, r); err != nil {
			return nil, err
		}
	}
	if !r.Delivered {
		if err := s.deliver(ctx, r); err != nil {
			s.log.Error("giving the certificate to the SAM", zap.String("renewal", r.ID), zap.Error(err))
			return r, nil
		}
		if seen, err := s.seePhone(ctx, r); err == nil {
			return seen, nil
		}
	}
	return r, nil
}

func (s *server) issue(ctx context.Context, r *renewal.Renewal) (*renewal.Renewal, error) {
	application, err := s.store.DocumentOf(ctx, r.ID, renewal.ApplicationCMS)
	if err != nil {
		return nil, err
	}
	confirmation, err := s.store.DocumentOf(ctx, r.ID, renewal.ConfirmationCMS)
	if err != nil {
		return nil, err
	}
	issued, err := s.issuer.Issue(ctx, contract.CertificateRequest{
		Number: r.Application.Number, ApplicationCMS: application, ConfirmationCMS: confirmation, Statement: r.Confirmation.Statement,
	})
	if err != nil {
		if refusedForGood(err) {
			_, storing := s.store.Refuse(ctx, r.ID)
			return nil, errors.Join(issuerFault(err), storing)
		}
		return nil, issuerFault(err)
	}
	return s.store.FinishIssue(ctx, r.ID, issued.Certificate, issued.Chain)
}

// refusedForGood tells whether the issuer has said that it will issue nothing for this application:
// any refusal but those that mean a fault of the programs. The issuer answers with the certificate
// where it has issued one, so that a refusal also says that it has not.
func refusedForGood(err error) bool {
	var p *link.Problem
	if !errors.As(err, &p) || p.Status >= 500 {
		return false
	}
	switch p.Code {
	case link.CodeRequestMalformed, link.CodeRequestTooLarge, link.CodeMediaType, link.CodeInternal:
		return false
	}
	return true
}

func (s *server) deliver(ctx context.Context, r *renewal.Renewal) error {
	if err := s.sam.SetCertificate(ctx, r.Application.Enrolment, r.NewCertificate, r.NewChain); err != nil {
		return err
	}
	return s.store.Delivered(ctx, r.ID)
}

// GetCertificate implements the contract's getCertificate.
func (s *server) GetCertificate(ctx context.Context, _ GetCertificateRequestObject) (GetCertificateResponseObject, error) {
	r, _, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if err := possible(r, "get_certificate", renewal.Issued); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, der := range append([][]byte{r.NewCertificate}, r.NewChain...) {
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return nil, err
		}
	}
	return file{"application/x-pem-file", fileName("certyfikat", r, "pem"), out.Bytes()}, nil
}
