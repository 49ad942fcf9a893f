package conformance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/seal"
)

// phoneTime is how long a command may take to enrol a phone.
const phoneTime = 2 * time.Minute

var sixDigits = regexp.MustCompile(`^[0-9]{6}$`)

// enrolPhone has a phone enrolled, as the configuration says, and waits until the portal has seen it.
func (v *visit) enrolPhone() error {
	switch p := v.config.Phone; {
	case len(p.Command) > 0:
		ctx, cancel := context.WithTimeout(v.ctx, phoneTime)
		defer cancel()
		cmd := exec.CommandContext(ctx, p.Command[0], p.Command[1:]...) //nolint:gosec // the tester's own
		cmd.Stdin = strings.NewReader(v.now.enrolmentURL() + "\n")
		out, err := cmd.Output()
		if err != nil {
			return skip("phone.command failed: " + err.Error())
		}
		v.code6 = strings.ReplaceAll(strings.TrimSpace(string(out)), " ", "")
		if !sixDigits.MatchString(v.code6) {
			return skip("phone.command has not printed six digits")
		}
		return v.waitForPhone(30 * time.Second)
	case p.wait() > 0:
		fmt.Fprintf(v.prompt(), "Enrol a phone within %s. Its QR code says:\n%s\n", p.wait(), v.now.enrolmentURL())
		return v.waitForPhone(p.wait())
	}
	return skip("no phone: neither phone.command nor phone.waitSeconds in the configuration")
}

func (v *visit) prompt() io.Writer {
	if v.config.Prompt != nil {
		return v.config.Prompt
	}
	return os.Stderr
}

