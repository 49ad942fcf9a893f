// Package renewal keeps renewals: what was bought with a code, how far the person has come, and
// what was drawn up and signed on the way. Each renewal is a state machine with its state in the
// database; the table below is all of it. Every transition is one conditional UPDATE, so that two
// requests, two processes or two browsers can never both make it.
//
// The package trusts its callers to have verified what they store: it asks no issuer, checks no
// signature and speaks no HTTP. It keeps no code and no session id, only their hashes.
package renewal

import "time"

// State is how far a renewal has come.
type State string

// The states, in the order in which a renewal goes through them.
const (
	Opened              State = "opened" // also: the code is sold and nobody has opened it yet
	StartChosen         State = "start_chosen"
	CertificateChosen   State = "certificate_chosen"
	ApplicationDrawnUp  State = "application_drawn_up"
	TermsAccepted       State = "terms_accepted"
	ApplicationSigned   State = "application_signed"
	ContactGiven        State = "contact_given"
	ConfirmationDrawnUp State = "confirmation_drawn_up"
	Confirmed           State = "confirmed" // the holder's last word; from here it only goes forwards
	Issuing             State = "issuing"   // the issuer was asked, the answer may be lost
	Issued              State = "issued"
)

// States lists all states in order.
var States = []State{
	Opened, StartChosen, CertificateChosen, ApplicationDrawnUp, TermsAccepted, ApplicationSigned,
	ContactGiven, ConfirmationDrawnUp, Confirmed, Issuing, Issued,
}

// Action names a transition, in the audit log too.
type Action string

// The actions.
const (
	ActOpen         Action = "open" // with the code, from a browser session that does not carry it
	ActSetStart     Action = "set_start"
	ActSetCert      Action = "set_certificate"
	ActDrawUp       Action = "draw_up_application"
	ActTerms        Action = "accept_terms"
	ActSign         Action = "sign_application"
	ActContact      Action = "set_contact"
	ActDrawUpConf   Action = "draw_up_confirmation"
	ActConfirm      Action = "sign_confirmation"
	ActIssue        Action = "issue"
	ActIssued       Action = "issued"
	ActWithdraw     Action = "withdraw"
	ActRefused      Action = "refused" // by the issuer, at issue, for good
	ActExpired      Action = "expired" // the issuer no longer takes the application
	ActPhoneSeen    Action = "phone_seen"
	ActPhoneChanged Action = "phone_changed"
)

// move is one row of the table.
type move struct {
	from []State
	to   State // "" stays where it is
	// forget empties all columns from this step of the person's way on.
	forget step
	// again: in these states, and with the same values in the columns of same, the action has been
	// done already and gives the same result.
	again []State
	same  []string
	// late: the action is also done after the code's 90 days.
	late bool
}

// moves is the state machine.
var moves = map[Action]move{
	ActOpen:         {from: until(ConfirmationDrawnUp), to: Opened, forget: stepStart},
	ActSetStart:     {from: until(CertificateChosen), to: StartChosen, forget: stepStart},
	ActSetCert:      {from: in(StartChosen, CertificateChosen), to: CertificateChosen, forget: stepCertificate},
	ActDrawUp:       {from: in(CertificateChosen), to: ApplicationDrawnUp, forget: stepApplication, again: in(ApplicationDrawnUp), same: cols("language")},
	ActTerms:        {from: in(ApplicationDrawnUp), to: TermsAccepted, again: in(TermsAccepted), same: cols("terms", "privacy")},
	ActSign:         {from: in(TermsAccepted), to: ApplicationSigned, again: in(ApplicationSigned), same: cols("application_cms")},
	ActContact:      {from: in(ApplicationSigned, ContactGiven, ConfirmationDrawnUp), to: ContactGiven, forget: stepContact},
	ActDrawUpConf:   {from: in(ContactGiven), to: ConfirmationDrawnUp, forget: stepConfirmation, again: in(ConfirmationDrawnUp)},
	ActConfirm:      {from: in(ConfirmationDrawnUp), to: Confirmed, again: in(Confirmed, Issuing, Issued), same: cols("confirmation_cms")},
	ActIssue:        {from: in(Confirmed, Issuing), to: Issuing, late: true, again: in(Issued)},
	ActIssued:       {from: in(Issuing), to: Issued, late: true, again: in(Issued), same: cols("new_certificate")},
	ActWithdraw:     {from: until(ConfirmationDrawnUp), to: Opened, forget: stepStart},
	ActRefused:      {from: in(Issuing), to: Opened, forget: stepStart, late: true},
	ActExpired:      {from: in(ApplicationSigned, ContactGiven, ConfirmationDrawnUp), to: Opened, forget: stepStart, late: true},
	ActPhoneSeen:    {from: in(ApplicationSigned, ContactGiven, ConfirmationDrawnUp, Confirmed, Issuing, Issued), late: true},
	ActPhoneChanged: {from: in(ConfirmationDrawnUp), to: ContactGiven, forget: stepConfirmation, late: true},
}

