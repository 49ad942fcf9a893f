package worker

import (
	"crypto"
	"errors"

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

// locate finds the token with the certificate, a second time with the module restarted, as its view of
// the tokens may be old. The caller closes the session.
func (c *child) locate(hash []byte) (*located, error) {
	l, err := c.locateOnce(hash)
	if err == nil {
		return l, nil
	}
	if err := c.restart(); err != nil {
		return nil, err
	}
	return c.locateOnce(hash)
}

func (c *child) locateOnce(hash []byte) (*located, error) {
	ids, err := c.module.Slots()
	if err != nil {
		return nil, called("C_GetSlotList", err)
	}
	var firstError error
	for _, id := range ids {
		l, err := c.locateIn(id, hash)
		if err != nil && firstError == nil && !isGone(err) {
			firstError = err // another card may still have it
		}
		if l != nil {
			return l, nil
		}
	}
	if firstError != nil {
		return nil, firstError
	}
	return nil, ErrUnknownCertificate
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
	l, err := c.locate(hash)
	if err != nil {
		return nil, err
	}
	defer l.session.Close()
	found := &Found{Reader: l.reader, Token: l.token, NeedsPIN: l.loginRequired()}
	if !found.NeedsPIN { // then the key is visible, and may want the PIN itself
		key, err := privateKey(l.session, l.certificate.ID)
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
	signing, err := pkcs11.NewSigning(q.Mechanism, crypto.Hash(q.Hash), q.Digest)
	if err != nil {
		return nil, err
	}
	l, err := c.locate(q.Certificate)
	if err != nil {
		return nil, err
	}
	defer c.leave(l)
	if l.pad() || len(pin) == 0 {
		pin = nil
	}
	if l.loginRequired() {
		if err := c.login(l, pin, l.session.Login); err != nil {
			return nil, err
		}
	}
	key, err := privateKey(l.session, l.certificate.ID)
	if err != nil {
		return nil, err
	}
	always, err := l.session.Flag(key, pkcs11.AttributeAlwaysAuthenticate)
	if err != nil {
		return nil, called("C_GetAttributeValue", err)
	}
	if err := l.session.SignInit(signing, key); err != nil {
		return nil, called("C_SignInit", err)
	}
	if always {
		if err := c.login(l, pin, l.session.LoginContext); err != nil {
			return nil, err
		}
	}
	if signature, err = l.session.Sign(signing); err != nil {
		return nil, called("C_Sign", err)
	}
	return signature, nil
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

// privateKey finds the key that belongs to the certificate with this CKA_ID.
func privateKey(s *pkcs11.Session, id []byte) (pkcs11.Object, error) {
	if len(id) == 0 {
		return 0, ErrNoPrivateKey
	}
	keys, err := s.Find(1, pkcs11.Class(pkcs11.ClassPrivateKey), pkcs11.Attribute{Type: pkcs11.AttributeID, Value: id})
	if err != nil {
		return 0, called("C_FindObjects", err)
	}
	if len(keys) == 0 {
		return 0, ErrNoPrivateKey
	}
	return keys[0], nil
}
