package cades_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/cades/cadestest"
)

func TestRoundTrip(t *testing.T) {
	p := cadestest.NewPKI()
	for _, profile := range []cades.Profile{cades.PAdES, cades.CAdES} {
		for _, a := range cadestest.Algorithms {
			t.Run(profile.String()+"/"+string(a), func(t *testing.T) { roundTrip(t, p, profile, a) })
		}
	}
}

func roundTrip(t *testing.T, p *cadestest.PKI, profile cades.Profile, a cades.Algorithm) {
	by := p.SignerFor(a)
	s, err := cades.Parse(p.Sign(profile, a))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(profile, a.Sum(cadestest.Content), by.Cert); err != nil {
		t.Error(err)
	}
	if s.Profile != profile || s.Algorithm != a || !s.Signer.Equal(by.Cert) || s.TimeStamp != nil {
		t.Errorf("got %v, %v, %v, %x", s.Profile, s.Algorithm, s.Signer.Subject, s.TimeStamp)
	}
	if !slices.ContainsFunc(s.Certificates, by.Cert.Equal) || !slices.ContainsFunc(s.Certificates, p.CA.Cert.Equal) || len(s.Certificates) != 2 {
		t.Errorf("got %d certificates, want the signer's and the authority's", len(s.Certificates))
	}
	if !bytes.Equal(s.ContentDigest, a.Sum(cadestest.Content)) {
		t.Errorf("got content digest %x", s.ContentDigest)
	}
	var wantTime time.Time
	if profile == cades.CAdES {
		wantTime = cadestest.SigningTime
	}
	if s.SigningTime != wantTime {
		t.Errorf("got signing time %v, want %v", s.SigningTime, wantTime)
	}
}

