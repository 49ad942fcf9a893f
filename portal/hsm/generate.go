package hsm

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/ThalesIgnite/crypto11"
)

// GenerateP256 makes an ECDSA key on P-256. Its Sign answers with the ASN.1 form. ErrExists when
// the label is taken.
func (t *Token) GenerateP256(label string) (crypto.Signer, error) {
	return t.generate(label, func(pub, priv crypto11.AttributeSet) (crypto.Signer, error) {
		return t.ctx.GenerateECDSAKeyPairWithAttributes(pub, priv, elliptic.P256())
	})
}

// GenerateRSA makes an RSA key for signatures (PKCS#1 v1.5 and PSS) of so many bits. ErrExists
// when the label is taken.
func (t *Token) GenerateRSA(label string, bits int) (crypto.Signer, error) {
	return t.generate(label, func(pub, priv crypto11.AttributeSet) (crypto.Signer, error) {
		return t.ctx.GenerateRSAKeyPairWithAttributes(pub, priv, bits)
	})
}

func (t *Token) generate(label string, make func(pub, priv crypto11.AttributeSet) (crypto.Signer, error)) (crypto.Signer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.find(label); err == nil {
		return nil, fmt.Errorf("%w: %s", ErrExists, label)
	} else if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	pub, priv, err := attributes(label)
	if err != nil {
		return nil, fmt.Errorf("generating key: %w", err)
	}
	key, err := make(pub, priv)
	if err != nil {
		return nil, fmt.Errorf("generating key: %w", err)
	}
	return key, nil
}

// attributes says everything that matters instead of trusting a token's defaults: the key signs
// and does nothing else (PKCS#11 v2.40 section 4.9).
func attributes(label string) (pub, priv crypto11.AttributeSet, err error) {
	id := make([]byte, 16)
	rand.Read(id)
	if pub, err = crypto11.NewAttributeSetWithIDAndLabel(id, []byte(label)); err != nil {
		return nil, nil, err
	}
	priv = pub.Copy()
	err = errors.Join(
		pub.Set(crypto11.CkaEncrypt, false),
		pub.Set(crypto11.CkaWrap, false),
		priv.Set(crypto11.CkaPrivate, true),
		priv.Set(crypto11.CkaSensitive, true),
		priv.Set(crypto11.CkaExtractable, false),
		priv.Set(crypto11.CkaSign, true),
		priv.Set(crypto11.CkaDecrypt, false),
		priv.Set(crypto11.CkaUnwrap, false),
		priv.Set(crypto11.CkaDerive, false),
	)
	return pub, priv, err
}
