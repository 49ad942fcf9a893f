package pivtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"time"
)

// identities gives those of the options, or a test person's.
func identities(o Options) (authentication, signature *Identity, err error) {
	authentication, signature = o.Authentication, o.Signature
	if authentication == nil || signature == nil {
		p, err := testPerson()
		if err != nil {
			return nil, nil, err
		}
		if authentication == nil {
			authentication = p.authentication
		}
		if signature == nil {
			signature = p.signature
		}
	}
	for _, i := range []*Identity{authentication, signature} {
		if err := i.check(); err != nil {
			return nil, nil, err
		}
	}
	return authentication, signature, nil
}

type person struct{ authentication, signature *Identity }

// testPerson is made once a process: RSA keys take their time.
var testPerson = sync.OnceValues(func() (person, error) {
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return person{}, err
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return person{}, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return person{}, err
	}
	authentication, err := issue(authority, 2, x509.KeyUsageDigitalSignature, ec)
	if err != nil {
		return person{}, err
	}
	signature, err := issue(authority, 3, x509.KeyUsageContentCommitment, key)
	return person{authentication, signature}, err
})

// issue makes the certificate of the test person, whose PESEL consists of zeros.
func issue(authority crypto.Signer, serial int64, usage x509.KeyUsage, key crypto.Signer) (*Identity, error) {
	ca := &x509.Certificate{
		Subject: pkix.Name{Country: []string{"PL"}, Organization: []string{"Odnowa TEST"}, CommonName: "TEST CA"},
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{Country: []string{"PL"}, CommonName: "Żaneta TESTOWA", SerialNumber: "PNOPL-00000000000"},
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     time.Now().Add(30 * 24 * time.Hour),
		KeyUsage:     usage,
	}, ca, key.Public(), authority)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &Identity{certificate, key}, err
}
