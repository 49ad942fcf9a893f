package worker

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"errors"

	"github.com/odnowa/odnowa/agent/pkcs11"
)

// What is read from a token at most.
const (
	maxObjects     = 256
	maxCertificate = 64 << 10
	maxID          = 1 << 10
)

// certificateTypeX509 is CKC_X_509.
const certificateTypeX509 = 0

// enumerate lists the slots, the tokens' certificates too where asked for.
func (c *child) enumerate(refresh Refresh, certificates bool) ([]Slot, error) {
	if refresh == RefreshAlways {
		if err := c.restart(); err != nil {
			return nil, err
		}
	}
	slots, err := c.readSlots(certificates)
	if refresh == RefreshEmpty && (err != nil || !anyToken(slots)) {
		if err := c.restart(); err != nil {
			return nil, err
		}
		slots, err = c.readSlots(certificates)
	}
	return slots, err
}

func anyToken(slots []Slot) bool {
	for _, s := range slots {
		if s.Token != nil {
			return true
		}
	}
	return false
}

func (c *child) readSlots(certificates bool) ([]Slot, error) {
	ids, err := c.module.Slots()
	if err != nil {
		return nil, called("C_GetSlotList", err)
	}
	slots := make([]Slot, 0, len(ids))
	for _, id := range ids {
		slot, err := c.readSlot(id, certificates)
		if err != nil {
			return nil, err
		}
		if slot != nil {
			slots = append(slots, *slot)
		}
	}
	return slots, nil
}

// readSlot reads one slot. A reader unplugged meanwhile is nil; a card pulled meanwhile is not there.
func (c *child) readSlot(id uint, certificates bool) (*Slot, error) {
	info, err := c.module.SlotInfo(id)
	if errors.Is(err, pkcs11.ErrSlotIDInvalid) || isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, called("C_GetSlotInfo", err)
	}
	slot := &Slot{Reader: info.Description, Card: info.TokenPresent}
	if !slot.Card {
		return slot, nil
	}
	token, err := c.module.TokenInfo(id)
	switch {
	case errors.Is(err, pkcs11.ErrTokenNotRecognized):
		return slot, nil
	case isGone(err):
		slot.Card = false
		return slot, nil
	case err != nil:
		return nil, called("C_GetTokenInfo", err)
	case !token.Flags.Has(pkcs11.FlagInitialized):
		slot.Card = false // SoftHSM always shows one such; nobody is given a blank card
		return slot, nil
	}
	slot.Token = &Token{TokenInfo: token}
	if certificates {
		err = c.readToken(id, slot.Token)
	}
	if isGone(err) {
		slot.Card, slot.Token, err = false, nil, nil
	}
	return slot, err
}

