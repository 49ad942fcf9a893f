// Package audit records what the agent was asked to sign and what came of it: for each attempt the
// time, user, website, certificate and document by their hashes, and the outcome. Activations of rSign
// on the computer are recorded too. It has no field
// for a name, and none is ever added.
//
// Nothing that was signed leaves the session before its record is written: where the log fails, so
// does the signature.
package audit

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// Signed is the outcome of an attempt that ended in a signature; every other outcome is the
// symbolic code of an error.
const Signed = "signed"

// Activated is the outcome of an activation that ended well.
const Activated = "activated"

// Action says what was attempted, where it was not a signature.
type Action string

// ActionActivate is an activation of rSign. Digest is then the SHA-256 of the computer's new public key
// (SubjectPublicKeyInfo).
const ActionActivate Action = "rsign_activate"

// Record is one attempt.
type Record struct {
	Time time.Time `json:"time"`
	// User as the operating system names it. The service writes what the kernel says of its peer,
	// whatever the session sent.
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

// Log takes records. Write returns once the record is safe.
type Log interface {
	Write(Record) error
}

// File is a log in a file of JSON lines, which only grows.
type File struct {
	mu sync.Mutex
	f  *os.File
}

// Open opens or makes the file, and its folder, for its owner alone.
func Open(path string) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making audit folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	return &File{f: f}, nil
}

// Write appends one line and brings it to the disk.
func (l *File) Write(r Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding audit record: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("writing audit record: %w", err)
	}
	if err := l.f.Sync(); err != nil {
		return fmt.Errorf("writing audit record: %w", err)
	}
	return nil
}

// Close closes the file.
func (l *File) Close() error { return l.f.Close() }

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
