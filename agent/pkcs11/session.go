package pkcs11

import "fmt"

// Session is an open session with a token, read-only. It is for one goroutine.
type Session struct {
	module *Module
	handle uintptr
	room   []byte // for attributes whose length is not known
}

// attributeRoom is enough for nearly all attributes, most certificates among them, in bytes.
const attributeRoom = 4 << 10

// flagSerialSession is CKF_SERIAL_SESSION, which must always be set (section 5.6). CKF_RW_SESSION is
// not: write-protected tokens refuse it and nothing here writes.
const flagSerialSession = 0x4

// OpenSession opens a session with the token in slot.
func (m *Module) OpenSession(slot uint) (*Session, error) {
	var mem memory
	defer mem.release()
	handle := make([]byte, ulongSize)
	if err := m.call(fnOpenSession, uintptr(slot), flagSerialSession, 0, 0, mem.address(handle)); err != nil {
		return nil, err
	}
	return &Session{module: m, handle: uintptr(readUlong(handle))}, nil
}

// Close ends the session. With a token's last session its login ends, too.
func (s *Session) Close() error { return s.module.call(fnCloseSession, s.handle) }

// CK_USER_TYPE.
const (
	userNormal          = 1 // CKU_USER
	userContextSpecific = 2 // CKU_CONTEXT_SPECIFIC
)

// Login logs the user in. A nil pin lets the person type it on the reader's pad, which blocks until
// they have; an empty one is refused without asking the token. The caller wipes pin.
func (s *Session) Login(pin []byte) error { return s.login(userNormal, pin) }

// LoginContext authorises the one operation that [Session.SignInit] has begun, for keys with
// CKA_ALWAYS_AUTHENTICATE (section 4.9). The caller wipes pin.
func (s *Session) LoginContext(pin []byte) error { return s.login(userContextSpecific, pin) }

func (s *Session) login(user uintptr, pin []byte) error {
	if pin != nil && len(pin) == 0 {
		return ErrPINLenRange
	}
	var mem memory
	defer mem.release()
	return s.module.call(fnLogin, s.handle, user, mem.address(pin), uintptr(len(pin)))
}

// Logout ends the user's login in all of this process's sessions with the token.
func (s *Session) Logout() error { return s.module.call(fnLogout, s.handle) }

// AttributeType is CK_ATTRIBUTE_TYPE.
type AttributeType uint

// The attributes that are used here (pkcs11t.h).
const (
	AttributeClass              AttributeType = 0x000 // CKA_CLASS
	AttributeLabel              AttributeType = 0x003 // CKA_LABEL
	AttributeValue              AttributeType = 0x011 // CKA_VALUE
	AttributeCertificateType    AttributeType = 0x080 // CKA_CERTIFICATE_TYPE
	AttributeKeyType            AttributeType = 0x100 // CKA_KEY_TYPE
	AttributeID                 AttributeType = 0x102 // CKA_ID
	AttributeModulus            AttributeType = 0x120 // CKA_MODULUS
	AttributePublicKeyInfo      AttributeType = 0x129 // CKA_PUBLIC_KEY_INFO, of private keys since v2.40
	AttributeECPoint            AttributeType = 0x181 // CKA_EC_POINT
	AttributeAlwaysAuthenticate AttributeType = 0x202 // CKA_ALWAYS_AUTHENTICATE
)

// Object classes (CK_OBJECT_CLASS).
const (
	ClassCertificate uint = 1 // CKO_CERTIFICATE
	ClassPublicKey   uint = 2 // CKO_PUBLIC_KEY
	ClassPrivateKey  uint = 3 // CKO_PRIVATE_KEY
)

// Key types (CK_KEY_TYPE).
const (
	KeyRSA uint = 0 // CKK_RSA
	KeyEC  uint = 3 // CKK_EC
)

// Attribute is a type and its value as the module sees it.
type Attribute struct {
	Type  AttributeType
	Value []byte
}

// Class makes the attribute that finds objects of one class.
func Class(class uint) Attribute {
	return Attribute{AttributeClass, appendUlong(nil, class)}
}

// Object is the handle of an object, good for its session.
type Object uint

