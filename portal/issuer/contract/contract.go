// Package contract is what the portal asks of the issuer: the JSON of the internal API, its codes, and
// a client. The API is reached through portal/link by the process "portal"; revocations by "operator" only. Binary values are
// standard base64, times RFC 3339 in UTC; errors are problem documents with one of the codes below.
//
// It has no part in deciding anything, and needs no cgo.
package contract

import "time"

// Codes of refusals. Status is 422 unless said otherwise. The list only grows.
const (
	// About the certificate that is to sign.
	CertificateMalformed       = "certificate_malformed"        // not one DER certificate
	CertificateOtherCA         = "certificate_other_ca"         // not issued by this CA
	CertificateExpired         = "certificate_expired"          //
	CertificateNotYetValid     = "certificate_not_yet_valid"    //
	CertificateRevoked         = "certificate_revoked"          //
	CertificateKeyUsage        = "certificate_key_usage"        // no non-repudiation
	CertificateNotQualified    = "certificate_not_qualified"    //
	CertificateDeviceWithdrawn = "certificate_device_withdrawn" // certification of the card has ended
	// IdentityRequired: the person has to be identified anew (eIDAS Art. 24(1a)(b)); the certificate was
	// itself issued on a signature, or the CA has no record of how it was issued.
	IdentityRequired = "identity_required"

	// About the certificate to be.
	MonthsNotOffered = "months_not_offered"
	TargetNotOffered = "target_not_offered"
	StartTooLate     = "start_too_late" // later than the CA allows, or beyond the CA's own certificate
	LintFailed       = "lint_failed"    // the CA could not make a correct certificate of these data

	// About an application.
	ApplicationUnknown = "application_unknown" // 404
	ApplicationVoid    = "application_void"    // 409
	ApplicationIssued  = "application_issued"  // 409: it can't be changed or voided any more
	NotConfirmed       = "not_confirmed"       // 409: no confirmation was drawn up
	OriginNotAllowed   = "origin_not_allowed"  // the issuer seals for no such website
	TextNotDrawable    = "text_not_drawable"   // a name or contract has characters that can't be shown
	ContactMalformed   = "contact_malformed"   // e-mail address or phone number
	// SignatureInvalid: a CMS is malformed or does not verify; SignatureOther: it is a good one, by
	// another certificate or over something else.
	SignatureInvalid = "signature_invalid"
	SignatureOther   = "signature_other"
	// StatementInvalid: not a statement of the SAM; StatementOther: a good one, of another application
	// or phone than confirmed.
	StatementInvalid = "statement_invalid"
	StatementOther   = "statement_other"
	// KeyUsed: another certificate has this key already.
	KeyUsed = "key_used"
	// ConfirmationExpired: signatures came in too long after the application was drawn up; draw up a new one.
	ConfirmationExpired = "confirmation_expired"

	// About a revocation.
	RevocationMalformed = "revocation_malformed"
	CertificateUnknown  = "certificate_unknown" // 404
)

// Values of Start and Target.
const (
	StartNow          = "now"
	StartAfterCurrent = "after_current"
	TargetCloud       = "cloud"
)

// CheckRequest: POST /v1/checks.
type CheckRequest struct {
	Certificate []byte `json:"certificate"` // DER
	Months      int    `json:"months"`
	Start       string `json:"start"` // "now" or "after_current"
}

// Check is the answer: a certificate could be issued today, valid so long, for this person.
type Check struct {
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	Subject   Subject   `json:"subject"`
}

// Subject is the person as the certificate says.
type Subject struct {
	CommonName   string `json:"commonName"`
	GivenName    string `json:"givenName"`
	Surname      string `json:"surname"`
	SerialNumber string `json:"serialNumber"`
	Country      string `json:"country"`
}

// ApplicationRequest: POST /v1/applications.
type ApplicationRequest struct {
	Origin       string    `json:"origin"` // the website for which the seal is
	Certificate  []byte    `json:"certificate"`
	Months       int       `json:"months"`
	Start        string    `json:"start"`
	Target       string    `json:"target"`       // "cloud"
	EnrolmentURL string    `json:"enrolmentUrl"` // for the QR code
	Language     string    `json:"language"`     // "pl" or "en": the person's; the document has both
	Contract     *Contract `json:"contract,omitempty"`
}

// Contract is what the application rests on: with whom, and about what.
type Contract struct {
	With  string `json:"with"`
	About string `json:"about"`
}

// Application is the answer: drawn up and sealed, to be signed as PAdES.
type Application struct {
	Number    string    `json:"number"`
	Document  []byte    `json:"document"` // PDF with an empty placeholder
	ByteRange [4]int    `json:"byteRange"`
	Digest    []byte    `json:"digest"` // SHA-256 of the bytes that ByteRange names
	Seal      string    `json:"seal"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	Enrolment string    `json:"enrolment"` // what the QR code says: EnrolmentURL
}

// ConfirmationRequest: POST /v1/confirmations. A later one replaces an earlier one.
type ConfirmationRequest struct {
	Number         string  `json:"number"`
	ApplicationCMS []byte  `json:"applicationCms"`
	Statement      string  `json:"statement"` // the SAM's, compact JWS
	Contact        Contact `json:"contact"`
}

// Contact is for expiry notices.
type Contact struct {
	Email string `json:"email"`
	Phone string `json:"phone"` // E.164
}

// Confirmation is the answer: text/plain in UTF-8, to be signed as CAdES.
type Confirmation struct {
	Document []byte `json:"document"`
	Digest   []byte `json:"digest"` // SHA-256 of Document
	Seal     string `json:"seal"`
}

// CertificateRequest: POST /v1/certificates.
type CertificateRequest struct {
	Number          string `json:"number"`
	ApplicationCMS  []byte `json:"applicationCms"`
	ConfirmationCMS []byte `json:"confirmationCms"`
	Statement       string `json:"statement"`
}

// Certificate is the answer, the same however often it is asked for.
type Certificate struct {
	Certificate []byte   `json:"certificate"` // DER
	Chain       [][]byte `json:"chain"`       // DER: issuing CA, root
}

// RevocationRequest: POST /v1/revocations, by the operator.
type RevocationRequest struct {
	Serial string `json:"serial"` // hexadecimal
	Reason int    `json:"reason"` // RFC 5280 5.3.1: 0, 1, 3, 4, 5 or 9
}

// Revocation is the answer: since when the certificate is revoked, which may be earlier than now.
type Revocation struct {
	Serial    string    `json:"serial"`
	RevokedAt time.Time `json:"revokedAt"`
	Reason    int       `json:"reason"`
}