func TestVerifyRefuses(t *testing.T) {
	p := cadestest.NewPKI()
	s, err := cades.Parse(p.Sign(cades.PAdES, cades.ES256))
	if err != nil {
		t.Fatal(err)
	}
	digest, other := cades.ES256.Sum(cadestest.Content), cades.ES256.Sum([]byte("other"))
	for _, c := range []struct {
		name    string
		profile cades.Profile
		digest  []byte
		cert    *x509.Certificate
		want    error
	}{
		{"good", cades.PAdES, digest, p.P256.Cert, nil},
		{"CAdES wanted", cades.CAdES, digest, p.P256.Cert, cades.ErrProfile},
		{"no such profile", cades.Profile(2), digest, p.P256.Cert, cades.ErrProfile},
		{"other content", cades.PAdES, other, p.P256.Cert, cades.ErrOtherContent},
		{"no digest", cades.PAdES, nil, p.P256.Cert, cades.ErrOtherContent},
		{"digest of another hash", cades.PAdES, cades.ES384.Sum(cadestest.Content), p.P256.Cert, cades.ErrOtherContent},
		{"other person", cades.PAdES, digest, p.Other.Cert, cades.ErrOtherCertificate},
		{"other certificate of the key", cades.PAdES, digest, p.Twin, cades.ErrOtherCertificate},
		{"other certificate of the name", cades.PAdES, digest, p.Alias, cades.ErrOtherCertificate},
		{"the authority's, which is there", cades.PAdES, digest, p.CA.Cert, cades.ErrOtherCertificate},
		{"no certificate", cades.PAdES, digest, nil, cades.ErrOtherCertificate},
		{"empty certificate", cades.PAdES, digest, &x509.Certificate{}, cades.ErrOtherCertificate},
	} {
		if got := s.Verify(c.profile, c.digest, c.cert); !errors.Is(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if err := new(cades.Signature).Verify(cades.PAdES, nil, &x509.Certificate{}); err == nil {
		t.Error("a signature that nobody parsed verifies")
	}
}

func TestNewRequestRefuses(t *testing.T) {
	p := cadestest.NewPKI()
	weak := p.Person(cadestest.RSAKey(1024)).Cert
	p224 := p.Person(cadestest.ECKey(elliptic.P224())).Cert
	digest := cades.ES256.Sum(cadestest.Content)
	for _, c := range []struct {
		name    string
		profile cades.Profile
		alg     cades.Algorithm
		cert    *x509.Certificate
		chain   []*x509.Certificate
		digest  []byte
		time    time.Time
		want    error // nil: any
	}{
		{"unknown profile", 2, cades.ES256, p.P256.Cert, nil, digest, cadestest.SigningTime, nil},
		{"negative profile", -1, cades.ES256, p.P256.Cert, nil, digest, cadestest.SigningTime, nil},
		{"no certificate", cades.PAdES, cades.ES256, nil, nil, digest, cadestest.SigningTime, nil},
		{"empty certificate", cades.PAdES, cades.ES256, &x509.Certificate{}, nil, digest, cadestest.SigningTime, nil},
		{"unknown algorithm", cades.PAdES, "RS1", p.RSA.Cert, nil, digest, cadestest.SigningTime, cades.ErrAlgorithm},
		{"no algorithm", cades.PAdES, "", p.RSA.Cert, nil, digest, cadestest.SigningTime, cades.ErrAlgorithm},
		{"ECDSA with an RSA key", cades.PAdES, cades.ES256, p.RSA.Cert, nil, digest, cadestest.SigningTime, cades.ErrAlgorithm},
		{"RSA with an EC key", cades.PAdES, cades.RS256, p.P256.Cert, nil, digest, cadestest.SigningTime, cades.ErrAlgorithm},
		{"other curve", cades.PAdES, cades.ES256, p.P384.Cert, nil, digest, cadestest.SigningTime, cades.ErrAlgorithm},
		{"P-224", cades.PAdES, cades.ES256, p224, nil, digest, cadestest.SigningTime, cades.ErrAlgorithm},
		{"RSA-1024", cades.PAdES, cades.RS256, weak, nil, digest, cadestest.SigningTime, cades.ErrAlgorithm},
		{"digest too short", cades.PAdES, cades.RS512, p.RSA.Cert, nil, digest, cadestest.SigningTime, nil},
		{"no digest", cades.PAdES, cades.ES256, p.P256.Cert, nil, nil, cadestest.SigningTime, nil},
		{"CAdES without time", cades.CAdES, cades.ES256, p.P256.Cert, nil, digest, time.Time{}, nil},
		{"year 10000", cades.CAdES, cades.ES256, p.P256.Cert, nil, digest, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), nil},
		{"nil in the chain", cades.PAdES, cades.ES256, p.P256.Cert, []*x509.Certificate{nil}, digest, cadestest.SigningTime, nil},
		{"alias in the chain", cades.PAdES, cades.ES256, p.P256.Cert, []*x509.Certificate{p.Alias}, digest, cadestest.SigningTime, nil},
		{"long chain", cades.PAdES, cades.ES256, p.P256.Cert, p.Many(cades.MaxCertificates, 0), digest, cadestest.SigningTime, nil},
		{"large chain", cades.PAdES, cades.ES256, p.P256.Cert, p.Many(1, 20<<10), digest, cadestest.SigningTime, nil},
	} {
		_, err := cades.NewRequest(c.profile, c.alg, c.cert, c.chain, c.digest, c.time)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// Whatever the limits let the builder make, the parser takes, with a time-stamp of the largest size.
func TestLargest(t *testing.T) {
	p := cadestest.NewPKI()
	chain := p.Many(cades.MaxCertificates-1, 2400)
	r, err := cades.NewRequest(cades.CAdES, cades.PS512, p.RSA.Cert, chain, cades.PS512.Sum(cadestest.Content), cadestest.SigningTime)
	if err != nil {
		t.Fatal(err)
	}
	der, err := cades.Sign(r, p.RSA.Key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cades.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	if der, err = s.WithTimeStamp(cadestest.TokenOf(cades.MaxTimeStamp)); err != nil {
		t.Fatal(err)
	}
	if s, err = cades.Parse(der); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(cades.CAdES, cades.PS512.Sum(cadestest.Content), p.RSA.Cert); err != nil {
		t.Error(err)
	}
	if len(s.TimeStamp) != cades.MaxTimeStamp || len(s.Certificates) != cades.MaxCertificates {
		t.Errorf("got %d bytes of time-stamp, %d certificates", len(s.TimeStamp), len(s.Certificates))
	}
}

func TestRequest(t *testing.T) {
	p := cadestest.NewPKI()
	// The signer in the chain, and a repetition, are what cards answer.
	chain := []*x509.Certificate{p.P256.Cert, p.CA.Cert, p.CA.Cert}
	r, err := cades.NewRequest(cades.PAdES, cades.ES256, p.P256.Cert, chain, cades.ES256.Sum(cadestest.Content), cadestest.SigningTime)
	if err != nil {
		t.Fatal(err)
	}
	if r.ToSign()[0] != 0x31 || !bytes.Equal(r.Digest(), cades.ES256.Sum(r.ToSign())) {
		t.Errorf("to be signed is %x, hash %x", r.ToSign(), r.Digest())
	}
	r.ToSign()[0] = 0 // it is a copy
	value, err := p.P256.Key.Sign(rand.Reader, r.Digest(), cades.ES256.SignerOpts())
	if err != nil {
		t.Fatal(err)
	}
	der, err := r.Assemble(value)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cades.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Certificates) != 2 || !bytes.Equal(s.Value, value) {
		t.Errorf("got %d certificates, value %x", len(s.Certificates), s.Value)
	}
}

func TestAssembleRefuses(t *testing.T) {
	p := cadestest.NewPKI()
	for _, a := range cadestest.Algorithms {
		by := p.SignerFor(a)
		r, err := cades.NewRequest(cades.PAdES, a, by.Cert, nil, a.Sum(cadestest.Content), cadestest.SigningTime)
		if err != nil {
			t.Fatal(err)
		}
		value, err := by.Key.Sign(rand.Reader, r.Digest(), a.SignerOpts())
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Clone(value)
		changed[len(changed)-1] ^= 1
		for name, v := range map[string][]byte{
			"nothing": nil, "one byte": {0}, "changed": changed, "short": value[:len(value)-1],
			"long": append(bytes.Clone(value), 0), "zeros": make([]byte, len(value)),
		} {
			if _, err := r.Assemble(v); !errors.Is(err, cades.ErrSignature) {
				t.Errorf("%s, %s: got %v, want ErrSignature", a, name, err)
			}
		}
	}
	r, err := cades.NewRequest(cades.PAdES, cades.ES256, p.P256.Cert, nil, cades.ES256.Sum(cadestest.Content), cadestest.SigningTime)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cades.Sign(r, p.Other.Key); !errors.Is(err, cades.ErrSignature) {
		t.Errorf("another key: got %v, want ErrSignature", err)
	}
}

func TestSigningTimes(t *testing.T) {
	p := cadestest.NewPKI()
	warsaw := time.FixedZone("CET", 3600)
	for _, c := range []struct {
		given, want time.Time
		encoded     string
	}{
		{cadestest.SigningTime.Add(999 * time.Millisecond), cadestest.SigningTime, "\x17\x0d261123102030Z"},
		{cadestest.SigningTime.In(warsaw), cadestest.SigningTime, "\x17\x0d261123102030Z"},
		{time.Date(2050, 1, 1, 0, 30, 0, 0, warsaw), time.Date(2049, 12, 31, 23, 30, 0, 0, time.UTC), "\x17\x0d491231233000Z"},
		{time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC), "\x18\x0f20500101000000Z"},
		{time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), "\x17\x0d500101000000Z"},
		{time.Date(1949, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(1949, 12, 31, 0, 0, 0, 0, time.UTC), "\x18\x0f19491231000000Z"},
	} {
		r, err := cades.NewRequest(cades.CAdES, cades.ES256, p.P256.Cert, nil, cades.ES256.Sum(cadestest.Content), c.given)
		if err != nil {
			t.Fatal(err)
		}
		der, err := cades.Sign(r, p.P256.Key)
		if err != nil {
			t.Fatal(err)
		}
		s, err := cades.Parse(der)
		if err != nil {
			t.Errorf("%v: %v", c.given, err)
		} else if s.SigningTime != c.want {
			t.Errorf("%v: got %v, want %v", c.given, s.SigningTime, c.want)
		}
		if !bytes.Contains(der, []byte(c.encoded)) {
			t.Errorf("%v: not written as %q", c.given, c.encoded)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	p := cadestest.NewPKI()
	rsaAlgorithms := cadestest.Algorithms[:6]
	for _, c := range []struct {
		name string
		key  crypto.PublicKey
		want []cades.Algorithm
	}{
		{"RSA-2048", p.RSA.Key.Public(), rsaAlgorithms},
		{"RSA-2047", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2046), E: 65537}, nil},
		{"RSA-8193", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192), E: 65537}, nil},
		{"RSA without modulus", &rsa.PublicKey{}, nil},
		{"P-256", p.P256.Key.Public(), []cades.Algorithm{cades.ES256}},
		{"P-384", p.P384.Key.Public(), []cades.Algorithm{cades.ES384}},
		{"P-521", p.P521.Key.Public(), []cades.Algorithm{cades.ES512}},
		{"EC without curve", &ecdsa.PublicKey{}, nil},
		{"nil", nil, nil},
	} {
		if got := cades.AlgorithmsFor(c.key); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	for _, a := range cadestest.Algorithms {
		want := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[string(a[2:])]
		if a.Hash() != want || a.SignerOpts().HashFunc() != want || a.PSS() != (a[0] == 'P') {
			t.Errorf("%s: hash %v, options %v, PSS %v", a, a.Hash(), a.SignerOpts(), a.PSS())
		}
	}
	if none := cades.Algorithm("none"); none.Hash() != 0 || none.PSS() || none.Sum(cadestest.Content) != nil {
		t.Error("an unknown algorithm means something")
	}
}

func TestECDSAToASN1(t *testing.T) {
	for _, size := range []int{32, 48, 66} {
		raw := make([]byte, 2*size)
		raw[size-1], raw[size] = 1, 0xff // r = 1; s has its top bit set
		der, err := cades.ECDSAToASN1(raw)
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ R, S *big.Int }
		if rest, err := asn1.Unmarshal(der, &got); err != nil || len(rest) != 0 {
			t.Fatalf("%x: %v", der, err)
		}
		if got.R.Cmp(big.NewInt(1)) != 0 || got.S.Cmp(new(big.Int).SetBytes(raw[size:])) != 0 {
			t.Errorf("got %v, %v of %x", got.R, got.S, raw)
		}
	}
	half := make([]byte, 64)
	half[0] = 1
	for _, raw := range [][]byte{nil, {1}, make([]byte, 63), make([]byte, 64), half, make([]byte, 65), make([]byte, 128)} {
		if der, err := cades.ECDSAToASN1(raw); err == nil {
			t.Errorf("%x became %x", raw, der)
		}
	}
}
