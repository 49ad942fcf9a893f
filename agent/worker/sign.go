package worker

import (
	"crypto"
	"errors"
	"slices"

	"github.com/odnowa/odnowa/agent/pkcs11"
)

// located is an open session with the token that has the certificate.
type located struct {
	session     *pkcs11.Session
	slot        uint
	reader      string
	token       pkcs11.TokenInfo
	certificate *Certificate
}

// locate finds the token with the certificate: where it was, or else anywhere, a second time with the module
// restarted, as its view of the tokens may be old. It is for signing: the certificate was read on the very token,
// since cards may have the same serial number and the PIN is presented next. The caller closes the session.
func (c *child) locate(hash []byte) (*located, error) {
	if l := c.locateAgain(hash); l != nil {
		if len(l.certificate.ID) > 0 && hasCertificate(l.session, l.certificate) {
			return l, nil
		}
		l.session.Close()
	}
	l, err := c.locateOnce(hash)
	if err != nil {
		if err := c.restart(); err != nil {
			return nil, err
		}
		if l, err = c.locateOnce(hash); err != nil {
			return nil, err
		}
	}
	c.places[string(hash)] = *l
	return l, nil
}

// locateAgain looks only whether the token where the certificate was is still there, by what the module says, which
// takes a tenth of the time of reading certificates. It gives nil where the token is not there, or cannot be told
// from others, or its key has to be looked at anyway, as it may not want a login.
func (c *child) locateAgain(hash []byte) *located {
	l, known := c.places[string(hash)]
	if !known || !l.loginRequired() || l.token.Serial == "" {
		return nil
	}
	// Modules look at their readers when they list them: OpenSC does not notice before that PC/SC was restarted.
	if ids, err := c.module.Slots(); err != nil || !slices.Contains(ids, l.slot) {
		return nil
	}
	slot, err := c.readSlot(l.slot, false)
	if err != nil || slot == nil || slot.Token == nil || slot.Reader != l.reader ||
		slot.Token.Serial != l.token.Serial || slot.Token.Label != l.token.Label {
		return nil
	}
	if l.session, err = c.module.OpenSession(l.slot); err != nil {
		return nil
	}
	l.token = slot.Token.TokenInfo
	return &l
}

func (c *child) locateOnce(hash []byte) (*located, error) {
	ids, err := c.module.Slots()
	if err != nil {
		return nil, called("C_GetSlotList", err)
	}
	var best *located
	var firstError error
	for _, id := range ids {
		l, err := c.locateIn(id, hash)
		if err != nil && firstError == nil && !isGone(err) {
			firstError = err // another card may still have it
		}
		switch {
		case l == nil:
		case best != nil && best.reader != l.reader: // on another card, too
			l.session.Close()
		default:
			if best = better(best, l); !c.readerAgain(ids, id, l.reader) {
				return best, nil
			}
		}
	}
	switch {
	case best != nil:
		return best, nil
	case firstError != nil:
		return nil, firstError
	}
	return nil, ErrUnknownCertificate
}

// readerAgain tells whether a slot behind the one with this id is in the same reader.
func (c *child) readerAgain(ids []uint, id uint, reader string) bool {
	for _, other := range ids[slices.Index(ids, id)+1:] {
		if info, err := c.module.SlotInfo(other); err == nil && info.Description == reader {
			return true
		}
	}
	return false
}

// better chooses between two tokens with the certificate, one of which may be nil. A card with two PINs is
// shown as two tokens, which may both show all certificates, while each PIN is for its own keys alone: a PIN
// presented to the wrong one would cost a try. The session of the other is closed.
func better(a, b *located) *located {
	switch {
	case a == nil:
		return b
	case keyVisible(b.session, b.certificate):
		a.session.Close()
		return b
	}
	b.session.Close()
	return a
}

func (c *child) locateIn(id uint, hash []byte) (*located, error) {
	slot, err := c.readSlot(id, false)
	if err != nil || slot == nil || slot.Token == nil {
		return nil, err
	}
	session, err := c.module.OpenSession(id)
	if err != nil {
		return nil, called("C_OpenSession", err)
	}
	certificate, err := certificateWithHash(session, hash)
	if err != nil || certificate == nil {
		session.Close()
		return nil, err
	}
	return &located{session, id, slot.Reader, slot.Token.TokenInfo, certificate}, nil
}

func (l *located) pad() bool { return l.token.Flags.Has(pkcs11.FlagProtectedPath) }

func (l *located) loginRequired() bool { return l.token.Flags.Has(pkcs11.FlagLoginRequired) }

