package worker

import (
	"fmt"

	"github.com/odnowa/odnowa/agent/pkcs11"
)

// Slot is a reader, or what a module shows as one.
type Slot struct {
	Reader string `json:"reader"`
	// Card: something is in the reader, though perhaps not a card that the module knows. A token
	// that was never initialised counts as none.
	Card bool `json:"card"`
	// Token is nil without a card and for one that the module does not know.
	Token *Token `json:"token,omitempty"`
}

// Token is a card that the module knows.
type Token struct {
	pkcs11.TokenInfo
	// Mechanisms that sign, of those that package pkcs11 knows. Only List fills these two.
	Mechanisms   []uint        `json:"mechanisms,omitempty"`
	Certificates []Certificate `json:"certificates,omitempty"`
}

// Certificate is an X.509 certificate object on a token.
type Certificate struct {
	// DER is CKA_VALUE without padding behind it. It has not been parsed.
	DER []byte `json:"der"`
	ID  []byte `json:"id"` // CKA_ID
	// Private tells whether its private key is visible without login. Most tokens hide them until then.
	Private bool `json:"private"`

	object pkcs11.Object // in the child, for its session
}

// Found is where a certificate is, and what its token wants before it signs.
type Found struct {
	Reader string           `json:"reader"`
	Token  pkcs11.TokenInfo `json:"token"`
	// NeedsPIN: the token wants a login, or the key its own.
	NeedsPIN bool `json:"needsPin"`
	// Pad: the person types the PIN on the reader, and none is to be given.
	Pad bool `json:"pad"`
}

// The operations of the child.
const (
	opList   = "list"
	opStatus = "status"
	opFind   = "find"
	opSign   = "sign"
)

// request is the message from parent to child. The PIN is the frame's secret; an empty one is none.
type request struct {
	ID          uint64        `json:"id"`
	Operation   string        `json:"operation"`
	Refresh     Refresh       `json:"refresh,omitempty"`
	Certificate []byte        `json:"certificate,omitempty"`
	Scheme      pkcs11.Scheme `json:"scheme,omitempty"`
	Hash        uint          `json:"hash,omitempty"`
	Message     []byte        `json:"message,omitempty"`
}

// response is the message from child to parent: a failure, or the operation's result.
type response struct {
	ID        uint64   `json:"id"`
	Failure   *failure `json:"failure,omitempty"`
	Slots     []Slot   `json:"slots,omitempty"`
	Found     *Found   `json:"found,omitempty"`
	Signature []byte   `json:"signature,omitempty"`
}

// The kinds of failure.
const (
	failedLoad        = "load"         // not loaded or not initialised
	failedCall        = "call"         // a function's own error
	failedUnknown     = "unknown"      // ErrUnknownCertificate
	failedNoKey       = "no_key"       // ErrNoPrivateKey
	failedPINRequired = "pin_required" // ErrPINRequired
	failedOther       = "other"        // the module broke its contract
)

// failure is an error on its way from child to parent.
type failure struct {
	Kind     string            `json:"kind"`
	Function string            `json:"function,omitempty"`
	Code     uint              `json:"code,omitempty"`
	Token    *pkcs11.TokenInfo `json:"token,omitempty"`
	Text     string            `json:"text,omitempty"` // for logs
}

// err is the error that the parent's caller gets.
func (f *failure) err() error {
	switch f.Kind {
	case failedCall:
		return &CallError{Function: f.Function, Code: pkcs11.Error(f.Code), Token: f.Token}
	case failedUnknown:
		return ErrUnknownCertificate
	case failedNoKey:
		return ErrNoPrivateKey
	case failedPINRequired:
		return ErrPINRequired
	}
	return fmt.Errorf("%w: %.300q", ErrModuleFailed, f.Text)
}