// isGone tells whether the card was taken out.
func isGone(err error) bool {
	for _, gone := range []pkcs11.Error{
		pkcs11.ErrDeviceRemoved, pkcs11.ErrTokenNotPresent, pkcs11.ErrSessionHandleInvalid, pkcs11.ErrSessionClosed,
	} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

func (c *child) readToken(id uint, token *Token) error {
	var err error
	if token.Mechanisms, err = c.signingMechanisms(id, pkcs11.Known); err != nil {
		return err
	}
	session, err := c.module.OpenSession(id)
	if err != nil {
		return called("C_OpenSession", err)
	}
	defer session.Close()
	token.Certificates, err = readCertificates(session)
	if err != nil {
		return err
	}
	private, err := privateKeyIDs(session)
	for i := range token.Certificates {
		certificate := &token.Certificates[i]
		certificate.Private = private[string(certificate.ID)]
		if err == nil && len(certificate.ID) == 0 {
			_, e := privateKey(session, certificate)
			certificate.Private = e == nil
		}
	}
	return err
}

// signingMechanisms gives those of the token's mechanisms that are wanted and sign.
func (c *child) signingMechanisms(slot uint, wanted func(uint) bool) ([]uint, error) {
	all, err := c.module.Mechanisms(slot)
	if err != nil {
		return nil, called("C_GetMechanismList", err)
	}
	var sign []uint
	for _, m := range all {
		if !wanted(m) {
			continue
		}
		can, err := c.module.CanSign(slot, m)
		if err != nil {
			return nil, called("C_GetMechanismInfo", err)
		}
		if can {
			sign = append(sign, m)
		}
	}
	return sign, nil
}

func readCertificates(s *pkcs11.Session) ([]Certificate, error) {
	objects, err := s.Find(maxObjects, pkcs11.Class(pkcs11.ClassCertificate))
	if err != nil {
		return nil, called("C_FindObjects", err)
	}
	var certificates []Certificate
	for _, o := range objects {
		certificate, err := readCertificate(s, o)
		if isGone(err) {
			return nil, called("C_GetAttributeValue", err)
		}
		if err != nil { // one broken object does not hide the others
			continue
		}
		certificates = append(certificates, *certificate)
	}
	return certificates, nil
}

var errNotX509 = errors.New("not an X.509 certificate")

func readCertificate(s *pkcs11.Session, o pkcs11.Object) (*Certificate, error) {
	kind, err := s.Ulong(o, pkcs11.AttributeCertificateType)
	if err != nil {
		return nil, err
	}
	if kind != certificateTypeX509 {
		return nil, errNotX509
	}
	value, err := s.Attribute(o, pkcs11.AttributeValue, maxCertificate)
	if err != nil {
		return nil, err
	}
	// Cards with files of fixed length pad what they hold.
	var der asn1.RawValue
	if _, err := asn1.Unmarshal(value, &der); err != nil {
		return nil, errNotX509
	}
	certificate := &Certificate{DER: der.FullBytes, object: o}
	certificate.ID, err = optionalID(s, o)
	return certificate, err
}

// optionalID reads CKA_ID, nil where the object has none.
func optionalID(s *pkcs11.Session, o pkcs11.Object) ([]byte, error) {
	id, err := s.Attribute(o, pkcs11.AttributeID, maxID)
	if errors.Is(err, pkcs11.ErrAttributeTypeInvalid) || errors.Is(err, pkcs11.ErrAttributeSensitive) {
		return nil, nil
	}
	return id, err
}

// privateKeyIDs gives the CKA_IDs of the private keys that are visible now.
func privateKeyIDs(s *pkcs11.Session) (map[string]bool, error) {
	objects, err := s.Find(maxObjects, pkcs11.Class(pkcs11.ClassPrivateKey))
	if err != nil {
		return nil, called("C_FindObjects", err)
	}
	ids := make(map[string]bool)
	for _, o := range objects {
		id, err := optionalID(s, o)
		if isGone(err) {
			return nil, called("C_GetAttributeValue", err)
		}
		if err == nil && len(id) > 0 {
			ids[string(id)] = true
		}
	}
	return ids, nil
}

// hasCertificate says whether a certificate that was read before is in the session. False may also be a token that does
// not find it by its value: it may pad what it holds, or take no notice of what is looked for.
func hasCertificate(s *pkcs11.Session, c *Certificate) bool {
	found, err := s.Find(1, pkcs11.Class(pkcs11.ClassCertificate), pkcs11.Attribute{Type: pkcs11.AttributeValue, Value: c.DER})
	if err != nil || len(found) == 0 {
		return false
	}
	value, err := s.Attribute(found[0], pkcs11.AttributeValue, maxCertificate)
	return err == nil && bytes.Equal(value, c.DER)
}

// certificateWithHash gives the session's certificate with this SHA-256, nil when there is none.
func certificateWithHash(s *pkcs11.Session, hash []byte) (*Certificate, error) {
	certificates, err := readCertificates(s)
	if err != nil {
		return nil, err
	}
	for i := range certificates {
		if sum := sha256.Sum256(certificates[i].DER); bytes.Equal(sum[:], hash) {
			return &certificates[i], nil
		}
	}
	return nil, nil
}