// find tells where the certificate is and whether its key wants a PIN.
func (c *child) find(hash []byte) (*Found, error) {
	l := c.locateAgain(hash)
	if l == nil {
		var err error
		if l, err = c.locate(hash); err != nil {
			return nil, err
		}
	}
	defer l.session.Close()
	found := &Found{Reader: l.reader, Token: l.token, NeedsPIN: l.loginRequired()}
	if !found.NeedsPIN { // then the key is visible, and may want the PIN itself
		key, err := privateKey(l.session, l.certificate)
		if err != nil {
			return nil, err
		}
		if found.NeedsPIN, err = l.session.Flag(key, pkcs11.AttributeAlwaysAuthenticate); err != nil {
			return nil, called("C_GetAttributeValue", err)
		}
	}
	found.Pad = found.NeedsPIN && l.pad()
	return found, nil
}

// sign logs in, signs and logs out.
func (c *child) sign(q *request, pin []byte) (signature []byte, err error) {
	l, err := c.locate(q.Certificate)
	if err != nil {
		return nil, err
	}
	defer c.leave(l)
	ways, err := c.prepare(l.slot, q)
	if err != nil {
		return nil, err
	}
	if l.pad() || len(pin) == 0 {
		pin = nil
	}
	if l.loginRequired() {
		if err := c.login(l, pin, l.session.Login); err != nil {
			return nil, err
		}
	}
	key, err := privateKey(l.session, l.certificate)
	if err != nil {
		return nil, err
	}
	always, err := l.session.Flag(key, pkcs11.AttributeAlwaysAuthenticate)
	if err != nil {
		return nil, called("C_GetAttributeValue", err)
	}
	way, err := begin(l.session, key, ways)
	if err != nil {
		return nil, err
	}
	if always {
		if err := c.login(l, pin, l.session.LoginContext); err != nil {
			return nil, err
		}
	}
	if signature, err = l.session.Sign(way); err != nil {
		return nil, called("C_Sign", err)
	}
	return signature, nil
}

// prepare gives the ways in which the token can make the signature, the best first. A token without one is not
// asked for its PIN.
func (c *child) prepare(slot uint, q *request) ([]*pkcs11.Signing, error) {
	token, err := c.signingMechanisms(slot, func(m uint) bool {
		return m == q.Scheme.Raw() || m == q.Scheme.Hashing(crypto.Hash(q.Hash))
	})
	if err != nil {
		return nil, err
	}
	var ways []*pkcs11.Signing
	for _, mechanism := range q.Scheme.Usable(crypto.Hash(q.Hash), token) {
		way, err := pkcs11.NewSigning(q.Scheme, crypto.Hash(q.Hash), mechanism, q.Message)
		if err != nil {
			return nil, err
		}
		ways = append(ways, way)
	}
	if len(ways) == 0 {
		return nil, called("C_GetMechanismList", pkcs11.ErrMechanismInvalid)
	}
	return ways, nil
}

// begin begins to sign in the first way that the key allows.
func begin(s *pkcs11.Session, key pkcs11.Object, ways []*pkcs11.Signing) (*pkcs11.Signing, error) {
	var first error
	for _, way := range ways {
		err := s.SignInit(way, key)
		if err == nil {
			return way, nil
		}
		if first == nil {
			first = called("C_SignInit", err)
		}
		if !errors.Is(err, pkcs11.ErrMechanismInvalid) && !errors.Is(err, pkcs11.ErrKeyNotPermitted) {
			break
		}
	}
	return nil, first
}

// login presents the PIN once. A failure carries what the token then says of its PIN.
func (c *child) login(l *located, pin []byte, login func([]byte) error) error {
	if pin == nil && !l.pad() {
		return ErrPINRequired
	}
	err := login(pin)
	if err == nil {
		return nil
	}
	err = called("C_Login", err)
	var call *CallError
	if errors.As(err, &call) && !isGone(err) {
		if token, e := c.module.TokenInfo(l.slot); e == nil {
			call.Token = &token
		}
	}
	return err
}

// leave ends login and session. The module is restarted where it won't let go of the login, as nobody
// must be able to sign on a login that was for one signature, and where it told of wrong PINs before:
// OpenSC 0.23 goes on telling of the last try after the right PIN.
func (c *child) leave(l *located) {
	logout, closed := l.session.Logout(), l.session.Close()
	stuck := logout != nil && !errors.Is(logout, pkcs11.ErrUserNotLoggedIn) && !isGone(logout) ||
		closed != nil && !isGone(closed)
	if stuck || l.token.Flags&(pkcs11.FlagPINCountLow|pkcs11.FlagPINFinalTry) != 0 {
		c.module.Finalize()
		c.initialized = false
	}
}
