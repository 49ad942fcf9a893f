package conformance

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/cades/cadestest"
)

const cmsSource = "protocol/cades; protocol/vectors/cades"

// cmsChecks are asserted with every bad signature, over the application and over the confirmation.
var cmsChecks = []Check{
	{ID: "cms.malformed", Rule: "a CMS that is not the one form that was agreed is refused: other encodings, signers, attributes, algorithms, certificates", Source: cmsSource,
		Cure: "answer 422 signature_malformed; write what you have read again, and compare: anything that differs is not the form. The case is named as its vector, bad-NAME.json"},
	{ID: "cms.other_certificate", Rule: "a CMS of another certificate than the chosen one is refused", Source: cmsSource + "; RFC 5035",
		Cure: "answer 422 signature_other_certificate; compare the whole certificate, and the hash in signing-certificate-v2"},
	{ID: "cms.other_document", Rule: "a CMS over other bytes than the sealed ones is refused", Source: cmsSource,
		Cure: "answer 422 signature_other_document; compare message-digest with the hash of the bytes that you kept, never of bytes that came"},
	{ID: "cms.invalid", Rule: "a CMS whose signature value does not verify is refused", Source: cmsSource + "; RFC 5652 section 5.4",
		Cure: "answer 422 signature_invalid; verify over the signed attributes as SET OF"},
	{ID: "cms.no_effect", Rule: "a refused CMS changes nothing", Source: "openapi.yaml, signApplication and signConfirmation",
		Cure: "verify before the first change; the person signs again"},
}

// profile is that of the document.
func (v *visit) profile() cades.Profile {
	if v.signing.Format == "cades" {
		return cades.CAdES
	}
	return cades.PAdES
}

// pki makes signatures over what is to be signed.
func (v *visit) pki() (*cadestest.PKI, error) {
	holder := cadestest.Signer{Key: v.config.holder.key, Cert: v.config.holder.cert}
	return cadestest.For(holder, v.content, time.Now())
}

// refusal is the code for what protocol/cades says of a CMS.
func refusal(err error) (check, code string) {
	switch {
	case errors.Is(err, cades.ErrOtherCertificate):
		return "cms.other_certificate", "signature_other_certificate"
	case errors.Is(err, cades.ErrOtherContent):
		return "cms.other_document", "signature_other_document"
	case errors.Is(err, cades.ErrSignature):
		return "cms.invalid", "signature_invalid"
	}
	return "cms.malformed", "signature_malformed"
}

// badSignatures sends every bad CMS that the holder's key can make over this document. What is wrong with
// each is what protocol/cades says.
func (v *visit) badSignatures(op string) error {
	p, err := v.pki()
	if err != nil {
		return skip(err.Error())
	}
	state := v.now.State
	cases := cadestest.Cases()
	for i := range cases {
		c := &cases[i]
		if !c.Fits(p) {
			continue
		}
		if v.profile() == cades.CAdES {
			c.Profile = cades.CAdES
		}
		der, _ := c.Build(p)
		want := c.Good(p)
		want.Profile = v.profile()
		if fault := want.Judge(der); fault != nil { // else it is good here: the verifier of the vector wants something else
			if v.badSignature(op, "bad-"+c.Name, der, fault) && v.see(state) != nil {
				break
			}
		}
	}
	other := map[cades.Profile]cades.Profile{cades.PAdES: cades.CAdES, cades.CAdES: cades.PAdES}[v.profile()]
	v.badSignature(op, "a good one of format "+other.String(), p.Good(other), cades.ErrProfile)
	err = v.see(state)
	v.assert("cms.no_effect", err)
	return err
}

// badSignature sends a bad CMS and tells whether it was taken.
func (v *visit) badSignature(op, name string, der []byte, fault error) bool {
	check, code := refusal(fault)
	e, err := v.browser.do(v.ctx, op, object{"cms": der})
	if err == nil && e.refused(http.StatusUnprocessableEntity, code) != nil {
		err = wanted(fmt.Sprintf("422 %q for %s", code, name), "%s", e.said())
	}
	v.assert(check, err)
	return e != nil && e.status < 300
}

// sign sends a good CMS.
func (v *visit) sign(op, into string) error {
	p, err := v.pki()
	if err != nil {
		return skip(err.Error())
	}
	v.cms = p.Good(v.profile())
	return v.call(op, object{"cms": v.cms}, into)
}
