package bridge

// Code is the symbolic name of an error. The list is closed and append-only: a code is never
// renamed, reused or removed. Programs decide by it; people read the message.
type Code string

// The codes.
const (
	CodeInternal           Code = "internal"
	CodeInvalidRequest     Code = "invalid_request"
	CodeUnknownMethod      Code = "unknown_method"
	CodeVersionUnsupported Code = "version_unsupported"
	CodeOriginNotAllowed   Code = "origin_not_allowed"
	CodeNotPaired          Code = "not_paired"
	CodePairingRefused     Code = "pairing_refused"
	CodeServiceStopped     Code = "service_stopped"
	CodeNoSession          Code = "no_session"
	CodeBusy               Code = "busy"
	CodeRateLimited        Code = "rate_limited"
	CodeTimeout            Code = "timeout"
	CodeUserCancelled      Code = "user_cancelled"
	CodeRequestCancelled   Code = "request_cancelled"
	CodeNoModule           Code = "no_module"
	CodeModuleFailed       Code = "module_failed"
	CodeNoReader           Code = "no_reader"
	CodeNoCard             Code = "no_card"
	CodeCardRemoved        Code = "card_removed"
	CodeNoCertificate      Code = "no_certificate"
	CodeCertificateUnknown Code = "certificate_unknown"
	CodePINIncorrect       Code = "pin_incorrect"
	CodePINLocked          Code = "pin_locked"
	CodePINLength          Code = "pin_length"
	CodeSealMissing        Code = "seal_missing"
	CodeSealInvalid        Code = "seal_invalid"
	CodeSealExpired        Code = "seal_expired"
	CodeDocumentRefused    Code = "document_refused"
	CodeDocumentTooLarge   Code = "document_too_large"
	CodeWindowUnavailable  Code = "window_unavailable"
	CodeSigningFailed      Code = "signing_failed"
	CodeCodesDiffer        Code = "codes_differ"
	CodeRSignUnavailable   Code = "rsign_unavailable"
	CodeRSignRefused       Code = "rsign_refused"
	CodeRSignExpired       Code = "rsign_expired"
	CodeRSignLocked        Code = "rsign_locked"
	CodeRSignBusy          Code = "rsign_busy"
	CodePCSCStopped        Code = "pcsc_stopped"
	CodeModuleMissing      Code = "module_missing"
	CodeModuleRefused      Code = "module_refused"
	CodeModuleSlow         Code = "module_slow"
	CodePolicyInvalid      Code = "policy_invalid"
	CodeHostNotRegistered  Code = "host_not_registered"
	CodeAuditFailed        Code = "audit_failed"
)

