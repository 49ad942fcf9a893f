//go:build cgo

package pkcs11_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/ThalesIgnite/crypto11"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/pkcs11"
)

// case11 is one key and one way to sign with it.
type case11 struct {
	key    cardtest.Certificate
	scheme pkcs11.Scheme
	hash   crypto.Hash
}

func (c case11) String() string { return fmt.Sprintf("%s %s %s", c.key.Name, c.scheme, c.hash) }

var message = []byte("what the person signs")

func (c case11) digest() []byte {
	h := c.hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// Same token, same digest, same answer as crypto11, which calls the module through cgo: every scheme, key and
// hash. PKCS #1 v1.5 has no randomness, so the answers are the same bytes; of the others each side's verifies
// under the public key that the other side reads from the token.
func TestSameAsCrypto11(t *testing.T) {
	card := cardtest.New(t)
	keys := []cardtest.Certificate{
		card.Certificate(cardtest.Sign), card.Certificate(cardtest.EC),
		card.Add(t, cardtest.Key{Name: "rsa3072", Kind: "rsa:3072", ID: "11"}),
		card.Add(t, cardtest.Key{Name: "p384", Kind: "EC:secp384r1", ID: "12"}),
		card.Add(t, cardtest.Key{Name: "p521", Kind: "EC:secp521r1", ID: "13"}),
	}
	var cases []case11
	for _, key := range keys {
		schemes := []pkcs11.Scheme{pkcs11.PKCS1, pkcs11.PSS}
		if _, ec := key.PublicKey.(*ecdsa.PublicKey); ec {
			schemes = []pkcs11.Scheme{pkcs11.ECDSA}
		}
		for _, scheme := range schemes {
			for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
				cases = append(cases, case11{key, scheme, hash})
			}
		}
	}
	ours := signHere(t, card, cases)
	theirs, public := signCrypto11(t, card, cases) // after ours: C_Initialize is once a process
	for i, c := range cases {
		t.Run(c.String(), func(t *testing.T) {
			for side, signatures := range map[string][][]byte{"ours": ours[i], "crypto11's": theirs[i : i+1]} {
				for _, signature := range signatures {
					if err := c.verify(public[i], signature); err != nil {
						t.Errorf("%s: %v", side, err)
					}
					if c.scheme == pkcs11.PKCS1 && !bytes.Equal(signature, theirs[i]) {
						t.Errorf("%s: another signature than crypto11's\n%x\n%x", side, signature, theirs[i])
					}
				}
			}
			if !c.key.PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(public[i]) {
				t.Error("crypto11 has another key")
			}
		})
	}
}

// signHere gives each case's signatures, one for each mechanism that the token has for it.
func signHere(t *testing.T, card cardtest.Card, cases []case11) [][][]byte {
	t.Helper()
	m := open(t, card)
	defer m.Finalize()
	s := session(t, m)
	if err := s.Login([]byte(card.PIN)); err != nil {
		t.Fatal(err)
	}
	slots, err := m.Slots()
	if err != nil {
		t.Fatal(err)
	}
	mechanisms, err := m.Mechanisms(slots[0])
	if err != nil {
		t.Fatal(err)
	}
	var all [][][]byte
	hashing := 0
	for _, c := range cases {
		var signatures [][]byte
		for _, mechanism := range c.scheme.Usable(c.hash, mechanisms) {
			if mechanism != c.scheme.Raw() {
				hashing++
			}
			signatures = append(signatures, c.sign(t, s, mechanism))
		}
		if len(signatures) == 0 {
			t.Errorf("%s: no mechanism", c)
		}
		all = append(all, signatures)
	}
	if want := 2 * 6; hashing != want { // SoftHSM 2.6 hashes for RSA, not for ECDSA
		t.Errorf("%d signatures with hashing mechanisms, want %d", hashing, want)
	}
	return all
}

// sign gives an ECDSA signature as crypto11 does, in ASN.1 form.
func (c case11) sign(t *testing.T, s *pkcs11.Session, mechanism uint) []byte {
	t.Helper()
	signing, err := pkcs11.NewSigning(c.scheme, c.hash, mechanism, message)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignInit(signing, find(t, s, pkcs11.ClassPrivateKey, c.key.KeyID)); err != nil {
		t.Fatalf("%s, mechanism 0x%X: %v", c, mechanism, err)
	}
	signature, err := s.Sign(signing)
	if err != nil {
		t.Fatalf("%s, mechanism 0x%X: %v", c, mechanism, err)
	}
	if c.scheme != pkcs11.ECDSA {
		return signature
	}
	half := len(signature) / 2
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func signCrypto11(t *testing.T, card cardtest.Card, cases []case11) (signatures [][]byte, public []crypto.PublicKey) {
	t.Helper()
	c, err := crypto11.Configure(&crypto11.Config{Path: card.Module, TokenLabel: card.Label, Pin: card.PIN})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, one := range cases {
		key, err := c.FindKeyPair(one.key.KeyID, nil)
		if err != nil {
			t.Fatal(err)
		}
		var options crypto.SignerOpts = one.hash
		if one.scheme == pkcs11.PSS {
			options = &rsa.PSSOptions{Hash: one.hash, SaltLength: rsa.PSSSaltLengthEqualsHash}
		}
		signature, err := key.Sign(nil, one.digest(), options)
		if err != nil {
			t.Fatalf("%s: %v", one, err)
		}
		signatures, public = append(signatures, slices.Clone(signature)), append(public, key.Public())
	}
	return signatures, public
}

func (c case11) verify(public crypto.PublicKey, signature []byte) error {
	switch c.scheme {
	case pkcs11.PKCS1:
		return rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), c.hash, c.digest(), signature)
	case pkcs11.PSS:
		return rsa.VerifyPSS(public.(*rsa.PublicKey), c.hash, c.digest(), signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	if !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), c.digest(), signature) {
		return errors.New("does not verify")
	}
	return nil
}
