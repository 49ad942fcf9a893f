package web

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/renewal"
	"github.com/odnowa/odnowa/protocol/cades"
)

// SetContact implements the contract's setContact.
func (s *server) SetContact(ctx context.Context, in SetContactRequestObject) (SetContactResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if err := possible(r, renewal.ActContact, renewal.ApplicationSigned, renewal.ContactGiven, renewal.ConfirmationDrawnUp); err != nil {
		return nil, err
	}
	contact, err := normalise(*in.Body)
	if err != nil {
		return nil, err
	}
	if r, err = s.readyPhone(ctx, r); err != nil {
		return nil, err
	}
	out, err := s.answer(s.store.SetContact(ctx, session, r.Phone, contact))
	return SetContact200JSONResponse{out}, err
}

// readyPhone asks the SAM how the phone is, now, and refuses unless it is ready.
func (s *server) readyPhone(ctx context.Context, r *renewal.Renewal) (*renewal.Renewal, error) {
	r, err := s.seePhone(ctx, r)
	if err != nil {
		return nil, err
	}
	if r.Phone.State != renewal.PhoneReady {
		return nil, refuse(PhoneNotReady)
	}
	return r, nil
}

// seePhone stores what the SAM says of the phone now, and gives the renewal after it.
func (s *server) seePhone(ctx context.Context, r *renewal.Renewal) (*renewal.Renewal, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	e, err := s.sam.Wait(ctx, r.Application.Enrolment, 0, 0)
	if err != nil {
		return nil, samFault(err)
	}
	if e.Version <= r.Phone.Version {
		return r, nil
	}
	seen, err := s.store.SeePhone(ctx, r.ID, r.Application.Enrolment, e.phone())
	var state *renewal.StateError
	if errors.As(err, &state) { // somebody else has seen it, or the enrolment is gone
		return s.store.ByID(ctx, r.ID)
	}
	return seen, err
}

// DrawUpConfirmation implements the contract's drawUpConfirmation.
func (s *server) DrawUpConfirmation(ctx context.Context, _ DrawUpConfirmationRequestObject) (DrawUpConfirmationResponseObject, error) {
	ctx, cancel := context.WithTimeout(ctx, drawUpTimeout)
	defer cancel()
	session := callerOf(ctx).session
	r, lease, err := s.begin(ctx, renewal.ActDrawUpConf, session)
	if err == nil && lease != "" {
		id := r.ID
		if r, err = s.drawUpConfirmation(ctx, r, session, lease); err != nil {
			s.undo(context.WithoutCancel(ctx), id, lease, nil)
		}
	}
	out, err := s.answer(r, err)
	return DrawUpConfirmation200JSONResponse{out}, err
}

func (s *server) drawUpConfirmation(ctx context.Context, r *renewal.Renewal, session, lease string) (*renewal.Renewal, error) {
	defer s.store.Hold(ctx, r.ID, lease)()
	r, err := s.readyPhone(ctx, r)
	if err != nil {
		return nil, err
	}
	cms, err := s.store.Document(ctx, session, renewal.ApplicationCMS)
	if err != nil {
		return nil, err
	}
	c, err := s.issuer.Confirm(ctx, contract.ConfirmationRequest{
		Number: r.Application.Number, ApplicationCMS: cms, Statement: r.Phone.Statement,
		Contact: contract.Contact{Email: r.Contact.Email, Phone: r.Contact.Phone},
	})
	if err != nil {
		err = issuerFault(err)
		if faultOf(err).code == ApplicationExpired {
			_, storing := s.store.Expire(ctx, r.ID, r.Application.Number)
			err = errors.Join(err, storing)
		}
		return nil, err
	}
	return s.store.DrawUpConfirmation(ctx, session, lease, renewal.Confirmation{Seal: c.Seal, Statement: r.Phone.Statement}, c.Document)
}

