package card

import (
	"context"
	"errors"
	"fmt"

	"github.com/odnowa/odnowa/agent/pkcs11"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// interrupted makes a bridge.Error of a context's.
func interrupted(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return bridge.Errorf(bridge.CodeTimeout, err)
	}
	return bridge.Errorf(bridge.CodeRequestCancelled, err)
}

func isInterrupted(err error) bool {
	// A worker's own deadline is ErrModuleFailed, not the caller's context.
	return !errors.Is(err, worker.ErrModuleFailed) &&
		(errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// askFault is for what a PINFunc returned.
func askFault(err error) error {
	var known *bridge.Error
	switch {
	case errors.As(err, &known):
		return known
	case isInterrupted(err):
		return interrupted(err)
	}
	return bridge.Errorf(bridge.CodeInternal, err)
}

// findFault is for errors other than ErrUnknownCertificate while looking for a certificate.
func findFault(err error) error {
	switch {
	case isInterrupted(err):
		return interrupted(err)
	case errors.Is(err, worker.ErrNoPrivateKey):
		return bridge.Errorf(bridge.CodeSigningFailed, err)
	}
	return bridge.Errorf(bridge.CodeModuleFailed, err)
}

// signCodes maps what a token returned while signing (PKCS#11 v2.40 section 5.1.6). What is not here is
// signing_failed.
var signCodes = map[pkcs11.Error]bridge.Code{
	pkcs11.ErrPINIncorrect:         bridge.CodePINIncorrect,
	pkcs11.ErrPINInvalid:           bridge.CodePINIncorrect,
	pkcs11.ErrPINLenRange:          bridge.CodePINLength,
	pkcs11.ErrPINLocked:            bridge.CodePINLocked,
	pkcs11.ErrDeviceRemoved:        bridge.CodeCardRemoved,
	pkcs11.ErrTokenNotPresent:      bridge.CodeCardRemoved,
	pkcs11.ErrTokenNotRecognized:   bridge.CodeCardRemoved,
	pkcs11.ErrSlotIDInvalid:        bridge.CodeCardRemoved,
	pkcs11.ErrSessionClosed:        bridge.CodeCardRemoved,
	pkcs11.ErrSessionHandleInvalid: bridge.CodeCardRemoved,
	pkcs11.ErrCancel:               bridge.CodeUserCancelled,
	pkcs11.ErrFunctionCanceled:     bridge.CodeUserCancelled,
	pkcs11.ErrFunctionRejected:     bridge.CodeUserCancelled,
}

// signFault is for errors of signing, after the certificate was found.
func signFault(err error, found worker.Found) error {
	switch {
	case isInterrupted(err):
		return interrupted(err)
	case found.Pad && errors.Is(err, worker.ErrModuleFailed) && errors.Is(err, context.DeadlineExceeded):
		return bridge.Errorf(bridge.CodeTimeout, err) // nobody typed
	case errors.Is(err, worker.ErrModuleFailed):
		return bridge.Errorf(bridge.CodeModuleFailed, err)
	case errors.Is(err, worker.ErrUnknownCertificate): // it was there a moment ago
		return bridge.Errorf(bridge.CodeCardRemoved, err)
	}
	var call *worker.CallError
	if !errors.As(err, &call) {
		return bridge.Errorf(bridge.CodeSigningFailed, err)
	}
	if call.Code == pkcs11.ErrUserNotLoggedIn && call.Function != "C_Login" && found.NeedsPIN {
		return bridge.Errorf(bridge.CodeSigningFailed, fmt.Errorf("%w: %w", ErrPINForgotten, err))
	}
	code, known := signCodes[call.Code]
	switch {
	case !known:
		return bridge.Errorf(bridge.CodeSigningFailed, err)
	case code == bridge.CodePINIncorrect || code == bridge.CodePINLocked:
		return tokenPINFault(code, call)
	}
	return bridge.Errorf(code, err)
}

// tokenPINFault adds the state of the PIN. A wrong PIN that was the last try has locked it, whatever the
// token returned.
func tokenPINFault(code bridge.Code, call *worker.CallError) error {
	var token pkcs11.TokenInfo
	if call.Token != nil {
		token = *call.Token
	}
	if code == bridge.CodePINLocked {
		token.Flags |= pkcs11.FlagPINLocked
	}
	if token.Flags.Has(pkcs11.FlagPINLocked) {
		code = bridge.CodePINLocked
	}
	return pinFault(code, token, call)
}

func pinFault(code bridge.Code, token pkcs11.TokenInfo, cause error) error {
	state, triesLeft := pinState(token)
	return &bridge.Error{
		Code: code, TriesLeft: triesLeft,
		Err: &PINError{State: state, TriesLeft: triesLeft, Err: cause},
	}
}
