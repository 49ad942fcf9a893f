package renewal

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrCodeMalformed is a code that cannot be one: length, a character, or the check character.
	ErrCodeMalformed = errors.New("code is malformed")
	// ErrCodeUnknown is a well-formed code that was never sold.
	ErrCodeUnknown = errors.New("code is unknown")
	// ErrCodeExpired is a code whose days are over without a confirmed renewal.
	ErrCodeExpired = errors.New("code has expired")
	// ErrCodeUsed is the code of a renewal that was confirmed or issued in another browser session.
	ErrCodeUsed = errors.New("code was used")
	// ErrCodeOtherProduct is a code for a renewal that this portal does not do.
	ErrCodeOtherProduct = errors.New("code is for another product")
	// ErrOtherPerson is the certificate of another person than the one who has signed an application
	// under this code.
	ErrOtherPerson = errors.New("certificate of another person")
	// ErrNoSession is a session that carries no renewal, or no longer.
	ErrNoSession = errors.New("no session")
)

// StateError says that an action can't be done in the renewal's state.
type StateError struct {
	Action Action
	State  State
}

func (e *StateError) Error() string {
	return fmt.Sprintf("%s not possible in state %s", e.Action, e.State)
}

// TriesError says that too many unknown codes were tried, by this client or by all together.
type TriesError struct{ RetryAfter time.Duration }

func (e *TriesError) Error() string {
	return fmt.Sprintf("too many tries, next in %s", e.RetryAfter)
}

func isState(err error) bool {
	var state *StateError
	return errors.As(err, &state)
}
