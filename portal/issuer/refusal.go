package issuer

import (
	"errors"
	"net/http"

	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/link"
)

// Refusal is an answer of the issuer that is not a fault of it. Code is one of package contract.
type Refusal struct {
	Code  string
	cause error // for the log; free of personal data
}

func (r *Refusal) Error() string {
	if r.cause == nil {
		return r.Code
	}
	return r.Code + ": " + r.cause.Error()
}

func (r *Refusal) Unwrap() error { return r.cause }

func refuse(code string) error                 { return &Refusal{Code: code} }
func refuseFor(code string, cause error) error { return &Refusal{code, cause} }
func isRefusal(err error, code string) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && r.Code == code
}

// answers has the status and the operator's words of every code; a code that is missing here would
// come out as internal, which a test looks for.
var answers = map[string]struct {
	status int
	title  string
}{
	contract.CertificateMalformed:       {422, "not a certificate"},
	contract.CertificateOtherCA:         {422, "certificate of another CA"},
	contract.CertificateExpired:         {422, "certificate has expired"},
	contract.CertificateNotYetValid:     {422, "certificate is not valid yet"},
	contract.CertificateRevoked:         {422, "certificate is revoked"},
	contract.CertificateKeyUsage:        {422, "certificate is not for signatures (non-repudiation)"},
	contract.CertificateNotQualified:    {422, "certificate is not qualified"},
	contract.CertificateDeviceWithdrawn: {422, "the certification of the card has ended"},
	contract.IdentityRequired:           {422, "the person has to be identified anew"},
	contract.MonthsNotOffered:           {422, "no certificate of so many months is offered"},
	contract.TargetNotOffered:           {422, "no such target is offered"},
	contract.StartTooLate:               {422, "validity would start or end too late"},
	contract.LintFailed:                 {422, "no correct certificate can be made of these data"},
	contract.ApplicationUnknown:         {404, "no such application"},
	contract.ApplicationVoid:            {409, "the application is void"},
	contract.ApplicationIssued:          {409, "the certificate is issued or being issued"},
	contract.NotConfirmed:               {409, "no confirmation was drawn up"},
	contract.OriginNotAllowed:           {422, "documents are not sealed for this website"},
	contract.TextNotDrawable:            {422, "a text has characters that can't be shown"},
	contract.ContactMalformed:           {422, "e-mail address or phone number is malformed"},
	contract.SignatureInvalid:           {422, "the signature is not valid"},
	contract.SignatureOther:             {422, "the signature is of something else"},
	contract.StatementInvalid:           {422, "the statement is not valid"},
	contract.StatementOther:             {422, "the statement is of something else"},
	contract.KeyUsed:                    {422, "the key has a certificate already"},
	contract.ConfirmationExpired:        {422, "the application is too old"},
	contract.RevocationMalformed:        {422, "serial number or reason is malformed"},
	contract.CertificateUnknown:         {404, "no such certificate"},
}

// problem maps every error to the wire; what is not a refusal becomes internal, without words.
func problem(err error) *link.Problem {
	if r, ok := errors.AsType[*Refusal](err); ok {
		if a, ok := answers[r.Code]; ok {
			return &link.Problem{Status: a.status, Code: r.Code, Title: a.title}
		}
	}
	return &link.Problem{Status: http.StatusInternalServerError, Code: link.CodeInternal, Title: "the issuer failed"}
}
