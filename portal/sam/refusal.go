package sam

import (
	"errors"
	"net/http"
)

// Code is the symbolic code of a refusal, the same on both listeners. The list only grows.
type Code string

// The codes. What the phone shows for each is in portal/phone/src/text; testdata/refusals.json holds both to this
// list.
const (
	CodeMalformed          Code = "request_malformed"   // not the JSON, the JWS or the key that the call wants
	CodeMediaType          Code = "media_type"          // the body is not application/json
	CodeOrigin             Code = "origin_not_allowed"  // the request came from another site
	CodeTooLarge           Code = "request_too_large"   // body over the cap
	CodeTooMany            Code = "too_many_requests"   // slow down
	CodeNotFound           Code = "not_found"           // no such enrolment, or no such QR code
	CodeVoid               Code = "enrolment_void"      // withdrawn: a new QR code is needed
	CodeActive             Code = "enrolment_active"    // finished: a certificate was issued
	CodeConfirmed          Code = "phone_confirmed"     // the card has named a phone; no other replaces it
	CodeReplaced           Code = "phone_replaced"      // another phone scanned later, or this one again
	CodeApplicationMissing Code = "application_missing" // the portal has not named the application yet
	CodeTooManyScans       Code = "too_many_scans"      // this QR code is used up
	CodeState              Code = "wrong_state"         // not the next step
	CodeChallenge          Code = "challenge_invalid"   // unknown, used or expired
	CodeSignature          Code = "signature_invalid"   // not by the phone's own keys
	CodePINIncorrect       Code = "pin_incorrect"       // counted
	CodePINLocked          Code = "pin_locked"          // no tries left
	CodeCounter            Code = "counter_reused"      // looks like a copied phone; locked
	CodeKeyMismatch        Code = "key_mismatch"        // certificate or statement of another key
	CodeInternal           Code = "internal"

	CodeComputerUnknown  Code = "computer_unknown"      // no registration has this code; counted
	CodeComputerPause    Code = "computer_codes_paused" // too many wrong codes; ten minutes
	CodeComputerOver     Code = "computer_over"         // the registration, or the connection, is over
	CodeTooManyComputers Code = "too_many_computers"    // one has to be removed first
	CodeRequestOver      Code = "request_over"          // expired, replaced, answered, or another one

	CodeBackupUsed Code = "backup_used" // another phone was restored with it; the newer backup is good
)

// statuses maps every code to its HTTP status.
var statuses = map[Code]int{
	CodeMalformed:          http.StatusBadRequest,
	CodeMediaType:          http.StatusUnsupportedMediaType,
	CodeOrigin:             http.StatusForbidden,
	CodeTooLarge:           http.StatusRequestEntityTooLarge,
	CodeTooMany:            http.StatusTooManyRequests,
	CodeNotFound:           http.StatusNotFound,
	CodeVoid:               http.StatusGone,
	CodeActive:             http.StatusConflict,
	CodeConfirmed:          http.StatusConflict,
	CodeReplaced:           http.StatusGone,
	CodeApplicationMissing: http.StatusConflict,
	CodeTooManyScans:       http.StatusConflict,
	CodeState:              http.StatusConflict,
	CodeChallenge:          http.StatusConflict,
	CodeSignature:          http.StatusForbidden,
	CodePINIncorrect:       http.StatusForbidden,
	CodePINLocked:          http.StatusForbidden,
	CodeCounter:            http.StatusForbidden,
	CodeKeyMismatch:        http.StatusConflict,
	CodeInternal:           http.StatusInternalServerError,

	CodeComputerUnknown:  http.StatusNotFound,
	CodeComputerPause:    http.StatusTooManyRequests,
	CodeComputerOver:     http.StatusGone,
	CodeTooManyComputers: http.StatusConflict,
	CodeRequestOver:      http.StatusGone,

	CodeBackupUsed: http.StatusGone,
}

// refusal is an error that its causer is told, by code.
type refusal struct {
	code Code
	// triesLeft of the PIN, for a phone that cannot ask for its state yet; 0 is not told.
	triesLeft int
}

func (r *refusal) Error() string { return string(r.code) }

func refuse(code Code) error { return &refusal{code: code} }

func isRefusal(err error, code Code) bool {
	var r *refusal
	return errors.As(err, &r) && r.code == code
}
