package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"

	"github.com/odnowa/odnowa/portal/sandbox"
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

// issueCards has them issued by the sandbox's CA, and makes the one that another CA has issued.
func (w *world) issueCards() (out cards) {
	w.t.Helper()
	test, err := w.box.IssueTestCards(w.t.Context())
	w.must(err)
	soft := func(c sandbox.TestCard) card { return card{c.Key, c.Certificate} }
	out = cards{
		holder: soft(test.Holder), holdersOther: soft(test.HoldersOther), stranger: soft(test.Stranger), revoked: soft(test.Revoked),
		expired: soft(test.Expired), renewed: soft(test.Renewed), unregistered: soft(test.Unregistered), unqualified: soft(test.Unqualified), forSignIn: soft(test.ForSignIn),
		foreign: newCard(),
	}
	namesake, issuing := newCard(), w.read(w.box.CA.Issuing)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: newSerial(), Subject: holderName, NotBefore: out.holder.cert.NotBefore, NotAfter: out.holder.cert.NotAfter,
		KeyUsage: x509.KeyUsageContentCommitment,
	}, &x509.Certificate{Subject: issuing.Subject, RawSubject: issuing.RawSubject}, out.foreign.key.Public(), namesake.key)
	w.must(err)
	out.foreign.cert, err = x509.ParseCertificate(der)
	w.must(err)
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
