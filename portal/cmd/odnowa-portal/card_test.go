package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/issuer"
	"github.com/odnowa/odnowa/portal/profile"
	"github.com/odnowa/odnowa/protocol/cades"
)

// card is a card with one certificate.
type card struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// cards are those of the test persons.
type cards struct {
	holder       card // may renew
	holdersOther card // another one of the same person
	stranger     card // of another person, who may renew, too
	revoked      card
	expired      card
	renewed      card // issued on a signature already
	unregistered card // the register does not know it
	unqualified  card
	forSignIn    card // no non-repudiation
	foreign      card // of a CA that has the same name
}

// The test persons; no such PESEL can exist. What tells of the holder is what must not get out.
var (
	holderName   = personName("Żaneta", "TESTOWA", "11111111111")
	strangerName = personName("Wacław", "TESTOWY-OBCY", "99999999999")
	personal     = []string{"TESTOWA", "aneta", "11111111111", contactEmail, "600100200", "600 100 200"}
)

const (
	contactEmail = "zaneta@poczta.example"
	contactPhone = "600 100 200"
)

func personName(given, surname, pesel string) pkix.Name {
	return pkix.Name{
		Country: []string{"PL"}, CommonName: given + " " + surname, SerialNumber: "PNOPL-" + pesel,
		ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 4}, Value: surname}, {Type: asn1.ObjectIdentifier{2, 5, 4, 42}, Value: given},
		},
	}
}

// sign is what the agent does: a signature over bytes, by the card.
func (c card) sign(w *world, p cades.Profile, content []byte) []byte {
	w.t.Helper()
	r, err := cades.NewRequest(p, cades.ES256, c.cert, nil, cades.ES256.Sum(content), time.Now())
	w.must(err)
	cms, err := cades.Sign(r, c.key)
	w.must(err)
	return cms
}

// issueCards issues them with the CA's key, while no issuer has its token.
func (w *world) issueCards() (out cards) {
	w.t.Helper()
	config, err := issuer.LoadConfig(w.box.Configs.Issuer)
	w.must(err)
	token, err := hsm.Open(config.HSM)
	w.must(err)
	ca, err := token.Key(config.Keys.CA)
	w.must(err)
	register, err := issuer.OpenRegister(w.t.Context(), config.Database)
	w.must(err)
	issuing := w.read(config.Certificates.Issuing)
	authority, err := issuer.NewAuthority(issuing, w.box.URLs.CA, config.CA)
	w.must(err)

	now := time.Now()
	issue := func(name pkix.Name, from time.Time, how profile.Identification, known bool) card {
		subject, err := asn1.Marshal(name.ToRDNSequence())
		w.must(err)
		notBefore, notAfter, err := profile.Validity(from, 24, issuing)
		w.must(err)
		c := newCard()
		c.cert, err = authority.Issue(profile.Request{
			PublicKey: c.key.Public(), RawSubject: subject, Serial: newSerial(), NotBefore: notBefore, NotAfter: notAfter, Identification: how,
		}, ca)
		w.must(err)
		if known {
			w.must(register.Add(w.t.Context(), issuer.Record{Certificate: c.cert, Identification: how, Device: "TEST-QSCD-2024-01"}, notBefore))
		}
		return c
	}
	current, past := now.AddDate(0, -23, 0), now.AddDate(0, -25, 0)
	out.holder = issue(holderName, current, profile.InPerson, true)
	out.holdersOther = issue(holderName, current.AddDate(0, 1, 0), profile.OtherMeans, true)
	out.stranger = issue(strangerName, current, profile.InPerson, true)
	out.revoked = issue(holderName, current, profile.InPerson, true)
	out.expired = issue(holderName, past, profile.InPerson, true)
	out.renewed = issue(holderName, current, profile.QualifiedSignature, true)
	out.unregistered = issue(holderName, current, profile.InPerson, false)
	w.must(register.Revoke(w.t.Context(), out.revoked.cert.SerialNumber, 1, now))

	plain := func(usage x509.KeyUsage, parent *x509.Certificate, key any) card {
		c := newCard()
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: newSerial(), Subject: holderName, NotBefore: current, NotAfter: now.AddDate(0, 1, 0), KeyUsage: usage,
		}, parent, c.key.Public(), key)
		w.must(err)
		c.cert, err = x509.ParseCertificate(der)
		w.must(err)
		return c
	}
	out.unqualified = plain(x509.KeyUsageContentCommitment, issuing, ca)
	out.forSignIn = plain(x509.KeyUsageDigitalSignature, issuing, ca)
	namesake := newCard()
	out.foreign = plain(x509.KeyUsageContentCommitment, &x509.Certificate{Subject: issuing.Subject, RawSubject: issuing.RawSubject}, namesake.key)
	w.must(errors.Join(register.Close(), token.Close()))
	return out
}

func newCard() card {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return card{key: key}
}

func newSerial() *big.Int {
	raw := make([]byte, 16)
	rand.Read(raw)
	raw[0] = raw[0]&0x3f | 0x40
	return new(big.Int).SetBytes(raw)
}
