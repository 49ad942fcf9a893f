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
	for _, c := range cadestest.Cases() {
		if !c.Fits(p) {
			continue
		}
		der, _ := c.Build(p)
		want := c.Good(p)
		want.Profile, want.Certificate = v.profile(), v.config.holder.cert
		fault := want.Judge(der)
		if fault == nil {
			continue // good here: the verifier of the vector wanted something else
		}
		check, code := refusal(fault)
		e, err := v.browser.do(v.ctx, op, object{"cms": der})
		if err == nil {
			if err = e.refused(http.StatusUnprocessableEntity, code); err != nil {
				err = wanted(fmt.Sprintf("422 %q for bad-%s", code, c.Name), "%s", e.said())
			}
		}
		v.assert(check, err)
		if e != nil && e.status < 300 && v.see(state) != nil {
			return skip("a bad signature was taken; the rest would say nothing")
		}
	}
	v.assert("cms.no_effect", v.see(state))
	return nil
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
