package conformance

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

var stepChecks = []Check{
	{run: (*visit).outOfTurn},
	{run: func(v *visit) error { return v.tryBodies("setStart") }},
	{
		ID: "start.set", Rule: "the start is chosen, and chosen again", step: true,
		Source: "openapi.yaml, setStart", Cure: "answer 200 with the renewal at start_chosen and with start",
		run: func(v *visit) error {
			for range 2 {
				if err := v.call("setStart", object{"start": "now"}, "start_chosen"); err != nil {
					return err
				}
				if v.now.Start != "now" {
					return wanted(`start "now"`, "%.40q", v.now.Start)
				}
			}
			return nil
		},
	},
	{
		ID: "events.first", Rule: "the stream begins with an event named renewal: the whole renewal, with its version as id",
		Source: "openapi.yaml, watchRenewal; HTML standard, server-sent events", Cure: "send event, id and data lines, then an empty line, and flush", step: true,
		run: (*visit).firstEvent,
	},
	{
		ID: "events.change", Rule: "each change comes as an event within 5 seconds, with a higher id",
		Source: "openapi.yaml, watchRenewal", Cure: "tell streams of every change; keep proxies from buffering",
		run: (*visit).nextEvent,
	},
	{run: (*visit).outOfTurn},
	{run: func(v *visit) error { return v.tryBodies("setCertificate") }},
	{
		ID: "certificate_malformed", Rule: "what is no certificate is refused as such",
		Source: "openapi.yaml, Code certificate_malformed", Cure: "answer 422 certificate_malformed",
		run: func(v *visit) error {
			der := v.config.holder.cert.Raw
			for _, bad := range [][]byte{[]byte("x"), {}, der[:len(der)-1], append(bytes.Clone(der), 0)} {
				if err := v.refuse("setCertificate", object{"certificate": bad}, "certificate_malformed"); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		ID: "certificate_other_ca", Rule: "a certificate that another CA has issued is refused, also if that CA has the same name",
		Source: "openapi.yaml, setCertificate: issued by it", Cure: "verify the certificate's signature with the CA's key, and compare the issuer's name; answer 422 certificate_other_ca",
		run: func(v *visit) error {
			for _, issuer := range [][]byte{v.config.holder.cert.RawIssuer, nil} {
				cert, err := namesake(v.config.holder.cert, issuer)
				if err != nil {
					return skip(err.Error())
				}
				if err := v.refuseCertificate(cert, "certificate_other_ca"); err != nil {
					return err
				}
			}
			return nil
		},
	},
	refusesCertificate("certificate_expired", "its validity is over"),
	refusesCertificate("certificate_not_yet_valid", "its validity has not begun"),
	refusesCertificate("certificate_revoked", "it was revoked"),
	refusesCertificate("certificate_key_usage", "it is not for signatures (no non-repudiation)"),
	refusesCertificate("certificate_not_qualified", "it is not qualified"),
	refusesCertificate("certificate_device_withdrawn", "the certification of its card has ended"),
	refusesCertificate("identity_required", "it was issued on the strength of a signature, or nobody knows how: eIDAS Art. 24(1a)(b)"),
	{
		ID: "certificate.still_none", Rule: "a refused certificate leaves the renewal as it was",
		Source: "openapi.yaml, setCertificate", Cure: "store a certificate after all checks",
		run: func(v *visit) error {
			if err := v.see("start_chosen"); err != nil {
				return err
			}
			if v.now.Certificate != nil {
				return wanted("no certificate", "one")
			}
			return nil
		},
	},
	{
		ID: "certificate.set", Rule: "a good certificate is taken, and taken again", step: true,
		Source: "openapi.yaml, setCertificate", Cure: "answer 200 with the renewal at certificate_chosen; does the server take holder.certificate as one on a card?",
		run: func(v *visit) error {
			for range 2 {
				if err := v.call("setCertificate", v.certificate(), "certificate_chosen"); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		ID: "certificate.shown", Rule: "the renewal shows the certificate as it is: hash, serial number, issuer, subject",
		Source: "openapi.yaml, OldCertificate", Cure: "take the values from the certificate, not from a register",
		run: func(v *visit) error {
			c, r := v.config.holder.cert, v.now.Certificate
			if r == nil {
				return wanted("certificate", "none")
			}
			person := personOf(c)
			for what, pair := range map[string][2]string{
				"id": {hexSum(c.Raw), r.ID}, "serialNumber": {c.SerialNumber.Text(16), r.SerialNumber}, "issuer": {c.Issuer.CommonName, r.Issuer},
				"subject/commonName": {c.Subject.CommonName, r.Subject.CommonName}, "subject/serialNumber": {c.Subject.SerialNumber, r.Subject.SerialNumber},
				"subject/surname": {person["surname"], r.Subject.Surname}, "subject/givenName": {person["given name"], r.Subject.GivenName},
			} {
				if pair[0] != pair[1] {
					return wanted(what+" as in the certificate", "something else")
				}
			}
			return nil
		},
	},
	{
		ID: "certificate.validity", Rule: "the new certificate's validity is as long as what was bought",
		Source: "openapi.yaml, Validity, Renewal.offer", Cure: "count calendar months from the start",
		run: func(v *visit) error {
			if v.now.Validity == nil {
				return wanted("validity", "none")
			}
			from, err1 := time.Parse(time.RFC3339, v.now.Validity.NotBefore)
			to, err2 := time.Parse(time.RFC3339, v.now.Validity.NotAfter)
			if want := from.AddDate(0, v.now.Offer.Months, 0); err1 != nil || err2 != nil || to.Sub(want).Abs() > 4*24*time.Hour {
				return wanted(fmt.Sprintf("%d months", v.now.Offer.Months), "%.40q to %.40q", v.now.Validity.NotBefore, v.now.Validity.NotAfter)
			}
			return nil
		},
	},
	{run: (*visit).outOfTurn},
	{
		ID: "withdraw.back", Rule: "withdrawing leads back to opened, with all of the person forgotten",
		Source: "openapi.yaml, withdrawApplication", Cure: "empty everything but code, offer and session",
		run: func(v *visit) error {
			for range 2 {
				if err := v.call("withdrawApplication", nil, "opened"); err != nil {
					return err
				}
				if v.now.Certificate != nil || v.now.Start != "" || v.now.Validity != nil {
					return wanted("an empty renewal", "one that still knows the certificate or the start")
				}
			}
			return nil
		},
	},
}

// refusesCertificate tries a certificate of the configuration.
func refusesCertificate(code, because string) Check {
	return Check{
		ID: code, Rule: "a certificate is refused where " + because,
		Source: "openapi.yaml, setCertificate, Code " + code, Cure: "answer 422 " + code + "; fail closed where it cannot be found out",
		run: func(v *visit) error {
			cert := v.config.refused[code]
			if cert == nil {
				return skip("no refused." + code + " in the configuration")
			}
			return v.refuseCertificate(cert, code)
		},
	}
}

func (v *visit) refuseCertificate(cert *x509.Certificate, code string) error {
	v.trying = cert
	defer func() { v.trying = nil }()
	return v.refuse("setCertificate", object{"certificate": cert.Raw}, code)
}

// namesake makes a certificate that says what another says, of a CA with this name, or with one of its own.
func namesake(of *x509.Certificate, issuer []byte) (*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	parent := &x509.Certificate{RawSubject: issuer, Subject: pkix.Name{CommonName: "Other CA TEST"}}
	template := *of
	template.SignatureAlgorithm, template.SerialNumber = 0, new(big.Int).Add(of.SerialNumber, big.NewInt(1))
	template.AuthorityKeyId = nil
	der, err := x509.CreateCertificate(rand.Reader, &template, parent, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