// Start is when the new certificate's validity starts.
type Start string

// The starts.
const (
	StartNow          Start = "now"
	StartAfterCurrent Start = "after_current"
)

// Renewal is one renewal as stored, without its documents ([Store.Document]).
// What the person has not come to yet is zero.
type Renewal struct {
	ID      string // random; in logs and towards the SAM, never towards the browser
	Version int64  // grows with each change
	State   State
	Offer   Offer
	Expires time.Time // of the code

	Start       Start
	Certificate []byte // DER of the one that signs
	Subject     Subject
	NotBefore   time.Time // of the new certificate, as the issuer says
	NotAfter    time.Time

	Application Application
	Terms       Terms
	SignedAt    time.Time // the application

	Phone   Phone
	Contact Contact

	Confirmation Confirmation
	ConfirmedAt  time.Time

	NewCertificate []byte   // DER
	NewChain       [][]byte // DER, issuer first
	IssuedAt       time.Time
	Delivered      bool // the SAM has the new certificate
}

// Subject is what the certificate says of its holder.
type Subject struct {
	CommonName   string `json:"commonName"`
	GivenName    string `json:"givenName,omitempty"`
	Surname      string `json:"surname,omitempty"`
	SerialNumber string `json:"serialNumber,omitempty"`
	Country      string `json:"country"`
}

// Application is the drawn-up application beside its PDF.
type Application struct {
	Number       string
	Language     string // "pl" or "en"
	ByteRange    []int  // ISO 32000-1 12.8.1
	Digest       []byte // SHA-256 of the bytes that ByteRange names
	Seal         string
	Enrolment    string // the SAM's id
	EnrolmentURL string // what the QR says; a secret
}

// Terms is what was accepted: versions and the SHA-256 of the texts, hexadecimal.
type Terms struct {
	Terms, TermsSHA256     string
	Privacy, PrivacySHA256 string
	At                     time.Time
}

// PhoneState is the enrolment's, in the SAM's words.
type PhoneState string

// The states of an enrolment.
const (
	PhoneOpen    PhoneState = "open"
	PhoneScanned PhoneState = "scanned"
	PhoneReady   PhoneState = "ready"
	PhoneActive  PhoneState = "active"
	PhoneVoid    PhoneState = "void"
)

// Phone is what the SAM last said of the enrolment.
type Phone struct {
	State     PhoneState
	Version   int64 // the SAM's
	Code      string
	Statement string // compact JWS
}

// Contact is normalised: a mail address, and a phone number in E.164.
type Contact struct{ Email, Phone string }

// Confirmation is the drawn-up confirmation beside its text.
type Confirmation struct {
	Seal      string
	Statement string // the SAM's, that it was drawn up from
}

func in(s ...State) []State { return s }

func cols(c ...string) []string { return c }

// until lists the states up to and with last.
func until(last State) []State {
	for i, s := range States {
		if s == last {
			return States[:i+1]
		}
	}
	panic("renewal: unknown state")
}
