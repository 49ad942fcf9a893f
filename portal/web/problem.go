package web

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/renewal"
)

// fault is an error that its causer is told, by code.
type fault struct {
	code  Code
	field string
	state renewal.State
	retry time.Duration
	cause error // for the log only
}

func (f *fault) Error() string {
	if f.cause != nil {
		return string(f.code) + ": " + f.cause.Error()
	}
	return string(f.code)
}

func (f *fault) Unwrap() error { return f.cause }

func refuse(code Code) error { return &fault{code: code} }

func refuseField(code Code, field string) error { return &fault{code: code, field: field} }

func because(code Code, cause error) error { return &fault{code: code, cause: cause} }

// statuses maps the codes that are not 422.
var statuses = map[Code]int{
	Internal:             http.StatusInternalServerError,
	InvalidRequest:       http.StatusBadRequest,
	OriginNotAllowed:     http.StatusForbidden,
	NoSession:            http.StatusUnauthorized,
	WrongState:           http.StatusConflict,
	CodeTriesExceeded:    http.StatusTooManyRequests,
	TermsChanged:         http.StatusConflict,
	PhoneNotReady:        http.StatusConflict,
	PhoneChanged:         http.StatusConflict,
	IssuerUnavailable:    http.StatusServiceUnavailable,
	SamUnavailable:       http.StatusServiceUnavailable,
	TimestampUnavailable: http.StatusServiceUnavailable,
}

func (c Code) status() int {
	if s, ok := statuses[c]; ok {
		return s
	}
	return http.StatusUnprocessableEntity
}

// titles are for developers; what people read stands in the wizard, by code.
var titles = map[Code]string{
	Internal:                   "Something failed that should not have.",
	InvalidRequest:             "The request is not what this operation takes.",
	OriginNotAllowed:           "The request comes from another website.",
	NoSession:                  "This browser session carries no renewal, or no longer.",
	WrongState:                 "The operation is not possible in the renewal's present state.",
	CodeMalformed:              "The code has a wrong character or length.",
	CodeUnknown:                "No such code was sold.",
	CodeExpired:                "The code has expired.",
	CodeUsed:                   "The code was used.",
	CodeOtherProduct:           "The code is for another product.",
	CodeTriesExceeded:          "Too many unknown codes were tried.",
	StartTooLate:               "Validity would start later than the CA allows.",
	CertificateMalformed:       "The certificate is malformed.",
	CertificateOtherCa:         "Another CA has issued the certificate.",
	CertificateExpired:         "The certificate has expired.",
	CertificateNotYetValid:     "The certificate is not valid yet.",
	CertificateRevoked:         "The certificate was revoked.",
	CertificateKeyUsage:        "The certificate is not for signatures.",
	CertificateNotQualified:    "The certificate is not qualified.",
	CertificateDeviceWithdrawn: "The certification of the card has ended.",
	CertificateOtherPerson:     "The certificate is another person's.",
	IdentityRequired:           "The person has to be identified anew.",
	LintFailed:                 "No correct certificate can be made of these data.",
	TermsChanged:               "The terms have other versions now.",
	SignatureMalformed:         "The signature is not of the agreed format.",
	SignatureOtherCertificate:  "Another certificate has signed.",
	SignatureOtherDocument:     "Another document was signed.",
	SignatureInvalid:           "The signature does not verify.",
	PhoneNotReady:              "The phone is not activated yet.",
	PhoneChanged:               "Another phone was activated meanwhile.",
	EmailInvalid:               "The e-mail address can't be one.",
	PhoneInvalid:               "The phone number can't be one.",
	IssuerUnavailable:          "The issuer can't be reached.",
	SamUnavailable:             "The signature activation module can't be reached.",
	TimestampUnavailable:       "No time-stamp can be had.",
	ApplicationExpired:         "The issuer no longer takes this application; a new one is needed.",
}

// faultOf is the one mapping from errors to what the browser is told. What is unknown is internal.
func faultOf(err error) *fault {
	var f *fault
	var state *renewal.StateError
	var tries *renewal.TriesError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &state):
		return &fault{code: WrongState, state: state.State}
	case errors.As(err, &tries):
		return &fault{code: CodeTriesExceeded, retry: tries.RetryAfter}
	}
	for sentinel, code := range map[error]Code{
		renewal.ErrNoSession: NoSession, renewal.ErrCodeMalformed: CodeMalformed, renewal.ErrCodeUnknown: CodeUnknown,
		renewal.ErrCodeExpired: CodeExpired, renewal.ErrCodeUsed: CodeUsed, renewal.ErrCodeOtherProduct: CodeOtherProduct, renewal.ErrOtherPerson: CertificateOtherPerson,
	} {
		if errors.Is(err, sentinel) {
			return &fault{code: code}
		}
	}
	return &fault{code: Internal, cause: err}
}

// fail answers with a problem document and logs what an operator has to know.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := faultOf(err)
	status := f.code.status()
	if status >= 500 && !errors.Is(err, context.Canceled) {
		s.log.Error("call failed", zap.String("path", r.Pattern), zap.String("code", string(f.code)), zap.Error(f.cause))
	}
	p := Problem{Type: AboutBlank, Title: titles[f.code], Status: status, Code: f.code}
	if f.field != "" {
		p.Field = &f.field
	}
	if f.state != "" {
		p.State = new(State(f.state))
	}
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retry.Seconds()))))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(p) //nolint:errcheck // the client is gone; there is nobody to tell
}

// badRequest answers what the generated code could not read.
func (s *server) badRequest(w http.ResponseWriter, r *http.Request, err error) {
	s.fail(w, r, refuse(InvalidRequest))
}

// fromIssuer are the issuer's codes that say something to the person; the portal passes them on.
var fromIssuer = map[string]Code{
	contract.CertificateMalformed:       CertificateMalformed,
	contract.CertificateOtherCA:         CertificateOtherCa,
	contract.CertificateExpired:         CertificateExpired,
	contract.CertificateNotYetValid:     CertificateNotYetValid,
	contract.CertificateRevoked:         CertificateRevoked,
	contract.CertificateKeyUsage:        CertificateKeyUsage,
	contract.CertificateNotQualified:    CertificateNotQualified,
	contract.CertificateDeviceWithdrawn: CertificateDeviceWithdrawn,
	contract.IdentityRequired:           IdentityRequired,
	contract.StartTooLate:               StartTooLate,
	contract.LintFailed:                 LintFailed,
	// Whatever the reason why it no longer counts there, the cure is the same.
	contract.ConfirmationExpired: ApplicationExpired,
	contract.ApplicationVoid:     ApplicationExpired,
	contract.ApplicationUnknown:  ApplicationExpired,
}

// issuerFault maps the issuer's answer. A refusal that says nothing to the person is a fault between
// portal and issuer, and internal.
func issuerFault(err error) error {
	var p *link.Problem
	if !errors.As(err, &p) || p.Status >= 500 {
		return because(IssuerUnavailable, err)
	}
	if code, ok := fromIssuer[p.Code]; ok {
		return refuse(code)
	}
	return because(Internal, err)
}

// samFault maps the SAM's answer; it refuses nothing that the person could mend.
func samFault(err error) error {
	var p *link.Problem
	if errors.As(err, &p) && p.Status < 500 {
		return because(Internal, err)
	}
	return because(SamUnavailable, err)
}
