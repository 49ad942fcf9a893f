package web

import (
	"context"
	"net/http"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/renewal"
)

// GetPortal implements the contract's getPortal.
func (s *server) GetPortal(context.Context, GetPortalRequestObject) (GetPortalResponseObject, error) {
	out := GetPortal200JSONResponse{
		Name: s.cfg.Name, Test: s.cfg.Test, Origin: s.cfg.Origin, PhoneApp: s.cfg.PhoneApp, Signing: Open,
		Terms: terms.legal(), Privacy: privacy.legal(),
		Support: Support{Email: s.cfg.Support.Email, Phone: s.cfg.Support.Phone},
		Issuers: [][]byte{},
	}
	for _, ca := range s.issuers {
		out.Issuers = append(out.Issuers, ca.RawSubject)
	}
	return out, nil
}

// opened is the answer that sets the session's cookie.
type opened struct {
	OpenRenewal200JSONResponse
	session string
}

func (o opened) VisitOpenRenewalResponse(w http.ResponseWriter) error {
	setCookie(w, o.session)
	return o.OpenRenewal200JSONResponse.VisitOpenRenewalResponse(w)
}

// OpenRenewal implements the contract's openRenewal.
func (s *server) OpenRenewal(ctx context.Context, in OpenRenewalRequestObject) (OpenRenewalResponseObject, error) {
	who := callerOf(ctx)
	session, r, err := s.store.Open(ctx, in.Body.Code, who.client, who.session)
	if err != nil {
		if f := faultOf(err); f.code != Internal {
			if err := s.audit.Append("code.refused", audit.ID("code", string(f.code))); err != nil {
				return nil, err
			}
		}
		return nil, err
	}
	out, err := s.answer(r, nil)
	return opened{OpenRenewal200JSONResponse{out}, session}, err
}

// answer is the renewal after an operation.
func (s *server) answer(r *renewal.Renewal, err error) (RenewalJSONResponse, error) {
	if err != nil {
		return RenewalJSONResponse{}, err
	}
	out, err := s.present(r)
	return RenewalJSONResponse(out), err
}

// GetRenewal implements the contract's getRenewal.
func (s *server) GetRenewal(ctx context.Context, _ GetRenewalRequestObject) (GetRenewalResponseObject, error) {
	r, _, err := s.mine(ctx)
	out, err := s.answer(r, err)
	return GetRenewal200JSONResponse{out}, err
}

// left is the answer that takes the session's cookie back.
type left struct{ LeaveRenewal204Response }

func (l left) VisitLeaveRenewalResponse(w http.ResponseWriter) error {
	setCookie(w, "")
	return l.LeaveRenewal204Response.VisitLeaveRenewalResponse(w)
}

// LeaveRenewal implements the contract's leaveRenewal.
func (s *server) LeaveRenewal(ctx context.Context, _ LeaveRenewalRequestObject) (LeaveRenewalResponseObject, error) {
	return left{}, s.store.Leave(ctx, callerOf(ctx).session)
}

// SetStart implements the contract's setStart.
func (s *server) SetStart(ctx context.Context, in SetStartRequestObject) (SetStartResponseObject, error) {
	if !in.Body.Start.Valid() {
		return nil, refuseField(InvalidRequest, "start")
	}
	out, err := s.answer(s.store.SetStart(ctx, callerOf(ctx).session, renewal.Start(in.Body.Start)))
	return SetStart200JSONResponse{out}, err
}

// SetCertificate implements the contract's setCertificate.
func (s *server) SetCertificate(ctx context.Context, in SetCertificateRequestObject) (SetCertificateResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if err := possible(r, renewal.ActSetCert, renewal.StartChosen, renewal.CertificateChosen); err != nil {
		return nil, err
	}
	check, err := s.check(ctx, r, in.Body.Certificate)
	if err != nil {
		return nil, err
	}
	out, err := s.answer(s.store.SetCertificate(ctx, session, r.Start, renewal.Checked{
		Certificate: in.Body.Certificate, Subject: renewal.Subject(check.Subject),
		NotBefore: check.NotBefore, NotAfter: check.NotAfter,
	}))
	return SetCertificate200JSONResponse{out}, err
}

// check asks the issuer whether the certificate may carry this renewal, now.
func (s *server) check(ctx context.Context, r *renewal.Renewal, certificate []byte) (*contract.Check, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	check, err := s.issuer.Check(ctx, contract.CheckRequest{Certificate: certificate, Months: r.Offer.Months, Start: string(r.Start)})
	if err != nil {
		return nil, issuerFault(err)
	}
	return check, nil
}

// possible refuses an action early, before others are asked. The store decides, later.
func possible(r *renewal.Renewal, action renewal.Action, states ...renewal.State) error {
	for _, st := range states {
		if r.State == st {
			return nil
		}
	}
	return &renewal.StateError{Action: action, State: r.State}
}

// AcceptTerms implements the contract's acceptTerms.
func (s *server) AcceptTerms(ctx context.Context, in AcceptTermsRequestObject) (AcceptTermsResponseObject, error) {
	if in.Body.Terms != terms.version || in.Body.Privacy != privacy.version {
		if _, _, err := s.mine(ctx); err != nil {
			return nil, err
		}
		return nil, refuse(TermsChanged)
	}
	out, err := s.answer(s.store.AcceptTerms(ctx, callerOf(ctx).session, renewal.Terms{
		Terms: terms.version, TermsSHA256: terms.hash(), Privacy: privacy.version, PrivacySHA256: privacy.hash(),
	}))
	return AcceptTerms200JSONResponse{out}, err
}

// WithdrawApplication implements the contract's withdrawApplication.
func (s *server) WithdrawApplication(ctx context.Context, _ WithdrawApplicationRequestObject) (WithdrawApplicationResponseObject, error) {
	out, err := s.answer(s.store.Withdraw(ctx, callerOf(ctx).session))
	return WithdrawApplication200JSONResponse{out}, err
}
