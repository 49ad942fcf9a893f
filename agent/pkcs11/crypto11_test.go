//go:build cgo

package pkcs11_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"testing"

	"github.com/ThalesIgnite/crypto11"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/pkcs11"
)

// Same token, same digest, same answer as crypto11, which calls the module through cgo. PKCS #1 v1.5 is
// the one scheme here that has no randomness.
func TestSameAsCrypto11(t *testing.T) {
	card := cardtest.New(t)
	for _, name := range []string{cardtest.Sign, cardtest.Auth} {
		digest := sha256.Sum256([]byte(name))
		id := card.Certificate(name).KeyID
		ours := signHere(t, card, id, digest[:])
		theirs := signCrypto11(t, card, id, digest[:]) // after ours: C_Initialize is once a process
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%s: signatures differ:\n%x\n%x", name, ours, theirs)
		}
	}
}

func signHere(t *testing.T, card cardtest.Card, id, digest []byte) []byte {
	t.Helper()
	m := open(t, card)
	defer m.Finalize()
	s := session(t, m)
	if err := s.Login([]byte(card.PIN)); err != nil {
		t.Fatal(err)
	}
	signing := prepare(t, pkcs11.MechanismRSA, digest)
	if err := s.SignInit(signing, find(t, s, pkcs11.ClassPrivateKey, id)); err != nil {
		t.Fatal(err)
	}
	signature, err := s.Sign(signing)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func signCrypto11(t *testing.T, card cardtest.Card, id, digest []byte) []byte {
	t.Helper()
	c, err := crypto11.Configure(&crypto11.Config{Path: card.Module, TokenLabel: card.Label, Pin: card.PIN})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	key, err := c.FindKeyPair(id, nil)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := key.Sign(nil, digest, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}
