package worker_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"
	"os"
	"slices"
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/pkcs11"
	"github.com/odnowa/odnowa/agent/worker"
)

func start(t *testing.T, module string, env ...string) *worker.Worker {
	t.Helper()
	w := worker.Start(module, worker.Options{Env: env, Stderr: os.Stderr})
	t.Cleanup(func() { w.Close() })
	return w
}

func TestListShowsCertificatesWithoutPIN(t *testing.T) {
	card := cardtest.New(t)
	slots, err := start(t, card.Module, card.Env...).List(t.Context(), worker.RefreshNever)
	if err != nil {
		t.Fatal(err)
	}
	if len(slots) != 2 || slots[0].Token == nil || slots[1].Token != nil {
		t.Fatalf("got %d slots, want the token and SoftHSM's empty slot: %+v", len(slots), slots)
	}
	token := slots[0].Token
	if token.Label != card.Label || !token.Flags.Has(pkcs11.FlagLoginRequired) || token.MinPIN != 4 {
		t.Errorf("token: got %+v", token.TokenInfo)
	}
	for _, m := range []uint{pkcs11.MechanismRSA, pkcs11.MechanismPSS, pkcs11.MechanismECDSA} {
		if !slices.Contains(token.Mechanisms, m) {
			t.Errorf("mechanisms: got %v, want RSA, PSS and ECDSA among them", token.Mechanisms)
		}
	}
	if slices.ContainsFunc(token.Mechanisms, func(m uint) bool { return !pkcs11.Known(m) }) {
		t.Errorf("mechanisms: got %v, want none that is not signed with", token.Mechanisms)
	}
	got := map[[32]byte]worker.Certificate{}
	for _, c := range token.Certificates {
		got[sha256.Sum256(c.DER)] = c
	}
	if len(got) != len(card.Certificates)+1 {
		t.Errorf("got %d certificates, want %d and the CA's", len(got), len(card.Certificates))
	}
	for _, want := range card.Certificates {
		c, ok := got[want.Hash()]
		if !ok || c.Private || string(c.ID) != string(want.KeyID) {
			t.Errorf("certificate %s: found %v: private %v, id %x", want.Name, ok, c.Private, c.ID)
		}
	}
}

func TestSign(t *testing.T) {
	card := cardtest.New(t)
	w := start(t, card.Module, card.Env...)
	tests := []struct {
		name        string
		certificate string
		scheme      pkcs11.Scheme
		hash        crypto.Hash
		verify      func(public any, digest, signature []byte) error
	}{
		{"PKCS1", cardtest.Sign, pkcs11.PKCS1, crypto.SHA256, verifyPKCS1(crypto.SHA256)},
		{"PKCS1 SHA-512", cardtest.Auth, pkcs11.PKCS1, crypto.SHA512, verifyPKCS1(crypto.SHA512)},
		{"PSS", cardtest.Sign, pkcs11.PSS, crypto.SHA384, verifyPSS(crypto.SHA384)},
		{"ECDSA", cardtest.EC, pkcs11.ECDSA, crypto.SHA256, verifyECDSA},
		{"always authenticate", cardtest.Always, pkcs11.PKCS1, crypto.SHA256, verifyPKCS1(crypto.SHA256)},
		{"always authenticate again", cardtest.Always, pkcs11.PSS, crypto.SHA256, verifyPSS(crypto.SHA256)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			certificate := card.Certificate(test.certificate)
			message := []byte("what the person signs")
			signature, err := w.Sign(t.Context(), worker.SignRequest{
				Certificate: certificate.Hash(), Scheme: test.scheme, Hash: test.hash, Message: message, PIN: []byte(card.PIN),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := test.verify(certificate.PublicKey, digestOf(test.hash, message), signature); err != nil {
				t.Error(err)
			}
		})
	}
}

func digestOf(h crypto.Hash, message []byte) []byte {
	hash := h.New()
	hash.Write(message)
	return hash.Sum(nil)
}

func verifyPKCS1(h crypto.Hash) func(any, []byte, []byte) error {
	return func(public any, digest, signature []byte) error {
		return rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), h, digest, signature)
	}
}

func verifyPSS(h crypto.Hash) func(any, []byte, []byte) error {
	return func(public any, digest, signature []byte) error {
		return rsa.VerifyPSS(public.(*rsa.PublicKey), h, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
}

func verifyECDSA(public any, digest, signature []byte) error {
	half := len(signature) / 2
	r, s := new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
	if !ecdsa.Verify(public.(*ecdsa.PublicKey), digest, r, s) {
		return errors.New("signature does not verify")
	}
	return nil
}
