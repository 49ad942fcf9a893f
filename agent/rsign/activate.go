package rsign

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// maxOpen bounds how long a registration is waited for, whatever the service says.
const maxOpen = 10 * time.Minute

// settleTimeout bounds the one question of settle, for which a list of certificates waits, and that of cancel.
const settleTimeout = 5 * time.Second

// openKept is for how long an open registration is kept that the service cannot be asked about.
const openKept = 24 * time.Hour

// Activation asks for a computer to be registered.
type Activation struct {
	// Portal is the address of the CSC API.
	Portal string
	// Offer of the portal's, or empty.
	Offer string
	// Progress is told the code that the person types on the phone, and again when it was typed.
	Progress func(state bridge.ActivationState, code string)
	// Thumbprint, when not nil, is told the hexadecimal SHA-256 of the new key's SubjectPublicKeyInfo.
	Thumbprint func(string)
}

// Activate registers this computer, with a new key, and waits until the person has confirmed it on the phone.
// One activation runs at a time.
//
// Where ctx ends with request_cancelled, the service is told to close the registration, and the key is
// forgotten. Where it ends otherwise, because the browser or this process went away, the person may be about to
// confirm: the key stays for a later List to settle.
//
// Every error is a *bridge.Error: busy, rsign_unavailable, rsign_refused, rsign_expired, rate_limited, or
// ctx's cause.
func (s *Store) Activate(ctx context.Context, a Activation) (*bridge.Certificate, error) {
	if !s.activating.TryLock() {
		return nil, bridge.Errorf(bridge.CodeBusy, nil)
	}
	defer s.activating.Unlock()
	r, err := s.register(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := s.await(ctx, r, a.Progress); err != nil {
		cancelled := codeOf(context.Cause(ctx)) == bridge.CodeRequestCancelled
		if cancelled {
			s.cancel(context.WithoutCancel(ctx), r)
		}
		if cancelled || ctx.Err() == nil {
			s.forget(r)
		}
		return nil, err
	}
	b := r.describe()
	return &b, nil
}

// opened is the service's answer to a registration.
type opened struct {
	ID        string    `json:"id"`
	Nonce     []byte    `json:"nonce"`
	SAMKey    []byte    `json:"samKey"`
	ExpiresAt time.Time `json:"expiresAt"`
}

var computerID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

const minComputerID, maxComputerID = 8, 128

// register makes a key and has it registered; the answer is kept before anybody can confirm it.
func (s *Store) register(ctx context.Context, a Activation) (*registration, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encoding key: %w", err)
	}
	if a.Thumbprint != nil {
		a.Thumbprint(thumbprint(spki))
	}
	c, err := newClient(a.Portal, key, s.Now)
	if err != nil {
		return nil, err
	}
	question := struct {
		Key   []byte `json:"key"`
		Name  string `json:"name"`
		Offer string `json:"offer,omitempty"`
	}{spki, s.Computer, a.Offer}
	var answer opened
	if _, err := c.post(ctx, "/odnowa/computers", question, &answer); err != nil {
		return nil, err
	}
	if err := answer.check(); err != nil {
		return nil, unavailable(err)
	}
	r := &registration{
		key: key, Portal: a.Portal, Computer: answer.ID, Code: code(spki, answer.SAMKey, answer.Nonce),
		ExpiresAt: answer.ExpiresAt,
	}
	if latest := s.Now().Add(maxOpen); r.ExpiresAt.After(latest) {
		r.ExpiresAt = latest
	}
	if err := s.save(r); err != nil {
		return nil, err
	}
	return r, nil
}

func (o *opened) check() error {
	key, err := x509.ParsePKIXPublicKey(o.SAMKey)
	if err != nil {
		return errors.New("the service's key cannot be read")
	}
	if p, ok := key.(*ecdsa.PublicKey); !ok || p.Curve != elliptic.P256() {
		return errors.New("the service's key is of another type")
	}
	if len(o.ID) < minComputerID || len(o.ID) > maxComputerID || !computerID.MatchString(o.ID) || len(o.Nonce) != 32 {
		return errors.New("not a registration")
	}
	return nil
}

// code gives the six digits that the person types. The service drew the nonce after the computer's key was
// fixed, so that nobody can look for a key that gives the same digits.
func code(computerKey, samKey, nonce []byte) string {
	h := sha256.New()
	h.Write([]byte("odnowa-computer-v1"))
	for _, part := range [][]byte{computerKey, samKey, nonce} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(h.Sum(nil))%1_000_000)
}

// state is the service's answer to a computer that waits.
type state struct {
	State      string `json:"state"`
	Credential string `json:"credentialID"`
}

