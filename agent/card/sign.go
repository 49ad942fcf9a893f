package card

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/odnowa/odnowa/agent/pkcs11"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// SignRequest asks for one signature.
type SignRequest struct {
	// CertificateID is bridge.Certificate.ID.
	CertificateID string
	Algorithm     cades.Algorithm
	// ToSign is hashed with the algorithm's hash, here or by the token, and signed: 32 KiB at most. What it is is the caller's affair: a
	// CMS's signed attributes, never bytes that a website chose.
	ToSign []byte
	// Progress, when not nil, is told when the person is waited for and when the card signs.
	Progress func(bridge.ProgressState)
}

// maxToSign is what fits into a request to the worker; signed attributes have a few hundred bytes.
const maxToSign = 32 << 10

// PINFunc asks the person for the PIN. It is told what the token says of it right now; triesLeft is nil
// where the token does not tell. The returned bytes belong to Sign, which wipes them. An error ends
// the signature; a *bridge.Error such as user_cancelled is passed on as it is.
//
// It is not called for a token with a PIN pad (bridge.Certificate.PINPad), where the person types on the
// reader while Sign runs, nor where no PIN is needed, nor for one that is locked.
type PINFunc func(ctx context.Context, state bridge.PINState, triesLeft *int) ([]byte, error)

// PINError is the cause within a bridge.Error of code pin_incorrect or pin_locked: what the token says of
// its PIN after the try.
type PINError struct {
	State     bridge.PINState
	TriesLeft *int // nil where the token does not tell
	Err       error
}

func (e *PINError) Error() string { return fmt.Sprintf("PIN state %s: %v", e.State, e.Err) }

// Unwrap gives the token's own error.
func (e *PINError) Unwrap() error { return e.Err }

// ErrPINForgotten is within a bridge.Error of code signing_failed: the card had found the PIN right, and wanted it once
// more before it signed. Another program that used the card meanwhile is the most likely cause (a card that was
// reset forgets the PIN); OpenSC tells the same of some cards' other failures. No try was used. The person may be asked
// again, yet not for ever; the PIN that was typed is not presented again.
var ErrPINForgotten = errors.New("the card has forgotten the PIN")

// Sign signs with the certificate's key and gives the signature value as CMS has it: ECDSA in ASN.1
// form. It has not been verified.
//
// Every error is a *bridge.Error: certificate_unknown and the codes of Status that say why, card_removed, pin_incorrect,
// pin_length (no try was used), pin_locked, user_cancelled and timeout (at the PIN pad), signing_failed (perhaps
// ErrPINForgotten), module_failed,
// invalid_request (unknown algorithm), request_cancelled and timeout when ctx ends, and what pin returned.
func (s *Store) Sign(ctx context.Context, q SignRequest, pin PINFunc) ([]byte, error) {
	scheme := schemeOf(q.Algorithm)
	if scheme == "" {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, fmt.Errorf("unknown algorithm %.20q", q.Algorithm))
	}
	if len(q.ToSign) > maxToSign {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, fmt.Errorf("%d bytes to sign", len(q.ToSign)))
	}
	hash, err := hashOf(q.CertificateID)
	if err != nil {
		return nil, err
	}
	m, found, err := s.find(ctx, q.CertificateID, hash)
	if err != nil {
		return nil, err
	}
	secret, err := q.askPIN(ctx, found, pin)
	defer clear(secret)
	if err != nil {
		return nil, err
	}
	q.progress(bridge.Signing, !found.Pad)
	signature, err := m.worker.Sign(ctx, worker.SignRequest{
		Certificate: hash,
		Scheme:      scheme,
		Hash:        q.Algorithm.Hash(),
		Message:     q.ToSign,
		PIN:         secret,
		Pad:         found.Pad,
	})
	if err != nil {
		return nil, signFault(err, found)
	}
	if scheme != pkcs11.ECDSA {
		return signature, nil
	}
	if signature, err = cades.ECDSAToASN1(signature); err != nil {
		return nil, bridge.Errorf(bridge.CodeSigningFailed, err)
	}
	return signature, nil
}

func (q SignRequest) progress(state bridge.ProgressState, tell bool) {
	if q.Progress != nil && tell {
		q.Progress(state)
	}
}

// askPIN gets the PIN, nil where none is to be given. A locked PIN and one that the token says is too short
// or too long never reach the token.
func (q SignRequest) askPIN(ctx context.Context, found worker.Found, ask PINFunc) ([]byte, error) {
	if !found.NeedsPIN {
		return nil, nil
	}
	state, triesLeft := pinState(found.Token)
	if state == bridge.PINLocked {
		return nil, pinFault(bridge.CodePINLocked, found.Token, errors.New("locked before the try"))
	}
	q.progress(bridge.WaitingForPIN, true)
	if found.Pad {
		return nil, nil
	}
	pin, err := ask(ctx, state, triesLeft)
	if err != nil {
		clear(pin)
		return nil, askFault(err)
	}
	length, token := uint(len(pin)), found.Token
	if length == 0 || length < token.MinPIN || token.MaxPIN > 0 && length > token.MaxPIN || length > 255 {
		clear(pin)
		return nil, bridge.Errorf(bridge.CodePINLength, nil)
	}
	return pin, nil
}

// hashOf is the SHA-256 that an id is.
func hashOf(id string) (hash [32]byte, err error) {
	if n, err := hex.Decode(hash[:], []byte(id[:min(len(id), 64)])); err != nil || n != len(hash) {
		return hash, bridge.Errorf(bridge.CodeCertificateUnknown, errors.New("malformed id"))
	}
	return hash, nil
}

// find gives the module that has the certificate: the one that listed it, or else the first that does.
func (s *Store) find(ctx context.Context, id string, hash [32]byte) (*module, worker.Found, error) {
	s.mu.Lock()
	known := s.seen[id]
	s.mu.Unlock()
	if known != nil {
		found, err := known.module.worker.Find(ctx, hash)
		if err == nil {
			return known.module, found, nil
		}
		if !errors.Is(err, worker.ErrUnknownCertificate) {
			return nil, found, findFault(err)
		}
	}
	var failure error
	failed := make(map[*module]bool)
	for a := range askAll(s, func(m *module) (worker.Found, error) { return m.worker.Find(ctx, hash) }) {
		if a.err == nil {
			return a.module, a.value, nil
		}
		if errors.Is(a.err, worker.ErrUnknownCertificate) {
			continue
		}
		failed[a.module] = true
		if failure == nil || errors.Is(a.err, worker.ErrNoPrivateKey) { // which has the certificate
			failure = a.err
		}
	}
	switch {
	case failure == nil:
		return nil, worker.Found{}, s.missing(ctx)
	case isInterrupted(failure), errors.Is(failure, worker.ErrNoPrivateKey), s.mayHide(ctx, id, func(m *module) bool { return failed[m] }):
		return nil, worker.Found{}, findFault(failure)
	}
	return nil, worker.Found{}, bridge.Errorf(bridge.CodeCertificateUnknown, failure)
}
