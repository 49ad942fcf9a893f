package web

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/pades"
	"github.com/odnowa/odnowa/portal/renewal"
	"github.com/odnowa/odnowa/protocol/cades"
)

// DrawUpApplication implements the contract's drawUpApplication: the SAM opens an enrolment, whose
// URL the issuer puts into the application; both are stored in one transition.
func (s *server) DrawUpApplication(ctx context.Context, in DrawUpApplicationRequestObject) (DrawUpApplicationResponseObject, error) {
	if !in.Body.Language.Valid() {
		return nil, refuseField(InvalidRequest, "language")
	}
	ctx, cancel := context.WithTimeout(ctx, drawUpTimeout)
	defer cancel()
	language, session := string(in.Body.Language), callerOf(ctx).session
	r, lease, err := s.begin(ctx, renewal.ActDrawUp, session, language)
	if err == nil && lease != "" {
		r, err = s.drawUp(ctx, r, session, lease, language)
	}
	out, err := s.answer(r, err)
	return DrawUpApplication200JSONResponse{out}, err
}

// begin is the store's Begin. Who waits in vain for another request that draws up waits for those that
// it waits for.
func (s *server) begin(ctx context.Context, action renewal.Action, session string, same ...any) (*renewal.Renewal, string, error) {
	r, lease, err := s.store.Begin(ctx, action, session, same...)
	if errors.Is(err, context.DeadlineExceeded) {
		err = because(IssuerUnavailable, err)
	}
	return r, lease, err
}

func (s *server) drawUp(ctx context.Context, r *renewal.Renewal, session, lease, language string) (_ *renewal.Renewal, err error) {
	defer s.store.Hold(ctx, r.ID, lease)()
	var made []renewal.Void
	defer func() {
		if err != nil {
			s.undo(context.WithoutCancel(ctx), r.ID, lease, made)
		}
	}()
	enrolment, err := s.sam.Enrol(ctx, r.ID)
	if err != nil {
		return nil, samFault(err)
	}
	made = append(made, renewal.Void{Kind: renewal.VoidEnrolment, Subject: enrolment.ID})
	request := contract.ApplicationRequest{
		Origin: s.cfg.Origin, Certificate: r.Certificate, Months: r.Offer.Months, Start: string(r.Start),
		Target: r.Offer.Target, EnrolmentURL: enrolment.URL, Language: language,
	}
	if c := r.Offer.Contract; c != nil {
		request.Contract = &contract.Contract{With: c.With, About: c.About}
	}
	a, err := s.issuer.DrawUp(ctx, request)
	if err != nil {
		return nil, issuerFault(err)
	}
	made = append(made, renewal.Void{Kind: renewal.VoidApplication, Subject: a.Number})
	if err := s.sam.SetApplication(ctx, enrolment.ID, a.Number); err != nil {
		return nil, samFault(err)
	}
	return s.store.DrawUp(ctx, session, lease, renewal.Application{
		Number: a.Number, Language: language, ByteRange: a.ByteRange[:], Digest: a.Digest, Seal: a.Seal,
		Enrolment: enrolment.ID, EnrolmentURL: enrolment.URL,
	}, a.Document, a.NotBefore, a.NotAfter)
}

// undo gives the lease back and has void what was drawn up and not stored.
func (s *server) undo(ctx context.Context, id, lease string, made []renewal.Void) {
	err := s.store.End(ctx, id, lease)
	for _, v := range made {
		err = errors.Join(err, s.store.AddVoid(ctx, v))
	}
	if err != nil {
		s.log.Error("undoing a draw-up", zap.String("renewal", id), zap.Error(err))
	}
	s.chores.soon()
}

// GetApplicationSigning implements the contract's getApplicationSigning.
func (s *server) GetApplicationSigning(ctx context.Context, _ GetApplicationSigningRequestObject) (GetApplicationSigningResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if err := possible(r, "get_application_signing", renewal.TermsAccepted); err != nil {
		return nil, err
	}
	pdf, err := s.store.Document(ctx, session, renewal.ApplicationPDF)
	if err != nil {
		return nil, err
	}
	out := SigningJSONResponse{CertificateId: hexSHA256(r.Certificate), Format: Pades, Seal: r.Application.Seal}
	out.Document.Name, out.Document.MediaType, out.Document.Bytes = fileName("wniosek", r, "pdf"), "application/pdf", pdf
	return GetApplicationSigning200JSONResponse{out}, nil
}