// await waits for the phone, through interruptions of the network, until the registration expires.
func (s *Store) await(ctx context.Context, r *registration, progress func(bridge.ActivationState, string)) error {
	c, err := newClient(r.Portal, r.key, s.Now)
	if err != nil {
		return err
	}
	told := bridge.ActivationWaiting
	progress(told, r.Code)
	for hold := "0"; ; hold = holdMs {
		now, err := c.registered(ctx, r, hold)
		switch {
		case errors.Is(err, errUnanswered) && s.Now().Before(r.ExpiresAt):
			if err := pause(ctx); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case now.State == "active":
			return s.complete(ctx, c, r, now.Credential)
		}
		if err := s.pending(r, now.State); err != nil {
			return err
		}
		if now.State == "found" && told != bridge.ActivationFound {
			told = bridge.ActivationFound
			progress(told, r.Code)
		} else if hold != holdMs {
			continue
		}
		// The service holds the request as long as nothing changes; one that does not would be asked
		// without end.
		if now.unheld {
			if err := pause(ctx); err != nil {
				return err
			}
		}
	}
}

// answered is a state and whether the service gave it at once although it was to wait for a change.
type answered struct {
	state
	unheld bool
}

func (c *client) registered(ctx context.Context, r *registration, waitMs string) (*answered, error) {
	var a answered
	began := time.Now()
	err := c.get(ctx, "/odnowa/computers/"+r.Computer, "waitMs="+waitMs, &a.state)
	a.unheld = time.Since(began) < retryPause
	return &a, err
}

// pending gives nil while the phone may still confirm.
func (s *Store) pending(r *registration, state string) error {
	switch state {
	case "open", "found":
		if s.Now().Before(r.ExpiresAt) {
			return nil
		}
		return bridge.Errorf(bridge.CodeRSignExpired, nil)
	case "refused", "removed":
		return bridge.Errorf(bridge.CodeRSignRefused, nil)
	case "expired":
		return bridge.Errorf(bridge.CodeRSignExpired, nil)
	}
	return unavailable(errors.New("registration is in an unknown state"))
}

// cancel has the service close a registration at once, rather than leave it open for whoever finds its code.
// One that can't be told so closes by itself.
func (s *Store) cancel(ctx context.Context, r *registration) {
	ctx, stop := context.WithTimeout(ctx, settleTimeout)
	defer stop()
	c, err := newClient(r.Portal, r.key, s.Now)
	if err == nil {
		_, err = c.post(ctx, "/odnowa/computers/"+r.Computer+"/cancel", struct{}{}, &state{})
	}
	if err != nil {
		s.Log.Warn("the service does not know that an activation was cancelled", zap.Error(err))
	}
}

// complete fetches the certificate, which is the one from then on, and keeps the registration. An earlier
// one of this computer for the same certificate is no longer needed.
func (s *Store) complete(ctx context.Context, c *client, r *registration, id string) error {
	if id == "" || len(id) > 256 {
		return unavailable(errors.New("active for no credential"))
	}
	for {
		opened, err := s.open(ctx, r)
		var info *credential
		if err == nil {
			info, err = opened.credential(ctx, id)
		}
		if errors.Is(err, errUnanswered) && s.Now().Before(r.ExpiresAt) {
			if err := pause(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		r.Credential, r.chain, r.Since = id, info.chain, s.Now().UTC()
		break
	}
	if err := s.save(r); err != nil {
		return err
	}
	all, _ := s.load()
	for _, other := range all {
		if other.active() && other.sameCredential(r) && !other.key.Equal(r.key) {
			s.forget(other)
		}
	}
	return nil
}

// settle finishes an activation that nobody waits for, if the phone has confirmed it, and forgets it once
// that cannot happen any more.
func (s *Store) settle(ctx context.Context, r *registration) error {
	if !s.activating.TryLock() {
		return nil // it may be this one that is waited for
	}
	s.activating.Unlock()
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	c, err := newClient(r.Portal, r.key, s.Now)
	if err != nil {
		return err
	}
	now, err := c.registered(ctx, r, "0")
	if err == nil {
		if now.State == "active" {
			return s.complete(ctx, c, r, now.Credential)
		}
		err = s.pending(r, now.State)
	}
	over := codeOf(err) == bridge.CodeRSignRefused || codeOf(err) == bridge.CodeRSignExpired
	if over || s.Now().After(r.ExpiresAt.Add(openKept)) {
		s.forget(r)
	}
	return err
}

func (s *Store) forget(r *registration) {
	if err := s.remove(r); err != nil {
		s.Log.Warn("a computer's key was not removed", zap.Error(err))
	}
}
