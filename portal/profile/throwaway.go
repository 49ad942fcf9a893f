package profile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"sync"
)

// throwaway gives a key like pub that nothing trusts. RSA keys take long to make, so each size is
// made once a process: certificates signed with it never leave it.
func throwaway(pub crypto.PublicKey) (crypto.Signer, error) {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.GenerateKey(k.Curve, rand.Reader)
	case *rsa.PublicKey:
		rsaKeys.Lock()
		defer rsaKeys.Unlock()
		if key := rsaKeys.bySize[k.Size()]; key != nil {
			return key, nil
		}
		key, err := rsa.GenerateKey(rand.Reader, k.Size()*8)
		if err == nil {
			rsaKeys.bySize[k.Size()] = key
		}
		return key, err
	}
	return nil, fmt.Errorf("a CA key of type %T", pub)
}

var rsaKeys = struct {
	sync.Mutex
	bySize map[int]*rsa.PrivateKey
}{bySize: map[int]*rsa.PrivateKey{}}

func signatureAlgorithm(ca crypto.PublicKey) x509.SignatureAlgorithm {
	if k, ok := ca.(*ecdsa.PublicKey); ok {
		if k.Curve.Params().BitSize > 256 {
			return x509.ECDSAWithSHA384
		}
		return x509.ECDSAWithSHA256
	}
	return x509.SHA256WithRSA
}
