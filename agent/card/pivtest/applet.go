package pivtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"
)

// The key references of the slots (SP 800-73-4 part 1 table 4b).
const (
	slotAuthentication byte = 0x9A
	slotSignature      byte = 0x9C
)

// The instructions (SP 800-73-4 part 2 table 2).
const (
	insVerify       byte = 0x20
	insAuthenticate byte = 0x87
	insSelect       byte = 0xA4
	insGetResponse  byte = 0xC0
	insGetData      byte = 0xCB
)

const classChained = 0x10 // more of the command follows

// maxCommand bounds the data of chained commands.
const maxCommand = 4096

// pinReference is the PIV card application's own PIN.
const pinReference = 0x80

// pinLength is that of the PIN on the wire.
const pinLength = 8

// applet is the card application. Its state is as SP 800-73-4 part 2 section 3 has it.
type applet struct {
	slots   map[byte]*Identity
	objects map[string][]byte // by tag
	foreign bool
	tries   int
	signing chan<- struct{}

	// mu guards the fields that follow.
	mu       sync.Mutex
	pin      string
	left     int
	verified bool // since the card got power
	fresh    bool // verified, and nothing else done since
	chained  command
	pending  []byte // what GET RESPONSE will give
	delay    time.Duration
	failure  uint16
	failures int // how often yet
	forget   int // the same of forgetting the PIN
}

// newApplet makes a card that tells on signing when it is asked for a signature.
func newApplet(o Options, signing chan<- struct{}) (*applet, error) {
	a := &applet{foreign: o.Foreign, tries: o.Tries, signing: signing}
	if a.tries == 0 {
		a.tries = Tries
	}
	if o.PIN == "" {
		o.PIN = PIN
	}
	if a.tries < 1 || a.tries > 15 {
		return nil, errors.New("a card tells up to 15 tries")
	}
	if err := a.setPINLocked(o.PIN); err != nil {
		return nil, err
	}
	authentication, signature, err := identities(o)
	if err != nil {
		return nil, err
	}
	a.slots = map[byte]*Identity{slotAuthentication: authentication, slotSignature: signature}
	var guid [16]byte
	rand.Read(guid[:])
	a.objects = objects(guid, authentication, signature)
	return a, nil
}

func (a *applet) setPINLocked(pin string) error {
	if len(pin) < 6 || len(pin) > pinLength {
		return errors.New("a PIV card's PIN has 6 to 8 digits")
	}
	a.pin, a.left = pin, a.tries
	return nil
}

// padded is the PIN as it is presented.
func padded(pin string) []byte {
	return append([]byte(pin), bytes.Repeat([]byte{0xFF}, pinLength-len(pin))...)
}

// atr is the answer to reset: protocol T=1 and seven historical bytes (ISO/IEC 7816-3 section 8).
func (a *applet) atr() []byte {
	name := "PIVTEST"
	if a.foreign {
		name = "FOREIGN"
	}
	atr := append([]byte{0x3B, 0x80 | byte(len(name)), 0x01}, name...)
	var check byte
	for _, b := range atr[1:] {
		check ^= b
	}
	return append(atr, check)
}

// reset is what losing power does.
func (a *applet) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.verified, a.fresh = false, false
	a.chained, a.pending = command{}, nil
}