// SignApplication implements the contract's signApplication. The document is the one that was kept;
// of what the client sends only the CMS counts (portal/pades).
func (s *server) SignApplication(ctx context.Context, in SignApplicationRequestObject) (SignApplicationResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if r.State == renewal.TermsAccepted {
		r, err = s.signApplication(ctx, r, session, in.Body.Cms)
	} else { // done already, with the same signature, or not possible
		r, err = s.store.SignApplication(ctx, session, r.Application.Number, in.Body.Cms, nil)
	}
	out, err := s.answer(r, err)
	return SignApplication200JSONResponse{out}, err
}

func (s *server) signApplication(ctx context.Context, r *renewal.Renewal, session string, cms []byte) (*renewal.Renewal, error) {
	ctx, cancel := context.WithTimeout(ctx, drawUpTimeout)
	defer cancel()
	prepared, err := s.store.Document(ctx, session, renewal.ApplicationPDF)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(r.Certificate)
	if err != nil {
		return nil, fmt.Errorf("reading stored certificate: %w", err)
	}
	if len(r.Application.ByteRange) != 4 {
		return nil, errors.New("stored byte range is not four numbers")
	}
	byteRange := [4]int(r.Application.ByteRange)
	signature, err := pades.Accept(prepared, byteRange, cms, certificate)
	if err != nil {
		return nil, signatureFault(err)
	}
	// It has to be good at the moment of acceptance, revocation too.
	if _, err := s.check(ctx, r, r.Certificate); err != nil {
		return nil, err
	}
	signed, _, err := pades.Finish(ctx, s.tsa, prepared, byteRange, signature)
	if err != nil {
		return nil, because(TimestampUnavailable, err)
	}
	return s.store.SignApplication(ctx, session, r.Application.Number, cms, signed)
}

// signatureFault says what is wrong with a CMS.
func signatureFault(err error) error {
	for sentinel, code := range map[error]Code{
		cades.ErrFormat: SignatureMalformed, cades.ErrProfile: SignatureMalformed, cades.ErrAlgorithm: SignatureMalformed,
		pades.ErrTooLarge: SignatureMalformed, pades.ErrStamped: SignatureMalformed,
		cades.ErrOtherCertificate: SignatureOtherCertificate, cades.ErrOtherContent: SignatureOtherDocument,
		cades.ErrSignature: SignatureInvalid,
	} {
		if errors.Is(err, sentinel) {
			return because(code, err)
		}
	}
	return err
}

// GetApplicationPDF implements the contract's getApplicationPDF.
func (s *server) GetApplicationPDF(ctx context.Context, _ GetApplicationPDFRequestObject) (GetApplicationPDFResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	kind := renewal.ApplicationPDF
	if !r.SignedAt.IsZero() {
		kind = renewal.SignedApplicationPDF
	}
	pdf, err := s.store.Document(ctx, session, kind)
	return file{"application/pdf", fileName("wniosek", r, "pdf"), pdf}, err
}

// GetApplicationQR implements the contract's getApplicationQR.
func (s *server) GetApplicationQR(ctx context.Context, _ GetApplicationQRRequestObject) (GetApplicationQRResponseObject, error) {
	r, _, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if r.SignedAt.IsZero() || r.State == renewal.Issued {
		return nil, &renewal.StateError{Action: "get_qr", State: r.State}
	}
	svg, err := qrSVG(r.Application.EnrolmentURL)
	return file{"image/svg+xml", "", svg}, err
}

// file is a document as an answer; with a name it can be saved.
type file struct {
	mediaType, name string
	content         []byte
}

func (f file) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", f.mediaType)
	if f.name != "" {
		w.Header().Set("Content-Disposition", `inline; filename="`+f.name+`"`)
	}
	_, err := w.Write(f.content)
	return err
}

func (f file) VisitGetApplicationPDFResponse(w http.ResponseWriter) error        { return f.write(w) }
func (f file) VisitGetApplicationQRResponse(w http.ResponseWriter) error         { return f.write(w) }
func (f file) VisitGetConfirmationResponse(w http.ResponseWriter) error          { return f.write(w) }
func (f file) VisitGetConfirmationSignatureResponse(w http.ResponseWriter) error { return f.write(w) }
func (f file) VisitGetCertificateResponse(w http.ResponseWriter) error           { return f.write(w) }

// fileName names a document after the application's number, in characters that every system takes.
func fileName(kind string, r *renewal.Renewal, extension string) string {
	number := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return c
		}
		return '-'
	}, r.Application.Number)
	return kind + "-" + number + "." + extension
}