// Codes is the documented list, in the order of their numbers.
var Codes = []CodeInfo{
	{-32001, CodeInternal, "The agent failed in a way it did not foresee.", "Try again; if it stays, run odnowa-agent doctor and send its output to support."},
	{-32002, CodeInvalidRequest, "The request is not what the protocol says.", "The client is too old, too new or wrong: update the extension."},
	{-32003, CodeUnknownMethod, "The agent has no such method.", "Update the agent."},
	{-32004, CodeVersionUnsupported, "Client and agent speak no common version of the protocol.", "Update the older of the two."},
	{-32005, CodeOriginNotAllowed, "The policy does not list this website.", "Ask the administrator to add the website to the agent's policy."},
	{-32006, CodeNotPaired, "The browser is not paired with the agent.", "Pair it: the extension offers it."},
	{-32007, CodePairingRefused, "Pairing was refused in the agent's window, or the codes differed.", "Start pairing again and compare the codes."},
	{-32008, CodeServiceStopped, "The agent's service is installed but not running.", "Start the service odnowa-agent."},
	{-32009, CodeNoSession, "No agent runs in the user's login session.", "Log out and in again, or start odnowa-agent session."},
	{-32010, CodeBusy, "Another window of the agent is open.", "Finish or cancel the open window first."},
	{-32011, CodeRateLimited, "The website asked too often.", "Wait a minute and try again."},
	{-32012, CodeTimeout, "Nobody answered the window in time.", "Try again."},
	{-32013, CodeUserCancelled, "The person cancelled in the agent's window.", "Nothing was signed; try again when ready."},
	{-32014, CodeRequestCancelled, "The page cancelled the request.", "Nothing was signed."},
	{-32015, CodeNoModule, "No PKCS#11 module is configured or found.", "Install the card's software."},
	{-32016, CodeModuleFailed, "The card's software hung, crashed or failed.", "Take the card out, put it in again and try once more; update the card's software."},
	{-32017, CodeNoReader, "No card reader is connected.", "Connect the reader."},
	{-32018, CodeNoCard, "No card is in a reader.", "Put the card into the reader."},
	{-32019, CodeCardRemoved, "The card was taken out.", "Put the card back and try again."},
	{-32020, CodeNoCertificate, "The card holds no certificate that can be used.", "Check that it is the right card."},
	{-32021, CodeCertificateUnknown, "The chosen certificate is not in reach.", "Put the card with this certificate into the reader."},
	{-32022, CodePINIncorrect, "The PIN is wrong.", "Check the PIN; too many wrong ones lock the card."},
	{-32023, CodePINLocked, "The card's PIN is locked.", "Unlock the PIN with the PUK in the card's software."},
	{-32024, CodePINLength, "The PIN is too short or too long for this card.", "Check the PIN; no try was used."},
	{-32025, CodeSealMissing, "The document carries no seal of the CA and the policy wants one.", "Reload the page; report it to the CA if it stays."},
	{-32026, CodeSealInvalid, "The seal does not fit the document, the website or the certificate.", "Do not sign. Report it to the CA."},
	{-32027, CodeSealExpired, "The seal has expired.", "Reload the page to get a fresh document; check the computer's clock."},
	{-32028, CodeDocumentRefused, "The document cannot be signed as asked.", "Report it to the website's owner."},
	{-32029, CodeDocumentTooLarge, "The document is larger than the agent takes.", "Use a smaller document."},
	{-32030, CodeWindowUnavailable, "The agent cannot open its window on this desktop.", "Install pinentry and log in to a graphical desktop."},
	{-32031, CodeSigningFailed, "The card refused to sign.", "Take the card out, put it in again and try once more."},
	{-32032, CodeCodesDiffer, "The person said that the codes on screen and phone differ.", "Scan the QR code of your own application again with your own phone."},
	{-32033, CodeRSignUnavailable, "The rSign service does not answer as it must, or the policy names none for this website.", "Check the connection to the internet and the computer's clock, and try again in some minutes; if it stays, ask the administrator."},
	{-32034, CodeRSignRefused, "It was refused on the phone, or the phone no longer lets this computer ask.", "Nothing was signed. Try again; if this computer was removed on the phone, activate rSign on it again."},
	{-32035, CodeRSignExpired, "Nobody answered on the phone in time.", "Take the phone, open the rSign app and try again."},
	{-32036, CodeRSignLocked, "The certificate cannot sign: its phone is locked after wrong PINs, or it is no longer valid.", "Open the rSign app on the phone: it says what to do."},
	{-32037, CodeRSignBusy, "The phone is waiting for an answer to another request.", "Answer it on the phone, or wait three minutes, and try again."},
	{-32038, CodePCSCStopped, "The system's service for smart cards (PC/SC) does not run.", "Start it: pcscd on Linux, Smart Card (SCardSvr) on Windows; or connect the reader again."},
	{-32039, CodeModuleMissing, "A PKCS#11 module that the policy or the system names is not installed.", "Install the card's software again, or take the module out of the policy."},
	{-32040, CodeModuleRefused, "A PKCS#11 module lies where others than the administrator can write, and was not loaded.", "Install the card's software for the whole computer, as its administrator."},
	{-32041, CodeModuleSlow, "The card's software is still reading; what it finds follows.", "Wait a moment. If it stays, take the card out and put it in again."},
	{-32042, CodePolicyInvalid, "The agent's policy cannot be read, or says what it must not.", "Ask the administrator to mend it: odnowa-agent policy says where."},
	{-32043, CodeHostNotRegistered, "The agent is not registered with a browser that is installed.", "Install the agent again, as the computer's administrator."},
	{-32044, CodeAuditFailed, "The agent could not write its record, without which it gives no signature.", "Nothing was signed. See that the disk is not full; if it stays, ask the administrator: odnowa-agent doctor says what is wrong."},
}

// CodeInfo documents one code: its number on the wire, cause and cure.
type CodeInfo struct {
	Number int
	Code   Code
	Cause  string
	Cure   string
}

// Info finds a code's documentation; an unknown code gives that of internal.
func Info(c Code) CodeInfo {
	for _, i := range Codes {
		if i.Code == c {
			return i
		}
	}
	return Codes[0]
}

// ErrorData is the data member of a JSON-RPC error. Its code decides; the number beside it is only
// what JSON-RPC wants.
type ErrorData struct {
	Code Code `json:"code"`
	// TriesLeft is set with pin_incorrect where the token tells it.
	TriesLeft *int `json:"triesLeft,omitempty"`
}

// Error is an error that may be shown on the wire: a code and nothing of the inside.
type Error struct {
	Code      Code
	TriesLeft *int
	// Err is the cause, for logs only.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return string(e.Code) + ": " + e.Err.Error()
	}
	return string(e.Code)
}

// Unwrap gives the cause, which must not be sent.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of a code and its cause; cause may be nil.
func Errorf(c Code, cause error) *Error { return &Error{Code: c, Err: cause} }
