package worker

import (
	"bytes"
	"crypto/sha256"
	"time"
)

// holdFor is how long a session is held for a signature: longer than a person has for the window.
const holdFor = 10 * time.Minute

// hold keeps the session, which nobody is logged in to, for the signature that follows as a rule. It ends with the
// next call that is not for the same certificate.
func (c *child) hold(l *located) {
	c.held, c.heldUntil = l, time.After(holdFor)
}

// letGo closes what is held.
func (c *child) letGo() {
	if c.held != nil {
		c.held.session.Close()
	}
	c.held, c.heldUntil = nil, nil
}

// take gives what is held, where it is for this certificate and the same card is still there: it says so, and the
// certificate is read from it again, since a PIN presented to another card would cost that one a try. Otherwise nil.
func (c *child) take(hash []byte) *located {
	l := c.held
	if l == nil {
		return nil
	}
	if sum := sha256.Sum256(l.certificate.DER); bytes.Equal(sum[:], hash) && c.still(l) {
		c.held, c.heldUntil = nil, nil
		return l
	}
	c.letGo()
	return nil
}

// still brings up to date what the token says of itself.
func (c *child) still(l *located) bool {
	slot, err := c.readSlot(l.slot, false)
	if err != nil || slot == nil || slot.Token == nil || slot.Reader != l.reader {
		return false
	}
	now, was := slot.Token.TokenInfo, l.token
	l.token, was.Flags = now, now.Flags
	if now != was {
		return false
	}
	again, err := readCertificate(l.session, l.certificate.object)
	return err == nil && bytes.Equal(again.DER, l.certificate.DER)
}
