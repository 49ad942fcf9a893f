package profile

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newKey() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func newSerial() *big.Int {
	return new(big.Int).SetBit(must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))), 125, 1)
}

// newAuthority makes an issuing CA, for its key or for one of a throwaway kind.
func newAuthority(t *testing.T, key crypto.Signer) *Authority {
	t.Helper()
	ca := &x509.Certificate{
		SerialNumber: newSerial(),
		Subject: pkix.Name{Country: []string{"PL"}, Organization: []string{"TEST"}, CommonName: "CA TEST",
			ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidOrgID, Value: "VATPL-0000000000"}}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte{1, 2, 3},
	}
	cert := must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key))))
	return &Authority{
		Certificate: cert,
		IssuerURL:   "http://ca.example/ca.cer", OCSPURL: "http://ca.example/ocsp", CRLURL: "http://ca.example/ca.crl",
		Disclosures: []Disclosure{{"https://ca.example/pds_en.pdf", "en"}, {"https://ca.example/pds_pl.pdf", "pl"}},
		Policy:      mustOID(2, 999, 1, 1),
	}
}

// request is a good one. The subject's order and string types are unusual on purpose.
func request(a *Authority) Request {
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value any
	}
	one := func(oid asn1.ObjectIdentifier, v any) []attribute { return []attribute{{oid, v}} }
	type set []attribute
	var rdns []asn1.RawValue
	for _, s := range []set{
		one(oidSerialNumber, "PNOPL-00000000000"), one(oidSurname, "TESTOWA"), one(oidGivenName, "Żaneta"),
		one(oidCommonName, asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("Żaneta TESTOWA")}), one(oidCountry, "PL"),
	} {
		rdns = append(rdns, asn1.RawValue{FullBytes: must(asn1.MarshalWithParams(s, "set"))})
	}
	notBefore, notAfter, err := Validity(time.Now(), 24, a.Certificate)
	if err != nil {
		panic(err)
	}
	return Request{
		PublicKey: newKey().Public(), RawSubject: must(asn1.Marshal(rdns)), Serial: newSerial(),
		NotBefore: notBefore, NotAfter: notAfter, Identification: QualifiedSignature,
	}
}

func TestIssue(t *testing.T) {
	for name, key := range map[string]crypto.Signer{
		"P-256": newKey(), "RSA": must(rsa.GenerateKey(rand.Reader, 3072)),
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t, key)
			r := request(a)
			cert, err := a.Issue(r, key)
			if err != nil {
				t.Fatal(err)
			}
			if err := cert.CheckSignatureFrom(a.Certificate); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(cert.RawSubject, r.RawSubject) {
				t.Error("subject was encoded anew")
			}
			if !Qualified(cert) {
				t.Error("not qualified")
			}
			want := Person{"Żaneta TESTOWA", "Żaneta", "TESTOWA", "PNOPL-00000000000", "PL"}
			if got := Subject(cert); got != want {
				t.Errorf("Subject = %+v", got)
			}
			again, err := a.Issue(r, key)
			if err != nil || !bytes.Equal(again.RawTBSCertificate, cert.RawTBSCertificate) {
				t.Errorf("the same request gave another certificate: %v", err)
			}
		})
	}
}

func TestIdentificationIsWritten(t *testing.T) {
	key := newKey()
	a := newAuthority(t, key)
	for method, last := range map[Identification]int{InPerson: 3, ElectronicIdentification: 3, OtherMeans: 3, QualifiedSignature: 4} {
		r := request(a)
		r.Identification = method
		cert, err := a.Issue(r, key)
		if err != nil {
			t.Fatal(err)
		}
		statements := must(parseStatements(extension(cert, extQCStatements).Value))
		var got []asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(statements[qcIdentMethod.String()].FullBytes, &got); err != nil || got[0][len(got[0])-1] != last {
			t.Errorf("%s: %v, %v", method, got, err)
		}
	}
	r := request(a)
	r.Identification = "by_hearsay"
	if _, err := a.Issue(r, key); err == nil {
		t.Error("unknown identification was issued")
	}
}