// transmit answers a command APDU. It waits where the card is slow, until ctx ends.
func (a *applet) transmit(ctx context.Context, apdu []byte) []byte {
	c, ok := parseCommand(apdu)
	if !ok {
		return answer(nil, statusWrongLength)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c, status := a.unchainLocked(c)
	if status != 0 {
		return answer(nil, status)
	}
	if c.instruction != insAuthenticate && c.instruction != insGetResponse {
		a.fresh = false
	}
	var data []byte
	switch {
	case a.foreign:
		status = statusNotFound
	case c.instruction == insGetResponse:
		data, status = a.pending, statusOK
	case c.instruction == insSelect:
		data, status = selectApplication(c)
	case c.instruction == insGetData:
		data, status = a.dataObject(c)
	case c.instruction == insVerify:
		status = a.verifyLocked(c)
	case c.instruction == insAuthenticate:
		data, status = a.authenticateLocked(ctx, c)
	default:
		status = statusNoSuchCommand
	}
	return a.replyLocked(data, status, c.expected)
}

// unchainLocked puts a command that comes in pieces together. A status other than 0 is the card's answer.
func (a *applet) unchainLocked(c command) (command, uint16) {
	head := func(c command) [3]byte { return [3]byte{c.instruction, c.p1, c.p2} }
	begun := a.chained
	a.chained = command{}
	if len(begun.data) > 0 {
		if head(begun) != head(c) || len(begun.data)+len(c.data) > maxCommand {
			return c, statusWrongData
		}
		c.data = append(begun.data, c.data...)
	}
	switch c.class {
	case 0:
		return c, 0
	case classChained:
		c.data = slices.Clone(c.data)
		a.chained = c
		return c, statusOK
	}
	return c, statusClassUnsupported
}

// replyLocked gives as much as fits and keeps the rest for GET RESPONSE.
func (a *applet) replyLocked(data []byte, status uint16, expected int) []byte {
	a.pending = nil
	if len(data) <= expected {
		return answer(data, status)
	}
	a.pending = data[expected:]
	more := len(a.pending)
	if more > 0xFF {
		more = 0 // 256 or more
	}
	return answer(data[:expected], statusMoreData|uint16(more))
}

// verifyLocked presents the PIN, or tells without one how it stands (SP 800-73-4 part 2 section 3.2.1).
func (a *applet) verifyLocked(c command) uint16 {
	switch {
	case c.p2 != pinReference:
		return statusNoSuchReference
	case c.p1 == 0xFF && len(c.data) == 0: // log out
		a.verified = false
		return statusOK
	case len(c.data) == 0 && a.verified:
		return statusOK
	case a.left == 0:
		return statusBlocked
	case len(c.data) == 0:
		return statusTriesLeft | uint16(a.left)
	case len(c.data) != pinLength:
		return statusWrongData // no try used
	}
	if bytes.Equal(c.data, padded(a.pin)) {
		a.left = a.tries
		a.verified, a.fresh = true, true
		return statusOK
	}
	a.left--
	a.verified = false
	if a.left == 0 {
		return statusBlocked
	}
	return statusTriesLeft | uint16(a.left)
}

// authenticateLocked signs (SP 800-73-4 part 2 section 3.2.4).
func (a *applet) authenticateLocked(ctx context.Context, c command) ([]byte, uint16) {
	if a.forget > 0 {
		a.forget--
		a.verified, a.fresh = false, false
	}
	identity := a.slots[c.p2]
	allowed := a.verified
	if c.p2 == slotSignature {
		allowed = a.fresh
	}
	a.fresh = false
	switch {
	case identity == nil:
		return nil, statusNoSuchReference
	case !allowed:
		return nil, statusSecurity
	}
	a.takeTimeLocked(ctx)
	if a.failures > 0 {
		a.failures--
		return nil, a.failure
	}
	signature, err := identity.sign(c.p1, challenge(c.data))
	if err != nil {
		return nil, statusWrongData
	}
	return tlv([]byte{0x7C}, tlv([]byte{0x82}, signature...)...), statusOK
}

// takeTimeLocked tells that a signature is asked for and makes it as slow as it shall be. Meanwhile mu is
// free, for the test to ask and order.
func (a *applet) takeTimeLocked(ctx context.Context) {
	select {
	case a.signing <- struct{}{}:
	default:
	}
	delay := a.delay
	a.mu.Unlock()
	defer a.mu.Lock()
	if delay == 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(delay):
	}
}

// challenge is what to sign in a dynamic authentication template.
func challenge(data []byte) []byte {
	_, rest, _, ok := readTLV(data)
	for ok && len(rest) > 0 {
		var tag byte
		var value []byte
		if tag, value, rest, ok = readTLV(rest); tag == 0x81 {
			return value
		}
	}
	return nil
}