// waitForPhone waits as the wizard does, by the stream of events, which browsers open again when it ends.
func (v *visit) waitForPhone(within time.Duration) error {
	ctx, cancel := context.WithTimeout(v.ctx, within)
	defer cancel()
	for ctx.Err() == nil {
		events, _, err := v.stream(ctx)
		for err == nil {
			var r renewal
			if r, err = v.next(events, within); err == nil && r.Phone != nil && r.Phone.State == "ready" {
				return v.see("application_signed")
			}
		}
		if err != errEnded { //nolint:errorlint // it is not wrapped
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	return wanted(fmt.Sprintf("phone.state ready in the stream of events, within %s", within), "none")
}

var issueChecks = []Check{
	{
		ID: "phone.ready", Rule: "the stream of events says when the phone is ready, with the six digits that the phone shows", step: true,
		Source: "openapi.yaml, watchRenewal, Renewal.phone", Cure: "watch the SAM while somebody watches the renewal",
		run: func(v *visit) error {
			if err := v.enrolPhone(); err != nil {
				return err
			}
			if v.now.Phone == nil || v.now.Phone.State != "ready" || !sixDigits.MatchString(v.now.Phone.Code) || v.code6 != "" && v.now.Phone.Code != v.code6 {
				return wanted("phone.state ready and the phone's digits as phone.code", "something else")
			}
			return nil
		},
	},
	{run: func(v *visit) error { return v.tryBodies("setContact") }},
	{
		ID: "contact.refused", Rule: "addresses and numbers that cannot be any are refused, each with its code and the field's name",
		Source: "openapi.yaml, Code email_invalid, phone_invalid; Problem.field", Cure: "answer 422 with field email or phone; keep what was typed on the page",
		run: func(v *visit) error {
			for _, c := range []struct{ code, field, email, phone string }{
				{"email_invalid", "email", "nobody", v.config.Contact.Phone},
				{"email_invalid", "email", "a@b@c.example", v.config.Contact.Phone},
				{"email_invalid", "email", "a\r\nBcc: x@example.org", v.config.Contact.Phone},
				{"phone_invalid", "phone", v.config.Contact.Email, "12"},
				{"phone_invalid", "phone", v.config.Contact.Email, "+0000000000"},
			} {
				e, err := v.browser.do(v.ctx, "setContact", object{"email": c.email, "phone": c.phone})
				if err == nil {
					err = e.refused(statusOf(c.code), c.code)
				}
				if err == nil && e.problem().Field != c.field {
					err = wanted("field "+c.field, "%.40q", e.problem().Field)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		ID: "contact.set", Rule: "contact data are taken, and taken again, the number as E.164: nine digits are Polish", step: true,
		Source: "openapi.yaml, Contact", Cure: "answer 200 with the renewal at contact_given and the normalised data",
		run: func(v *visit) error {
			for range 2 {
				if err := v.call("setContact", v.contact(), "contact_given"); err != nil {
					return err
				}
			}
			if c := v.now.Contact; c == nil || !strings.EqualFold(c.Email, v.config.Contact.Email) || c.Phone != "+48"+v.config.Contact.Phone {
				return wanted("the address, and the number with +48 before it", "something else")
			}
			return nil
		},
	},
	{run: (*visit).outOfTurn},
	{
		ID: "confirmation.draw_up", Rule: "the confirmation is drawn up, and the same one again", step: true,
		Source: "openapi.yaml, drawUpConfirmation", Cure: "answer 200 with the renewal at confirmation_drawn_up",
		run: func(v *visit) error {
			if err := v.call("drawUpConfirmation", nil, "confirmation_drawn_up"); err != nil {
				return err
			}
			version := v.now.Version
			if err := v.call("drawUpConfirmation", nil, "confirmation_drawn_up"); err != nil {
				return err
			}
			if v.now.Version != version {
				return wanted("no change the second time", "another version")
			}
			return nil
		},
	},
	{
		ID: "contact.corrected", Rule: "contact data can be corrected after the confirmation was drawn up, which is then drawn up anew", step: true,
		Source: "openapi.yaml, setContact: confirmation_drawn_up", Cure: "go back to contact_given, and let nobody sign the confirmation of before",
		run: func(v *visit) error {
			if err := v.call("setContact", object{"email": "x" + v.config.Contact.Email, "phone": v.config.Contact.Phone}, "contact_given"); err != nil {
				return err
			}
			if v.now.Contact == nil || !strings.EqualFold(v.now.Contact.Email, "x"+v.config.Contact.Email) {
				return wanted("the corrected address", "another")
			}
			if err := v.refuse("getConfirmationSigning", nil, "wrong_state"); err != nil {
				return err
			}
			return v.call("drawUpConfirmation", nil, "confirmation_drawn_up")
		},
	},
	{
		ID: "confirmation.signing", Rule: "the agent is given the confirmation's text and its seal", step: true,
		Source: "openapi.yaml, Signing", Cure: "send the text's bytes and the seal",
		run: func(v *visit) error {
			v.digest = digestOf(v.claims)
			return v.fetchSigning("getConfirmationSigning")
		},
	},
	{
		ID: "confirmation.order", Rule: "format, media type, name and certificate of what is to be signed are right",
		Source: "openapi.yaml, Signing", Cure: "format cades, text/plain, a plain file name, SHA-256 of the chosen certificate",
		run: func(v *visit) error { return v.order("cades", "text/plain", ".txt") },
	},
	{
		ID: "confirmation.text", Rule: "the text that can be viewed is, to the byte, the one that gets signed",
		Source: "openapi.yaml, getConfirmation", Cure: "keep the bytes",
		run: func(v *visit) error {
			e, err := v.browser.do(v.ctx, "getConfirmation", nil)
			if err != nil {
				return err
			}
			if e.status != http.StatusOK || !bytes.Equal(e.answer, v.content) {
				return wanted("200 with the bytes of getConfirmationSigning", "%s with others", e.said())
			}
			return nil
		},
	},
	{run: func(v *visit) error { v.checkSeal(seal.Confirmation); return nil }},
	names("application", "the application: its number and the SHA-256 of what was signed", func(v *visit) []string {
		return []string{v.now.number(), hex.EncodeToString(v.digest)}
	}),
	names("key", "the new key: the SHA-256 that the window shows", func(v *visit) []string { return []string{v.showing(seal.FieldKey)} }),
	names("phone", "the phone: the six digits that it shows", func(v *visit) []string {
		if v.now.Phone == nil {
			return []string{""}
		}
		return []string{v.now.Phone.Code}
	}),
	names("contact", "the contact data", func(v *visit) []string {
		if v.now.Contact == nil {
			return []string{""}
		}
		return []string{v.now.Contact.Email, v.now.Contact.Phone}
	}),
	names("holder", "the holder, as the certificate does", func(v *visit) []string {
		var all []string
		for _, value := range personOf(v.config.holder.cert) {
			all = append(all, value)
		}
		return all
	}),
	{run: (*visit).outOfTurn},
	{run: func(v *visit) error { return v.tryBodies("signConfirmation") }},
	{step: true, run: func(v *visit) error { return v.badSignatures("signConfirmation") }},
	{
		ID: "issue.confirm", Rule: "a good signature over the confirmation leads to the certificate", step: true,
		Source: "openapi.yaml, signConfirmation", Cure: "answer 200 with the renewal at issued",
		run: func(v *visit) error {
			err := v.sign("signConfirmation", "issued")
			if err == nil {
				v.runner.used = v.code
			}
			return err
		},
	},
	{
		ID: "issue.once", Rule: "asked again, and the signature sent again, there is the one certificate",
		Source: "openapi.yaml, issue, signConfirmation", Cure: "keep a transaction id before the CA is asked; answer with what was issued",
		run: func(v *visit) error {
			first := v.now.Issued
			defer func() { v.now.Issued = first }()
			for _, call := range []func() error{
				func() error { return v.call("issue", nil, "issued") },
				func() error { return v.call("signConfirmation", object{"cms": v.cms}, "issued") },
				func() error { return v.call("issue", nil, "issued") },
			} {
				if err := call(); err != nil {
					return err
				}
				if v.now.Issued == nil || first == nil || *v.now.Issued != *first {
					return wanted("the same issued", "another, or none")
				}
			}
			return nil
		},
	},
	{
		ID: "issue.enrolment_over", Rule: "the enrolment's address is no longer told",
		Source: "openapi.yaml, enrolmentUrl: until issued", Cure: "leave enrolmentUrl out at issued",
		run: func(v *visit) error {
			if v.now.enrolmentURL() != "" {
				return wanted("no enrolmentUrl", "one")
			}
			return nil
		},
	},
	{
		ID: "issue.certificate", Rule: "the certificate is for the key that the confirmation names, and says the same of the holder as the old one", step: true,
		Source: "SECURITY.md: only for a key that the holder's own card has named; openapi.yaml, getCertificate", Cure: "take the key from the SAM's statement, the subject's bytes from the old certificate",
		run: (*visit).newCertificate,
	},
	{
		ID: "issue.chain", Rule: "its chain comes along: each certificate is issued by the next",
		Source: "openapi.yaml, getCertificate", Cure: "PEM, the new certificate first, then its issuers",
		run: func(v *visit) error {
			if len(v.chain) < 2 {
				return wanted("a chain", "%d certificates", len(v.chain))
			}
			for i, c := range v.chain[:len(v.chain)-1] {
				if err := c.CheckSignatureFrom(v.chain[i+1]); err != nil {
					return wanted("each issued by the next", "certificate %d is not", i+1)
				}
			}
			return nil
		},
	},
	{
		ID: "issue.told", Rule: "issued tells of this certificate: serial number, hash, validity",
		Source: "openapi.yaml, Renewal.issued", Cure: "take the values from the certificate",
		run: func(v *visit) error {
			c, told := v.chain[0], v.now.Issued
			if told.SerialNumber != c.SerialNumber.Text(16) || told.SHA256 != hexSum(c.Raw) || told.Issuer != c.Issuer.CommonName ||
				told.Validity.NotBefore != c.NotBefore.UTC().Format(time.RFC3339) || told.Validity.NotAfter != c.NotAfter.UTC().Format(time.RFC3339) {
				return wanted("what stands in the certificate", "something else")
			}
			return nil
		},
	},
	{
		ID: "issue.confirmation_kept", Rule: "text and signature of the confirmation can be had, and fit each other",
		Source: "openapi.yaml, getConfirmation, getConfirmationSignature", Cure: "keep the text that was signed and the CMS that came",
		run: func(v *visit) error {
			text, err := v.browser.do(v.ctx, "getConfirmation", nil)
			if err != nil {
				return err
			}
			p7s, err := v.browser.do(v.ctx, "getConfirmationSignature", nil)
			if err != nil {
				return err
			}
			s, err := cades.Parse(p7s.answer)
			if err != nil || s.Verify(cades.CAdES, s.Algorithm.Sum(text.answer), v.config.holder.cert) != nil {
				return wanted("a CAdES signature of the holder over the text", "something else")
			}
			return nil
		},
	},
	{
		ID: "issue.phone_active", Rule: "the phone has the certificate soon after",
		Source: "openapi.yaml, Renewal.phone: active", Cure: "deliver it to the SAM, and again until that has worked",
		run: func(v *visit) error {
			for range 25 {
				if err := v.see("issued"); err != nil {
					return err
				}
				if v.now.Phone != nil && v.now.Phone.State == "active" {
					return nil
				}
				time.Sleep(200 * time.Millisecond)
			}
			return wanted("phone.state active within 5 seconds", "another")
		},
	},
	{
		ID: "computer.offer", Rule: "a computer can be registered for signing",
		Source: "openapi.yaml, offerComputer", Cure: "have the SAM make an offer for this certificate",
		run: func(v *visit) error {
			e, err := v.browser.do(v.ctx, "offerComputer", nil)
			if err != nil {
				return err
			}
			if o := decode[struct{ Offer string }](e); e.status != http.StatusOK || len(o.Offer) < 16 {
				return wanted("200 with an offer", "%s", e.said())
			}
			return nil
		},
	},
	{run: (*visit).outOfTurn},
	{
		ID: "code.used", Rule: "a code that has led to a certificate is refused to every other browser",
		Source: "openapi.yaml, Code code_used", Cure: "answer 422 code_used",
		run: refusesCode("codes.used", func(v *visit) string {
			if v.used != "" {
				return v.used
			}
			return v.config.Codes.Used
		}, "code_used"),
	},
}

// names is a check of what the confirmation's text names. Spaces don't count.
func names(id, what string, values func(*visit) []string) Check {
	return Check{
		ID: "confirmation.names_" + id, Rule: "the confirmation names " + what,
		Source: "SECURITY.md: the confirmation carries the new key and the phone's keys; README.md, How a renewal works", Cure: "write it into the text: the card signs that, not the seal",
		run: func(v *visit) error {
			text := strings.Join(strings.Fields(string(v.content)), "")
			for _, value := range values(v) {
				if plain := strings.Join(strings.Fields(value), ""); plain == "" || !strings.Contains(text, plain) {
					return wanted(what, "a text without")
				}
			}
			return nil
		},
	}
}

func digestOf(c *seal.Claims) []byte {
	if c == nil {
		return nil
	}
	return c.Digest
}

// showing is a line of the window, of the present seal.
func (v *visit) showing(f seal.Field) string {
	if v.claims != nil {
		for _, s := range v.claims.Show {
			if s.Field == f {
				return s.Value
			}
		}
	}
	return ""
}

func (v *visit) newCertificate() error {
	key := v.showing(seal.FieldKey)
	e, err := v.browser.do(v.ctx, "getCertificate", nil)
	if err != nil {
		return err
	}
	for rest := e.answer; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return wanted("certificates in PEM", "something else")
		}
		v.chain = append(v.chain, c)
	}
	if e.status != http.StatusOK || len(v.chain) == 0 || v.now.Issued == nil {
		return wanted("200 with certificates in PEM, and issued in the renewal", "%s", e.said())
	}
	sum := sha256.Sum256(v.chain[0].RawSubjectPublicKeyInfo)
	if hex.EncodeToString(sum[:]) != key {
		return wanted("the key that the confirmation's seal shows", "another")
	}
	if !bytes.Equal(v.chain[0].RawSubject, v.config.holder.cert.RawSubject) {
		return wanted("the subject of the old certificate, to the byte", "another")
	}
	return nil
}