// Find gives at most limit objects that have all these attributes.
func (s *Session) Find(limit int, attributes ...Attribute) (found []Object, err error) {
	var mem memory
	defer mem.release()
	template := make([]byte, 0, len(attributes)*(2*ulongSize+pointerSize))
	for _, a := range attributes {
		template = appendAttribute(template, a.Type, mem.address(a.Value), uint(len(a.Value)))
	}
	if err := s.module.call(fnFindObjectsInit, s.handle, mem.address(template), uintptr(len(attributes))); err != nil {
		return nil, err
	}
	defer func() {
		if e := s.module.call(fnFindObjectsFinal, s.handle); err == nil && e != nil {
			found, err = nil, e
		}
	}()
	// Several calls: a module may give fewer than it is asked for, and ends with none.
	for len(found) < limit {
		batch, err := s.findSome(min(limit-len(found), 64))
		if err != nil {
			return nil, err
		}
		if len(batch) == 0 {
			break
		}
		found = append(found, batch...)
	}
	return found, nil
}

func (s *Session) findSome(n int) ([]Object, error) {
	var mem memory
	defer mem.release()
	handles, count := make([]byte, n*ulongSize), make([]byte, ulongSize)
	if err := s.module.call(fnFindObjects, s.handle, mem.address(handles), uintptr(n), mem.address(count)); err != nil {
		return nil, err
	}
	found := make([]Object, 0, n)
	for i := range min(uint(n), readUlong(count)) {
		found = append(found, Object(readUlong(handles[int(i)*ulongSize:])))
	}
	return found, nil
}

// Attribute reads one attribute of at most limit bytes. It asks for one alone because a module that
// knows one type of several less may fail the whole call. It asks for the length first only where there was no room.
func (s *Session) Attribute(object Object, kind AttributeType, limit int) ([]byte, error) {
	if s.room == nil {
		s.room = make([]byte, attributeRoom)
	}
	room := s.room[:min(limit, attributeRoom)]
	n, err := s.attribute(object, kind, room)
	if err == nil && n <= uint(len(room)) {
		return append([]byte{}, room[:n]...), nil
	}
	n, err = s.attribute(object, kind, nil)
	if err != nil {
		return nil, err
	}
	if n > uint(limit) {
		return nil, fmt.Errorf("attribute 0x%X has %d bytes, more than %d", uint(kind), n, limit)
	}
	if n == 0 {
		return []byte{}, nil
	}
	value := make([]byte, n)
	n, err = s.attribute(object, kind, value)
	if err != nil {
		return nil, err
	}
	return value[:min(n, uint(len(value)))], nil
}

// attribute fills value, or tells the length when value is empty.
func (s *Session) attribute(object Object, kind AttributeType, value []byte) (uint, error) {
	var mem memory
	defer mem.release()
	template := appendAttribute(nil, kind, mem.address(value), uint(len(value)))
	if err := s.module.call(fnGetAttributeValue, s.handle, uintptr(object), mem.address(template), 1); err != nil {
		return 0, err
	}
	n := readUlong(template[ulongSize+pointerSize:])
	if n == unavailable {
		return 0, ErrAttributeTypeInvalid
	}
	return n, nil
}

// Flag reads a CK_BBOOL attribute. One that the token does not have is false.
func (s *Session) Flag(object Object, kind AttributeType) (bool, error) {
	b := make([]byte, ulongSize)
	n, err := s.attribute(object, kind, b)
	switch err {
	case nil:
		return n > 0 && b[0] != 0, nil
	case ErrAttributeTypeInvalid, ErrAttributeSensitive:
		return false, nil
	}
	return false, err
}

// Ulong reads a CK_ULONG attribute.
func (s *Session) Ulong(object Object, kind AttributeType) (uint, error) {
	b := make([]byte, ulongSize)
	n, err := s.attribute(object, kind, b)
	if err != nil {
		return 0, err
	}
	if n != uint(ulongSize) {
		return 0, fmt.Errorf("attribute 0x%X has %d bytes, not %d", uint(kind), n, ulongSize)
	}
	return readUlong(b), nil
}

// appendAttribute writes a CK_ATTRIBUTE: type, pValue, ulValueLen.
func appendAttribute(b []byte, kind AttributeType, address uintptr, length uint) []byte {
	b = appendUlong(b, uint(kind))
	b = appendPointer(b, address)
	return appendUlong(b, length)
}
