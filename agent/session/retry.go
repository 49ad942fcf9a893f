package session

import (
	"errors"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// maxForgotten is how often one window asks again for a PIN that the card forgot. Who is asked more often than that has
// a card that cannot sign, or a program that does not leave it alone: neither gets better by typing.
const maxForgotten = 2

// retries decides whether the same window asks for the PIN once more: after a wrong one, for as long as the card
// allows and the person wants; after one that the card forgot, a few times.
type retries struct {
	problem   bridge.Code // why the last PIN was not good
	lost      bool        // the card forgot the last PIN
	forgotten int         // how often it did
}

// after tells whether to ask again after this error.
func (r *retries) after(err error) bool {
	r.problem, r.lost = "", errors.Is(err, card.ErrPINForgotten)
	if r.lost {
		r.forgotten++
		return r.forgotten <= maxForgotten
	}
	r.problem = toBridge(err).Code
	return r.problem == bridge.CodePINIncorrect || r.problem == bridge.CodePINLength
}
