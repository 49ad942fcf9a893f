// Package bridge is the contract between a web page, the browser extension and the agent:
// JSON-RPC 2.0 messages, the same on every transport.
//
// It is the only source of the messages: the JSON Schema beside it and the extension's
// TypeScript types are generated from these structs, and protocol/vectors/bridge holds examples,
// good and bad, that both languages run. It trusts nothing and does nothing: it has no I/O.
//
// Clients ignore fields that they don't know; the agent refuses methods and params that it doesn't
// know (see [Decode]).
package bridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/odnowa/odnowa/protocol/strictjson"
)

// Version is the protocol version that this package describes. A client sends those it speaks in
// agent.hello, the agent answers with the highest that both speak.
const Version = 1

// MaxMessage is the most bytes of one message towards the browser; native messaging allows no more.
const MaxMessage = 1 << 20

// MaxRequest is the most bytes of one message towards the agent. It bounds the document that can be
// signed: base64 of 16 MiB and its envelope.
const MaxRequest = 24 << 20

// Method names.
const (
	MethodHello           = "agent.hello"
	MethodDiagnose        = "agent.diagnose"
	MethodListCertificate = "certificates.list"
	MethodCreateSignature = "signature.create"
	MethodCancel          = "request.cancel"
	MethodActivateRSign   = "rsign.activate"
)

// Notification names, from the agent to the client.
const (
	NotifyCertificatesChanged = "certificates.changed"
	NotifySignatureProgress   = "signature.progress"
	NotifyRSignProgress       = "rsign.progress"
)

// FeatureRSign is among HelloResult.Features where the website may activate rSign on this computer.
const FeatureRSign = "rsign"

// Caller is part of every request's params. The extension's service worker sets Origin from the
// sender of the message (top frame only), never from what the page says.
type Caller struct {
	// Origin is the serialised origin of the page (RFC 6454 section 6.2), such as https://ca.example.
	Origin string `json:"origin"`
}

// HelloParams opens a connection. It is the first request on every transport.
type HelloParams struct {
	Caller
	Client   Client `json:"client"`
	Versions []int  `json:"versions"`
	// Language of the agent's windows: "pl" or "en".
	Language string `json:"language,omitempty"`
}

// Client names the program that calls.
type Client struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// HelloResult says who answers and what it can.
type HelloResult struct {
	Agent    Client   `json:"agent"`
	Version  int      `json:"version"`
	Features []string `json:"features"`
	Limits   Limits   `json:"limits"`
}

// Limits of this agent, in bytes and milliseconds.
type Limits struct {
	DocumentBytes int `json:"documentBytes"`
	WindowMs      int `json:"windowMs"`
}

// DiagnoseParams asks for all checks.
type DiagnoseParams struct {
	Caller
}

// DiagnoseResult lists the checks in the order in which a person would mend them.
type DiagnoseResult struct {
	Checks []Check `json:"checks"`
}

// CheckState is the outcome of one check.
type CheckState string

// The states of a check. CheckUnknown: an earlier failure keeps it from being made.
const (
	CheckOK      CheckState = "ok"
	CheckWarning CheckState = "warning"
	CheckFailed  CheckState = "failed"
	CheckUnknown CheckState = "unknown"
)

// The ids of the checks.
const (
	CheckAgent       = "agent"
	CheckService     = "service"
	CheckBrowser     = "browser"
	CheckPCSC        = "pcsc"
	CheckWindow      = "window"
	CheckModules     = "modules"
	CheckReader      = "reader"
	CheckCard        = "card"
	CheckCertificate = "certificate"
)

// Check is one thing that a signature needs. Cause and Cure are for people, in the connection's
// language; Code is for programs and empty when State is ok.
type Check struct {
	ID    string     `json:"id"`
	State CheckState `json:"state"`
	Code  Code       `json:"code,omitempty"`
	Cause string     `json:"cause,omitempty"`
	Cure  string     `json:"cure,omitempty"`
}

// ListParams asks for the certificates that can be used.
type ListParams struct {
	Caller
	Filter Filter `json:"filter"`
}

// Filter narrows the list. The zero value lets every certificate with a private key through.
type Filter struct {
	// NonRepudiation wants keyUsage nonRepudiation (RFC 5280 4.2.1.3, contentCommitment).
	NonRepudiation bool `json:"nonRepudiation,omitempty"`
	// Valid wants the current time within the certificate's validity.
	Valid bool `json:"valid,omitempty"`
	// Issuers, when not empty, wants the certificate's issuer to be one of these: standard
	// base64 of the DER of the Name.
	Issuers [][]byte `json:"issuers,omitempty"`
}

// ListResult has the certificates, what the filter refused, and the state of each module.
type ListResult struct {
	Certificates []Certificate `json:"certificates"`
	Refused      []Refused     `json:"refused"`
	Modules      []Module      `json:"modules"`
}

// Source tells where a certificate's key lives.
type Source string

// The sources of certificates.
const (
	SourceCard  Source = "card"
	SourceRSign Source = "rsign"
)

// PINState is what the token says of its PIN (PKCS#11 CKF_USER_PIN_* flags).
type PINState string

// The PIN states, from the token flags of PKCS#11 v2.40 section 3.2.
const (
	PINOK     PINState = "ok"
	PINLow    PINState = "low"    // CKF_USER_PIN_COUNT_LOW: a wrong PIN was entered since the last right one
	PINFinal  PINState = "final"  // CKF_USER_PIN_FINAL_TRY: one more wrong PIN locks it
	PINLocked PINState = "locked" // CKF_USER_PIN_LOCKED
)

