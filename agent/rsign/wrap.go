package rsign

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

// wrapped begins a file that is encrypted under a key of the user's Keychain. A registration's own file begins
// with a brace.
var wrapped = []byte("odnowa-wrapped-1\n")

// wrap encrypts a file's content under a key of 32 bytes.
func wrap(key, data []byte) ([]byte, error) {
	gcm, err := wrapping(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(append([]byte(nil), wrapped...), nil, data, wrapped), nil
}

// unwrap gives back what wrap got.
func unwrap(key, file []byte) ([]byte, error) {
	gcm, err := wrapping(key)
	if err != nil {
		return nil, err
	}
	sealed, ok := bytes.CutPrefix(file, wrapped)
	if !ok {
		return nil, errors.New("not encrypted")
	}
	return gcm.Open(nil, nil, sealed, wrapped)
}

func wrapping(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func newWrappingKey() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}
