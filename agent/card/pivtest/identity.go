package pivtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
)

// Identity is a key and its certificate: RSA with 2048 or 3072 bits, P-256 or P-384.
type Identity struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// LoadIdentity reads a certificate and its private key (PKCS#8, PKCS#1 or SEC 1) from PEM files.
func LoadIdentity(certificateFile, keyFile string) (*Identity, error) {
	block, err := readPEM(certificateFile)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", certificateFile, err)
	}
	if block, err = readPEM(keyFile); err != nil {
		return nil, err
	}
	key, err := parseKey(block)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", keyFile, err)
	}
	i := &Identity{certificate, key}
	return i, i.check()
}

func readPEM(file string) (*pem.Block, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("reading %s: no PEM", file)
	}
	return block, nil
}

func parseKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("not a key that signs")
	}
	return signer, nil
}

// check tells whether a PIV card can hold it.
func (i *Identity) check() error {
	if i.algorithm() == 0 {
		return errors.New("a PIV card holds keys of RSA-2048, RSA-3072, P-256 and P-384 only")
	}
	public, ok := i.Certificate.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(i.Key.Public()) {
		return errors.New("the certificate is another key's")
	}
	return nil
}

// algorithm is the identifier of the key's kind (SP 800-78-5 table 9), 0 for one that is not supported.
func (i *Identity) algorithm() byte {
	switch key := i.Key.(type) {
	case *rsa.PrivateKey:
		switch key.N.BitLen() {
		case 2048:
			return 0x07
		case 3072:
			return 0x05
		}
	case *ecdsa.PrivateKey:
		switch key.Curve {
		case elliptic.P256():
			return 0x11
		case elliptic.P384():
			return 0x14
		}
	}
	return 0
}

var errInput = errors.New("wrong input to the key")

// sign does what the card does with its key: the bare RSA operation, as the padding is the module's
// affair, or ECDSA of the digest.
func (i *Identity) sign(algorithm byte, input []byte) ([]byte, error) {
	if algorithm != i.algorithm() || len(input) == 0 {
		return nil, errInput
	}
	switch key := i.Key.(type) {
	case *rsa.PrivateKey:
		message := new(big.Int).SetBytes(input)
		if len(input) != key.Size() || message.Cmp(key.N) >= 0 {
			return nil, errInput
		}
		return message.Exp(message, key.D, key.N).FillBytes(input), nil
	case *ecdsa.PrivateKey:
		return ecdsa.SignASN1(rand.Reader, key, input)
	}
	return nil, errInput
}
