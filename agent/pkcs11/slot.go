package pkcs11

import (
	"errors"
	"fmt"
	"strings"
)

// What a module may hand back at most. Real ones have a few of each.
const (
	maxSlots      = 256
	maxMechanisms = 4096
)

// SlotInfo is CK_SLOT_INFO, what concerns a reader.
type SlotInfo struct {
	// Description is the reader's name.
	Description  string
	Manufacturer string
	// TokenPresent is CKF_TOKEN_PRESENT: there is a card.
	TokenPresent bool
}

// TokenFlags is CK_TOKEN_INFO.flags.
type TokenFlags uint

// The token flags (PKCS#11 v2.40 section 3.2).
const (
	FlagLoginRequired  TokenFlags = 0x00000004 // CKF_LOGIN_REQUIRED
	FlagPINInitialized TokenFlags = 0x00000008 // CKF_USER_PIN_INITIALIZED
	FlagProtectedPath  TokenFlags = 0x00000100 // CKF_PROTECTED_AUTHENTICATION_PATH: a PIN pad
	FlagInitialized    TokenFlags = 0x00000400 // CKF_TOKEN_INITIALIZED
	FlagPINCountLow    TokenFlags = 0x00010000 // CKF_USER_PIN_COUNT_LOW
	FlagPINFinalTry    TokenFlags = 0x00020000 // CKF_USER_PIN_FINAL_TRY
	FlagPINLocked      TokenFlags = 0x00040000 // CKF_USER_PIN_LOCKED
)

// Has tells whether all of these flags are set.
func (f TokenFlags) Has(flags TokenFlags) bool { return f&flags == flags }

// TokenInfo is CK_TOKEN_INFO, what concerns a card.
type TokenInfo struct {
	Label        string
	Manufacturer string
	Model        string
	Serial       string
	Flags        TokenFlags
	// MinPIN and MaxPIN are in bytes, as the token claims; both 0 where it claims nothing.
	MinPIN, MaxPIN uint
}

// Slots lists the ids of all slots, with and without a token.
func (m *Module) Slots() ([]uint, error) {
	return m.ulongs(fnGetSlotList, 0, maxSlots)
}

// Mechanisms lists the token's mechanisms (CK_MECHANISM_TYPE).
func (m *Module) Mechanisms(slot uint) ([]uint, error) {
	return m.ulongs(fnGetMechanismList, uintptr(slot), maxMechanisms)
}

// ulongs calls a function (first, list, &count) twice, for the length and for the list, and again
// while the list grows in between: a reader may be plugged in at any moment.
func (m *Module) ulongs(function int, first uintptr, limit uint) ([]uint, error) {
	const attempts = 4
	for range attempts {
		list, err := m.ulongsOnce(function, first, limit)
		if !errors.Is(err, ErrBufferTooSmall) {
			return list, err
		}
	}
	return nil, ErrBufferTooSmall
}

func (m *Module) ulongsOnce(function int, first uintptr, limit uint) ([]uint, error) {
	var mem memory
	defer mem.release()
	count := make([]byte, ulongSize)
	if err := m.call(function, first, 0, mem.address(count)); err != nil {
		return nil, err
	}
	n := readUlong(count)
	if n > limit {
		return nil, fmt.Errorf("module lists %d entries, more than %d", n, limit)
	}
	if n == 0 {
		return nil, nil
	}
	buffer := make([]byte, int(n)*ulongSize)
	if err := m.call(function, first, mem.address(buffer), mem.address(count)); err != nil {
		return nil, err
	}
	list := make([]uint, 0, n)
	for i := range min(n, readUlong(count)) {
		list = append(list, readUlong(buffer[int(i)*ulongSize:]))
	}
	return list, nil
}

// flagTokenPresent is CKF_TOKEN_PRESENT.
const flagTokenPresent = 0x1

// SlotInfo asks for a slot's name and whether there is a token.
func (m *Module) SlotInfo(slot uint) (SlotInfo, error) {
	b, err := m.info(fnGetSlotInfo, uintptr(slot))
	if err != nil {
		return SlotInfo{}, err
	}
	return SlotInfo{
		Description:  text(b[:64]),
		Manufacturer: text(b[64:96]),
		TokenPresent: readUlong(b[96:])&flagTokenPresent != 0,
	}, nil
}

// TokenInfo asks for a token's name, flags and lengths of the PIN.
func (m *Module) TokenInfo(slot uint) (TokenInfo, error) {
	b, err := m.info(fnGetTokenInfo, uintptr(slot))
	if err != nil {
		return TokenInfo{}, err
	}
	// After the flags: ulMaxSessionCount, ulSessionCount, ulMaxRwSessionCount, ulRwSessionCount.
	numbers := b[96:]
	return TokenInfo{
		Label:        text(b[:32]),
		Manufacturer: text(b[32:64]),
		Model:        text(b[64:80]),
		Serial:       text(b[80:96]),
		Flags:        TokenFlags(readUlong(numbers)),
		MaxPIN:       readUlong(numbers[5*ulongSize:]),
		MinPIN:       readUlong(numbers[6*ulongSize:]),
	}, nil
}

// flagSign is CKF_SIGN of CK_MECHANISM_INFO.
const flagSign = 0x800

// CanSign tells whether the token signs with this mechanism.
func (m *Module) CanSign(slot, mechanism uint) (bool, error) {
	b, err := m.info(fnGetMechanismInfo, uintptr(slot), uintptr(mechanism))
	if err != nil {
		return false, err
	}
	return readUlong(b[2*ulongSize:])&flagSign != 0, nil
}

// info calls a function whose last argument is a structure to fill in.
func (m *Module) info(function int, args ...uintptr) ([]byte, error) {
	var mem memory
	defer mem.release()
	b := make([]byte, maxStructure)
	if err := m.call(function, append(args, mem.address(b))...); err != nil {
		return nil, err
	}
	return b, nil
}

// text reads a string of fixed length, padded with blanks (some modules: with zeros).
func text(b []byte) string {
	return strings.ToValidUTF8(strings.TrimRight(string(b), " \x00"), "?")
}