// GetConfirmationSigning implements the contract's getConfirmationSigning.
func (s *server) GetConfirmationSigning(ctx context.Context, _ GetConfirmationSigningRequestObject) (GetConfirmationSigningResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if err := possible(r, "get_confirmation_signing", renewal.ConfirmationDrawnUp); err != nil {
		return nil, err
	}
	text, err := s.store.Document(ctx, session, renewal.ConfirmationText)
	if err != nil {
		return nil, err
	}
	out := SigningJSONResponse{CertificateId: hexSHA256(r.Certificate), Format: Cades, Seal: r.Confirmation.Seal}
	out.Document.Name, out.Document.MediaType, out.Document.Bytes = fileName("potwierdzenie", r, "txt"), "text/plain", text
	return GetConfirmationSigning200JSONResponse{out}, nil
}

// SignConfirmation implements the contract's signConfirmation: the holder's last word, kept before
// the certificate is issued.
func (s *server) SignConfirmation(ctx context.Context, in SignConfirmationRequestObject) (SignConfirmationResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if r.State == renewal.ConfirmationDrawnUp {
		r, err = s.signConfirmation(ctx, r, session, in.Body.Cms)
	} else { // done already, with the same signature, or not possible
		r, err = s.store.Confirm(ctx, session, r.Confirmation.Seal, in.Body.Cms)
	}
	if err == nil {
		r, err = s.finish(ctx, r)
	}
	out, err := s.answer(r, err)
	return SignConfirmation200JSONResponse{out}, err
}

func (s *server) signConfirmation(ctx context.Context, r *renewal.Renewal, session string, cms []byte) (*renewal.Renewal, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	text, err := s.store.Document(ctx, session, renewal.ConfirmationText)
	if err != nil {
		return nil, err
	}
	if err := acceptConfirmation(r, text, cms); err != nil {
		return nil, err
	}
	now, err := s.seePhone(ctx, r)
	if err != nil {
		return nil, err
	}
	if now.Phone.Statement != r.Confirmation.Statement {
		return nil, refuse(PhoneChanged)
	}
	// From here on no other phone can take this one's place.
	if err := s.sam.Confirm(ctx, r.Application.Enrolment, r.Confirmation.Statement); err != nil {
		var p *link.Problem
		if errors.As(err, &p) && p.Status < 500 {
			return nil, because(PhoneChanged, err)
		}
		return nil, samFault(err)
	}
	return s.store.Confirm(ctx, session, r.Confirmation.Seal, cms)
}

// acceptConfirmation checks the CMS against the text that was kept and the certificate that was chosen.
func acceptConfirmation(r *renewal.Renewal, text, cms []byte) error {
	certificate, err := x509.ParseCertificate(r.Certificate)
	if err != nil {
		return fmt.Errorf("reading stored certificate: %w", err)
	}
	signature, err := cades.Parse(cms)
	if err != nil {
		return signatureFault(err)
	}
	if signature.TimeStamp != nil {
		return refuse(SignatureMalformed) // the agent adds none
	}
	return signatureFaultOrNil(signature.Verify(cades.CAdES, signature.Algorithm.Sum(text), certificate))
}

func signatureFaultOrNil(err error) error {
	if err == nil {
		return nil
	}
	return signatureFault(err)
}

// GetConfirmation implements the contract's getConfirmation.
func (s *server) GetConfirmation(ctx context.Context, _ GetConfirmationRequestObject) (GetConfirmationResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	text, err := s.store.Document(ctx, session, renewal.ConfirmationText)
	return file{"text/plain; charset=utf-8", fileName("potwierdzenie", r, "txt"), text}, err
}

// GetConfirmationSignature implements the contract's getConfirmationSignature.
func (s *server) GetConfirmationSignature(ctx context.Context, _ GetConfirmationSignatureRequestObject) (GetConfirmationSignatureResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	cms, err := s.store.Document(ctx, session, renewal.ConfirmationCMS)
	return file{"application/pkcs7-signature", fileName("potwierdzenie", r, "txt.p7s"), cms}, err
}