// Certificate is one that has a private key in reach.
type Certificate struct {
	// ID is the lower-case hexadecimal SHA-256 of DER.
	ID  string `json:"id"`
	DER []byte `json:"der"`
	// Chain holds the CA certificates that the token carries, nearest first.
	Chain [][]byte `json:"chain"`
	// Source: with rsign there is no reader and no PIN here; the phone approves each signature.
	Source     Source   `json:"source"`
	Token      string   `json:"token"`
	Reader     string   `json:"reader"`
	KeyType    string   `json:"keyType"` // "RSA" or "EC"
	KeyBits    int      `json:"keyBits"`
	Algorithms []string `json:"algorithms"` // JOSE names (RFC 7518): RS256, PS256, ES256 ...
	KeyUsage   []string `json:"keyUsage"`   // names of RFC 5280 4.2.1.3
	PIN        PINState `json:"pin"`
	PINPad     bool     `json:"pinPad"`
}

// Reason tells why the filter refused a certificate.
type Reason string

// The reasons.
const (
	ReasonKeyUsage    Reason = "key_usage"
	ReasonExpired     Reason = "expired"
	ReasonNotYetValid Reason = "not_yet_valid"
	ReasonIssuer      Reason = "issuer"
	ReasonNoKey       Reason = "no_private_key"
	ReasonKeyType     Reason = "key_type"
)

// Refused says that something was there, and nothing of whom it belongs to.
type Refused struct {
	Reason Reason `json:"reason"`
	Reader string `json:"reader"`
}

// Module is a PKCS#11 module's state. Code is empty when it answered.
type Module struct {
	Name string `json:"name"`
	Code Code   `json:"code,omitempty"`
}

// Format of a signature.
type Format string

// The formats. FormatPAdES is a CMS for a PDF's placeholder, without signing-time (ETSI EN 319 142-1
// 6.3); FormatCAdES is detached CAdES-B with signing-time (ETSI EN 319 122-1 6.3).
const (
	FormatPAdES Format = "pades"
	FormatCAdES Format = "cades"
)

// SignParams asks for one signature over one document.
type SignParams struct {
	Caller
	CertificateID string   `json:"certificateId"`
	Document      Document `json:"document"`
	Format        Format   `json:"format"`
	// Seal is the compact JWS of package seal. Without one the origin's policy must say "document".
	Seal string `json:"seal,omitempty"`
}

// Document is what gets signed.
type Document struct {
	// Name as a person would save it; shown, never used as a path.
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	// Bytes is the whole document, for PAdES with its empty placeholder.
	Bytes []byte `json:"bytes"`
}

// SignResult is the detached signature.
type SignResult struct {
	CMS       []byte `json:"cms"`
	Algorithm string `json:"algorithm"` // JOSE name
	// Shown lists the fields that the window showed, in its order.
	Shown []string `json:"shown"`
}

// CancelParams names a running request of the same connection by its JSON-RPC id.
type CancelParams struct {
	Caller
	RequestID string `json:"requestId"`
}

// CancelResult says whether there was one.
type CancelResult struct {
	Cancelled bool `json:"cancelled"`
}

// ProgressState is what the person is waited for.
type ProgressState string

// The progress of a signature.
const (
	WaitingForCard  ProgressState = "waiting_for_card"
	WaitingForPIN   ProgressState = "waiting_for_pin"
	WaitingForPhone ProgressState = "waiting_for_phone"
	Signing         ProgressState = "signing"
)

// Progress is the params of signature.progress.
type Progress struct {
	RequestID string        `json:"requestId"`
	State     ProgressState `json:"state"`
}

// ActivateParams asks for a key with which this computer may request signatures of the person's
// rSign certificate at the website's CA. The person decides on the phone.
type ActivateParams struct {
	Caller
	// Offer is the portal's, and opaque: with it only the phone of one certificate can find this
	// computer. Without it any phone can that is given the code.
	Offer string `json:"offer,omitempty"`
}

// ActivationState is how far an activation is.
type ActivationState string

// The states of an activation.
const (
	ActivationWaiting ActivationState = "waiting_for_phone" // the code is to be typed on the phone
	ActivationFound   ActivationState = "found_by_phone"    // it was; the phone asks for its PIN
	ActivationActive  ActivationState = "active"
)

// ActivationProgress is the params of rsign.progress.
type ActivationProgress struct {
	RequestID string          `json:"requestId"`
	State     ActivationState `json:"state"`
	// Code has six digits, for the person to type on the phone. The agent computed it from both
	// sides' keys; no server chose it.
	Code string `json:"code"`
}

// ActivateResult says that signatures can be requested from here on.
type ActivateResult struct {
	State       ActivationState `json:"state"`
	Certificate Certificate     `json:"certificate"`
}

// CertificatesChanged is the params of certificates.changed: ask for the list again.
type CertificatesChanged struct{}

// Decode reads params strictly: unknown fields, trailing data, a missing object and members of one object whose
// names differ in nothing but letter case are errors. encoding/json takes "Origin" for "origin", and the last of
// several; whoever writes the first must be the only one who does (RFC 8259 section 4: names should be unique).
func Decode(params []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(params))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("trailing data after params")
	}
	return strictjson.Unique(params)
}