func TestWhatIsNotIssued(t *testing.T) {
	key := newKey()
	for _, tt := range []struct {
		name   string
		change func(a *Authority, r *Request)
		fault  string
	}{
		{"no given name", func(_ *Authority, r *Request) {
			r.RawSubject = must(asn1.Marshal(pkix.Name{Country: []string{"PL"}, CommonName: "X TEST", SerialNumber: "PNOPL-00000000000"}.ToRDNSequence()))
		}, "given name"},
		{"PESEL without semantics", func(_ *Authority, r *Request) {
			r.RawSubject = bytes.Replace(r.RawSubject, []byte("PNOPL-"), []byte("00000-"), 1)
		}, "semantics"},
		{"short serial", func(_ *Authority, r *Request) { r.Serial = big.NewInt(1000) }, "serial number"},
		{"weak key", func(_ *Authority, r *Request) { r.PublicKey = must(rsa.GenerateKey(rand.Reader, 2048)).Public() }, "key is too weak"},
		{"beyond the CA", func(a *Authority, r *Request) { r.NotAfter = a.Certificate.NotAfter.Add(time.Second) }, "beyond"},
		{"fractions of seconds", func(_ *Authority, r *Request) { r.NotBefore = r.NotBefore.Add(time.Millisecond) }, "whole seconds"},
		{"ends before start", func(_ *Authority, r *Request) { r.NotAfter = r.NotBefore.Add(-time.Second) }, "before it starts"},
		{"disclosure by http", func(a *Authority, _ *Request) { a.Disclosures[0].URL = "http://ca.example/pds.pdf" }, "pds"},
		{"no disclosure in English", func(a *Authority, _ *Request) { a.Disclosures = a.Disclosures[1:] }, "pds"},
		{"CRL by ldap", func(a *Authority, _ *Request) { a.CRLURL = "ldap://ca.example/crl" }, "CRL"},
		{"no OCSP", func(a *Authority, _ *Request) { a.OCSPURL = "" }, "OCSP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAuthority(t, key)
			r := request(a)
			tt.change(a, &r)
			cert, err := a.Issue(r, key)
			if cert != nil || !errors.Is(err, ErrLint) || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("Issue: %v", err)
			}
		})
	}
}

func TestForeignCertificatesAreFound(t *testing.T) {
	key := newKey()
	a := newAuthority(t, key)
	for name, change := range map[string]func(c *x509.Certificate){
		"digital signature too": func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageDigitalSignature },
		"server authentication": func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
		"is a CA":               func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true },
		"other policy":          func(c *x509.Certificate) { c.Policies = c.Policies[1:] },
		"no statements":         func(c *x509.Certificate) { c.ExtraExtensions = nil },
		"statements critical":   func(c *x509.Certificate) { c.ExtraExtensions[0].Critical = true },
		"statements cut":        func(c *x509.Certificate) { c.ExtraExtensions[0].Value = c.ExtraExtensions[0].Value[:20] },
	} {
		template := must(a.template(request(a)))
		change(template)
		cert := must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, a.Certificate, newKey().Public(), key))))
		if err := a.Lint(cert); !errors.Is(err, ErrLint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := newAuthority(t, key)
	other.Certificate.SubjectKeyId = []byte{9}
	cert := must(a.Issue(request(a), key))
	if err := other.Lint(cert); !errors.Is(err, ErrLint) {
		t.Errorf("another authority's: %v", err)
	}
	if err := Lint(cert); err != nil {
		t.Errorf("Lint: %v", err)
	}
}

func TestCarriesRenewal(t *testing.T) {
	for method, want := range map[Identification]bool{
		InPerson: true, ElectronicIdentification: true, OtherMeans: true, QualifiedSignature: false, "": false, "x": false,
	} {
		if got := method.CarriesRenewal(); got != want {
			t.Errorf("%q: %v", method, got)
		}
	}
}
