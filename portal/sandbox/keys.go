package sandbox

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"

	"github.com/odnowa/odnowa/portal/hsm"
)

// Labels of keys in the tokens.
const (
	keyCA        = "issuing-ca"
	keyOCSP      = "ocsp"
	keyTSA       = "tsa"
	keySeal      = "seal"
	keyStatement = "statement"

	cardQualified      = "QES TEST"
	cardAuthentication = "AUTH TEST"
	cardExpired        = "QES EXPIRED TEST"
)

// publicKeys by label.
type publicKeys map[string]crypto.PublicKey

// makeKeys makes the tokens of issuer, SAM and card, and their keys. One token is open at a time:
// each has a SoftHSM configuration of its own, which is a process's.
func (m *maker) makeKeys(context.Context) error {
	m.keys = publicKeys{}
	var err error
	if m.issuerToken, err = m.newToken("issuer", "issuer TEST", "", func(t *hsm.Token) error {
		return errors.Join(m.rsa(t, keyCA, 3072), m.p256(t, keyOCSP), m.p256(t, keyTSA), m.p256(t, keySeal))
	}); err != nil {
		return err
	}
	if m.samToken, err = m.newToken("sam", "sam TEST", "", func(t *hsm.Token) error {
		return m.p256(t, keyStatement)
	}); err != nil {
		return err
	}
	pin, err := cardPIN()
	if err != nil {
		return err
	}
	m.cardToken, err = m.newToken("card", "Karta TEST", pin, func(t *hsm.Token) error {
		return errors.Join(m.rsa(t, cardQualified, 2048), m.rsa(t, cardAuthentication, 2048), m.rsa(t, cardExpired, 2048))
	})
	m.out.Card = Card{
		Module: m.cardToken.Module, Conf: m.cardToken.SoftHSMConf, TokenLabel: m.cardToken.TokenLabel,
		PIN: pin, PINFile: m.cardToken.PINFile, KeyLabel: cardQualified,
	}
	return err
}

// newToken makes a token in the folder of this name and lets fill put keys into it.
func (m *maker) newToken(name, label, pin string, fill func(*hsm.Token) error) (hsm.Config, error) {
	config, err := hsm.CreateSoftToken(m.path(name), label, pin)
	if err != nil {
		return config, err
	}
	return config, with(config, fill)
}

// with opens a token for the time of use.
func with(c hsm.Config, use func(*hsm.Token) error) error {
	t, err := hsm.Open(c)
	if err != nil {
		return err
	}
	return errors.Join(use(t), t.Close())
}

func (m *maker) rsa(t *hsm.Token, label string, bits int) error {
	key, err := t.GenerateRSA(label, bits)
	return m.remember(label, key, err)
}

func (m *maker) p256(t *hsm.Token, label string) error {
	key, err := t.GenerateP256(label)
	return m.remember(label, key, err)
}

func (m *maker) remember(label string, key crypto.Signer, err error) error {
	if err == nil {
		m.keys[label] = key.Public()
	}
	return err
}

// cardPIN has eight digits, as cards have it.
func cardPIN() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%08d", n), nil
}
