package sandbox

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/issuer"
	"github.com/odnowa/odnowa/portal/profile"
)

// withdrawnDevice is the certification id of cards that the CA no longer takes.
const withdrawnDevice = "TEST-QSCD-2014-99"

// TestCard is a certificate of a test person whose key lies in memory: what programs test with, that
// have no card.
type TestCard struct {
	Key         *ecdsa.PrivateKey
	Certificate *x509.Certificate
}

// TestCards are certificates of the sandbox's CA, good ones and one for each reason to refuse one.
type TestCards struct {
	Holder       TestCard // may renew
	HoldersOther TestCard // another one of the same person
	Stranger     TestCard // of another person, who may renew, too

	Expired, NotYetValid, Revoked TestCard
	Renewed                       TestCard // issued on a signature already
	Unregistered                  TestCard // the register does not know it
	Withdrawn                     TestCard // on a card whose certification has ended
	Unqualified                   TestCard
	ForSignIn                     TestCard // no non-repudiation
}

// The persons of test cards; no such PESEL can exist.
var (
	testHolder   = person{"Żaneta", "TESTOWA", "11111111111"}
	testStranger = person{"Wacław", "TESTOWY-OBCY", "99999999999"}
)

// IssueTestCards issues them with the CA's key and registers them.
func (s *Sandbox) IssueTestCards(ctx context.Context) (*TestCards, error) {
	config, err := issuer.LoadConfig(s.Configs.Issuer)
	if err != nil {
		return nil, err
	}
	issuing, err := readCertificate(config.Certificates.Issuing)
	if err != nil {
		return nil, err
	}
	register, err := issuer.OpenRegister(ctx, config.Database)
	if err != nil {
		return nil, err
	}
	out := &TestCards{}
	err = with(config.HSM, func(t *hsm.Token) error {
		key, err := t.Key(config.Keys.CA)
		if err != nil {
			return err
		}
		authority, err := issuer.NewAuthority(issuing, s.URLs.CA, config.CA)
		if err != nil {
			return err
		}
		return (&testIssuer{ctx, authority, key, register}).issue(out)
	})
	if err = errors.Join(err, register.Close()); err != nil {
		return nil, fmt.Errorf("issuing test cards: %w", err)
	}
	return out, nil
}

type testIssuer struct {
	ctx       context.Context
	authority *profile.Authority
	key       crypto.Signer
	register  *issuer.Register
}

func (i *testIssuer) issue(out *TestCards) error {
	now := time.Now()
	current, past := now.AddDate(0, -23, 0), now.AddDate(0, -25, 0)
	for _, c := range []struct {
		out    *TestCard
		who    person
		from   time.Time
		how    profile.Identification
		device string // empty: not registered
	}{
		{&out.Holder, testHolder, current, profile.InPerson, device},
		{&out.HoldersOther, testHolder, current.AddDate(0, 1, 0), profile.OtherMeans, device},
		{&out.Stranger, testStranger, current, profile.InPerson, device},
		{&out.Expired, testHolder, past, profile.InPerson, device},
		{&out.NotYetValid, testHolder, now.AddDate(0, 1, 0), profile.InPerson, device},
		{&out.Revoked, testHolder, current, profile.InPerson, device},
		{&out.Renewed, testHolder, current, profile.QualifiedSignature, device},
		{&out.Unregistered, testHolder, current, profile.InPerson, ""},
		{&out.Withdrawn, testHolder, current, profile.InPerson, withdrawnDevice},
	} {
		if err := i.qualified(c.out, c.who, c.from, c.how, c.device); err != nil {
			return err
		}
	}
	return errors.Join(
		i.register.Revoke(i.ctx, out.Revoked.Certificate.SerialNumber, 1, now),
		i.plain(&out.Unqualified, x509.KeyUsageContentCommitment, current),
		i.plain(&out.ForSignIn, x509.KeyUsageDigitalSignature, current),
	)
}

func (i *testIssuer) qualified(out *TestCard, who person, from time.Time, how profile.Identification, device string) (err error) {
	subject, err := asn1.Marshal(who.name().ToRDNSequence())
	if err != nil {
		return err
	}
	notBefore, notAfter, err := profile.Validity(from, months, i.authority.Certificate)
	if err != nil {
		return err
	}
	if out.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	out.Certificate, err = i.authority.Issue(profile.Request{
		PublicKey: out.Key.Public(), RawSubject: subject, Serial: newSerial(), NotBefore: notBefore, NotAfter: notAfter, Identification: how,
	}, i.key)
	if err != nil || device == "" {
		return err
	}
	return i.register.Add(i.ctx, issuer.Record{Certificate: out.Certificate, Identification: how, Device: device}, notBefore)
}

// plain issues a certificate that is no qualified one.
func (i *testIssuer) plain(out *TestCard, usage x509.KeyUsage, from time.Time) (err error) {
	if out.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	out.Certificate, err = sign(&x509.Certificate{
		Subject: testHolder.name(), NotBefore: from, NotAfter: time.Now().AddDate(0, 1, 0), KeyUsage: usage,
	}, i.authority.Certificate, out.Key.Public(), i.key)
	return err
}

func readCertificate(path string) (*x509.Certificate, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", path)
	}
	return x509.ParseCertificate(block.Bytes)
}
