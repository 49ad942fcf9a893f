// Package hsm gives a process the private keys of its own token in a hardware security module,
// through PKCS#11 (crypto11). Keys are made there, marked sensitive and not extractable, and never
// leave it; what callers get is a [crypto.Signer].
//
// It trusts the module and the PIN file. It does not share a token: one process owns one token, and
// one process opens it once (see [Open]). It is not for people's cards; the agent has its own binding.
package hsm

import (
	"crypto"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/ThalesIgnite/crypto11"
)

var (
	// ErrNotFound: the token has no key pair of this label.
	ErrNotFound = errors.New("no such key in the token")
	// ErrExists: the token has a key of this label already; a label names one key.
	ErrExists = errors.New("the token has a key of this name already")
	// ErrOpen: this process has the token open. PKCS#11 logs in a whole process, so that a second
	// login would succeed with any PIN.
	ErrOpen = errors.New("token is open in this process already")
)

// Config says which token a process owns.
type Config struct {
	// Module is the full path of the PKCS#11 library, such as /usr/lib/softhsm/libsofthsm2.so.
	Module string `json:"module"`
	// TokenLabel is the CKA_LABEL of the token.
	TokenLabel string `json:"tokenLabel"`
	// PINFile holds the user PIN, one line. Nobody but its owner may read it (mode 0600 or 0400).
	PINFile string `json:"pinFile"`
	// SoftHSMConf, when not empty, becomes SOFTHSM2_CONF of this process before the module is
	// loaded. All tokens that one process has open at a time must share it.
	SoftHSMConf string `json:"softhsmConf,omitempty"`
}

// Token is an open token. Its methods may be called from several goroutines.
type Token struct {
	ctx    *crypto11.Context
	config Config

	// mu makes "look for the label, then generate" one step.
	mu sync.Mutex
}

// opened guards what PKCS#11 keeps for a whole process.
var opened = struct {
	sync.Mutex
	tokens map[string]bool // by module and label
	conf   string          // SoftHSMConf of the tokens that are open
}{tokens: map[string]bool{}}

// Open logs in. It fails with ErrOpen when this process has the token open.
func Open(c Config) (*Token, error) {
	pin, err := readPIN(c.PINFile)
	if err != nil {
		return nil, fmt.Errorf("opening token: %w", err)
	}
	opened.Lock()
	defer opened.Unlock()
	if opened.tokens[c.key()] {
		return nil, ErrOpen
	}
	if err := useConfLocked(c.SoftHSMConf); err != nil {
		return nil, err
	}
	ctx, err := crypto11.Configure(&crypto11.Config{Path: c.Module, TokenLabel: c.TokenLabel, Pin: pin})
	if err != nil {
		return nil, fmt.Errorf("opening token %s of %s: %w", c.TokenLabel, c.Module, err)
	}
	opened.tokens[c.key()] = true
	return &Token{ctx: ctx, config: c}, nil
}

// Close logs out and lets the module go. Keys of the token must not be used after it.
func (t *Token) Close() error {
	opened.Lock()
	defer opened.Unlock()
	if !opened.tokens[t.config.key()] {
		return nil
	}
	delete(opened.tokens, t.config.key())
	if err := t.ctx.Close(); err != nil {
		return fmt.Errorf("closing token: %w", err)
	}
	return nil
}

// Key gives the key pair of this label, or ErrNotFound.
func (t *Token) Key(label string) (crypto.Signer, error) {
	return t.find(label)
}

// Delete destroys the key pair of this label, or gives ErrNotFound.
func (t *Token) Delete(label string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	key, err := t.find(label)
	if err != nil {
		return err
	}
	if err := key.Delete(); err != nil {
		return fmt.Errorf("destroying key: %w", err)
	}
	return nil
}

func (t *Token) find(label string) (crypto11.Signer, error) {
	keys, err := t.ctx.FindKeyPairs(nil, []byte(label))
	if err != nil {
		return nil, fmt.Errorf("looking for key: %w", err)
	}
	switch len(keys) {
	case 0:
		return nil, fmt.Errorf("%w: %s", ErrNotFound, label)
	case 1:
		return keys[0], nil
	}
	return nil, fmt.Errorf("looking for key: %d keys are named %s", len(keys), label)
}

func (c Config) key() string { return c.Module + "\x00" + c.TokenLabel }

func useConfLocked(conf string) error {
	if conf == "" {
		return nil
	}
	if len(opened.tokens) > 0 && conf != opened.conf {
		return errors.New("opening token: this process has a token of another SoftHSM configuration open")
	}
	opened.conf = conf
	if err := os.Setenv("SOFTHSM2_CONF", conf); err != nil {
		return fmt.Errorf("opening token: %w", err)
	}
	return nil
}

func readPIN(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("reading PIN file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("reading PIN file: others may read %s; set its mode to 0600", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading PIN file: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
