// Package audit records what the agent was asked to sign and what came of it: for each attempt the
// time, user, website, certificate and document by their hashes, and the outcome. Activations of rSign
// on the computer are recorded too. It has no field
// for a name, and none is ever added.
//
// Nothing that was signed leaves the session before its record is written: where the log fails, so
// does the signature.
//
// The log is lines of JSON, each with the hash of the one before (file.go), so that a record cannot be
// changed, taken out or put in without [Verify] saying where. Whoever may write the file could still
// compute all hashes anew, or cut off the end: against that each record's hash goes to the system's log,
// too, where it can be kept elsewhere.
package audit

import (
	"crypto/sha256"
	"errors"
	"regexp"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// Signed is the outcome of an attempt that ended in a signature; every other outcome is the
// symbolic code of an error.
const Signed = "signed"

// Activated is the outcome of an activation that ended well.
const Activated = "activated"

// Recovered is the outcome of the log's own record about a line that a crash left half-written.
const Recovered = "recovered"

// Action says what was attempted, where it was not a signature.
type Action string

// The actions.
const (
	// ActionActivate is an activation of rSign. Digest is then the SHA-256 of the computer's new public key
	// (SubjectPublicKeyInfo).
	ActionActivate Action = "rsign_activate"
	// ActionRecover is the log's own: Digest is the SHA-256 of the half-written line that was taken off.
	// Nothing was signed on the strength of that line.
	ActionRecover Action = "log_recover"
)

// Record is one attempt.
type Record struct {
	Time time.Time `json:"time"`
	// User as the operating system names it. The service writes what the kernel says of its peer, and its own
	// time, whatever the session sent.
	User string `json:"user"`
	// Action is empty for a signature.
	Action Action `json:"action,omitempty"`
	// Origin is empty for a command that the user started.
	Origin string `json:"origin"`
	// Certificate and Digest are lower-case hexadecimal SHA-256: of the certificate's DER, and of
	// the bytes that were to be signed.
	Certificate string `json:"certificate"`
	Digest      string `json:"digest"`
	Outcome     string `json:"outcome"`
}

// maxOrigin is the most bytes of an origin: a host name of 253 bytes, scheme and port.
const maxOrigin = 300

// Counts are looked at beside the expressions: in them they would take every process of the agent long to start.
var (
	hexadecimal = regexp.MustCompile(`^[0-9a-f]+$`)
	word        = regexp.MustCompile(`^[a-z_]+$`)
)

// isHash: a SHA-256, or none.
func isHash(s string) bool {
	return s == "" || len(s) == 2*sha256.Size && hexadecimal.MatchString(s)
}

const maxOutcome = 40

// Check says whether a record that came from another process is one: its members have their form, so that
// nothing else can be written into the log through them.
func (r Record) Check() error {
	switch {
	case r.Action != "" && r.Action != ActionActivate:
		return errors.New("unknown action")
	case len(r.Origin) > maxOrigin || len(r.User) > maxOrigin:
		return errors.New("a member is too long")
	case !isHash(r.Certificate) || !isHash(r.Digest):
		return errors.New("not a SHA-256")
	case len(r.Outcome) > maxOutcome || !word.MatchString(r.Outcome):
		return errors.New("not an outcome")
	}
	return nil
}

// Log takes records. Write returns once the record is safe.
type Log interface {
	Write(Record) error
}

// Outcome names what err means in a record.
func Outcome(err *bridge.Error) string {
	if err == nil {
		return Signed
	}
	return string(err.Code)
}

// As is a log that sets the user of every record.
func As(l Log, user string) Log { return &as{l, user} }

type as struct {
	log  Log
	user string
}

func (a *as) Write(r Record) error {
	r.User = a.user
	return a.log.Write(r)
}
