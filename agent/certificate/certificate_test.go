package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestDescribeAndRefusal(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "TEST"}, NotBefore: from, NotAfter: from.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	b := Describe(c)
	if b.ID != ID(der) || len(b.ID) != 64 || b.KeyType != "EC" || b.KeyBits != 384 || b.Chain == nil ||
		!slices.Equal(b.KeyUsage, []string{"digitalSignature", "keyAgreement"}) {
		t.Errorf("got %+v", b)
	}
	for _, q := range []struct {
		name   string
		filter bridge.Filter
		now    time.Time
		want   bridge.Reason
	}{
		{"anything", bridge.Filter{}, from.AddDate(9, 0, 0), ""},
		{"valid", bridge.Filter{Valid: true}, from.AddDate(0, 1, 0), ""},
		{"expired", bridge.Filter{Valid: true}, from.AddDate(1, 0, 1), bridge.ReasonExpired},
		{"not yet", bridge.Filter{Valid: true}, from.AddDate(0, 0, -1), bridge.ReasonNotYetValid},
		{"usage", bridge.Filter{NonRepudiation: true}, from, bridge.ReasonKeyUsage},
		{"its issuer", bridge.Filter{Issuers: [][]byte{{0x30, 0}, c.RawIssuer}}, from, ""},
		{"another issuer", bridge.Filter{Issuers: [][]byte{{0x30, 0}}}, from, bridge.ReasonIssuer},
	} {
		if got := Refusal(c, q.filter, q.now); got != q.want {
			t.Errorf("%s: got %q, want %q", q.name, got, q.want)
		}
	}
}
