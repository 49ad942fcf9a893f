package conformance

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/seal"
)

// room is what a signature with a chain of certificates and a time-stamp takes, and as much again.
const room = 16 << 10

var applicationChecks = []Check{
	{run: func(v *visit) error { return v.tryBodies("drawUpApplication") }},
	{
		ID: "application.draw_up", Rule: "the application is drawn up, with a number", step: true,
		Source: "openapi.yaml, drawUpApplication", Cure: "answer 200 with the renewal at application_drawn_up and application.number",
		run: func(v *visit) error {
			if err := v.call("drawUpApplication", object{"language": "pl"}, "application_drawn_up"); err != nil {
				return err
			}
			if v.now.number() == "" {
				return wanted("application.number", "none")
			}
			return nil
		},
	},
	{
		ID: "application.once", Rule: "drawn up twice, it is the same application",
		Source: "openapi.yaml, description: called twice it gives the same", Cure: "draw up under a lock or lease; answer with what is there",
		run: func(v *visit) error {
			number := v.now.number()
			if err := v.call("drawUpApplication", object{"language": "pl"}, "application_drawn_up"); err != nil {
				return err
			}
			if v.now.number() != number {
				return wanted("the same number", "another")
			}
			return nil
		},
	},
	{
		ID: "application.no_phone_yet", Rule: "the enrolment's address is not told before the application is signed",
		Source: "openapi.yaml, enrolmentUrl: from application_signed", Cure: "leave enrolmentUrl and phone out until then",
		run: func(v *visit) error {
			if v.now.enrolmentURL() != "" || v.now.Phone != nil {
				return wanted("neither enrolmentUrl nor phone", "one of them")
			}
			return nil
		},
	},
	{run: (*visit).outOfTurn},
	{run: func(v *visit) error { return v.tryBodies("acceptTerms") }},
	{
		ID: "terms.changed", Rule: "other versions than those in force cannot be accepted",
		Source: "openapi.yaml, acceptTerms, Code terms_changed", Cure: "compare both versions; answer 409 terms_changed",
		run: func(v *visit) error {
			for _, b := range []object{
				{"terms": v.portal.Terms.Version + "x", "privacy": v.portal.Privacy.Version},
				{"terms": v.portal.Terms.Version, "privacy": v.portal.Privacy.Version + "x"},
			} {
				if err := v.refuse("acceptTerms", b, "terms_changed"); err != nil {
					return err
				}
			}
			return v.see("application_drawn_up")
		},
	},
	{
		ID: "terms.accept", Rule: "the versions shown are accepted, and accepted again", step: true,
		Source: "openapi.yaml, acceptTerms", Cure: "answer 200 with the renewal at terms_accepted",
		run: func(v *visit) error {
			if err := v.call("acceptTerms", v.terms(), "terms_accepted"); err != nil {
				return err
			}
			return v.call("acceptTerms", v.terms(), "terms_accepted")
		},
	},
	{
		ID: "application.signing", Rule: "the agent is given a PDF with an empty placeholder, its name and its seal", step: true,
		Source: "openapi.yaml, Signing", Cure: "send the prepared document: /Contents <000...>, long enough, all zeros",
		run: func(v *visit) error { return v.fetchSigning("getApplicationSigning") },
	},
	{
		ID: "application.order", Rule: "format, media type, name and certificate of what is to be signed are right",
		Source: "openapi.yaml, Signing", Cure: "format pades, application/pdf, a plain file name, SHA-256 of the chosen certificate",
		run: func(v *visit) error { return v.order("pades", "application/pdf", ".pdf") },
	},
	{
		ID: "application.pdf", Rule: "the PDF that can be viewed is, to the byte, the one that gets signed",
		Source: "openapi.yaml, getApplicationPDF", Cure: "keep the bytes; never render a document twice",
		run: func(v *visit) error {
			e, err := v.browser.do(v.ctx, "getApplicationPDF", nil)
			if err != nil {
				return err
			}
			if e.status != http.StatusOK || !bytes.HasPrefix(e.answer, []byte("%PDF-")) {
				return wanted("200 with a PDF", "%s", e.said())
			}
			if !bytes.Equal(e.answer, v.pdf) {
				return wanted("the bytes of getApplicationSigning", "others")
			}
			return nil
		},
	},
	{
		ID: "pdf.byte_range", Rule: "the PDF's own /ByteRange is that of the placeholder",
		Source: "ISO 32000-1 12.8.1", Cure: "write the four numbers after the layout is fixed",
		run: func(v *visit) error {
			start, end, _ := placeholder(v.pdf)
			want := fmt.Sprint([]int{0, start, end, len(v.pdf) - end})
			for _, m := range pdfByteRange.FindAllSubmatch(v.pdf, -1) {
				if fmt.Sprint(strings.Fields(string(m[1]))) == want {
					return nil
				}
			}
			return wanted("/ByteRange "+want, "another, or none")
		},
	},
	{
		ID: "pdf.sub_filter", Rule: "the PDF's signature dictionary announces PAdES",
		Source: "ETSI EN 319 142-1 clause 6.3", Cure: "/SubFilter /ETSI.CAdES.detached",
		run: func(v *visit) error {
			if !pdfSubFilter.Match(v.pdf) {
				return wanted("/SubFilter /ETSI.CAdES.detached", "another, or none")
			}
			return nil
		},
	},
	{
		ID: "pdf.room", Rule: "the placeholder has room for a signature with chain and time-stamp",
		Source: "protocol/cades, limits", Cure: fmt.Sprintf("reserve at least %d bytes, twice as many digits", room),
		run: func(v *visit) error {
			start, end, _ := placeholder(v.pdf)
			if (end-start-2)/2 < room || (end-start)%2 != 0 {
				return wanted(fmt.Sprintf("an even number of digits for %d bytes", room), "%d digits", end-start-2)
			}
			return nil
		},
	},
	{run: func(v *visit) error { v.checkSeal(seal.Application); return nil }},
	{
		ID: "application.same_bytes", Rule: "fetched again, it is the same document",
		Source: "openapi.yaml, description: called twice it gives the same", Cure: "keep the bytes; never render a document twice",
		run: func(v *visit) error {
			pdf, content := v.pdf, v.content
			if err := v.fetchSigning("getApplicationSigning"); err != nil {
				return err
			}
			if !bytes.Equal(pdf, v.pdf) {
				v.pdf, v.content = pdf, content
				return wanted("the same bytes", "others")
			}
			return nil
		},
	},
	{run: (*visit).outOfTurn},
	{run: func(v *visit) error { return v.tryBodies("signApplication") }},
	{step: true, run: func(v *visit) error { return v.badSignatures("signApplication") }},
	{
		ID: "signature.good", Rule: "a good one is taken", step: true,
		Source: "openapi.yaml, signApplication", Cure: "answer 200 with the renewal at application_signed, signedAt, enrolmentUrl and phone",
		run: func(v *visit) error {
			if err := v.sign("signApplication", "application_signed"); err != nil {
				return err
			}
			if v.now.Application == nil || v.now.Application.SignedAt == "" || v.now.Phone == nil {
				return wanted("application.signedAt and phone", "not both")
			}
			return nil
		},
	},
	{
		ID: "signature.once", Rule: "sent again it gives the same; another one is out of turn",
		Source: "openapi.yaml, description", Cure: "compare with the CMS that you kept; answer 409 wrong_state to another",
		run: func(v *visit) error {
			if err := v.call("signApplication", object{"cms": v.cms}, "application_signed"); err != nil {
				return err
			}
			return v.refuse("signApplication", object{"cms": []byte("another")}, "wrong_state")
		},
	},
	{
		ID: "pades.document", Rule: "the signed PDF is the prepared one: nothing has changed but the placeholder's digits",
		Source: "ISO 32000-1 12.8.1; SECURITY.md", Cure: "overwrite digits in the kept bytes; add no revision, let no library write the PDF again", step: true,
		run: (*visit).signedDocument,
	},
	{
		ID: "pades.cms", Rule: "the CMS inside is the one that was sent, padded with zeros",
		Source: "ETSI EN 319 142-1 clause 6.3", Cure: "insert the DER as hexadecimal digits, the rest stays 0",
		run: func(v *visit) error {
			s, err := v.embedded()
			if err != nil {
				return err
			}
			sent, err := cades.Parse(v.cms)
			if err != nil || !bytes.Equal(s.Value, sent.Value) || s.Verify(cades.PAdES, s.Algorithm.Sum(v.content), v.config.holder.cert) != nil {
				return wanted("the signature that was sent", "another")
			}
			return nil
		},
	},
	{
		ID: "pades.time_stamp", Rule: "it has a time-stamp over the signature value",
		Source: "ETSI EN 319 122-1 clause 5.3; RFC 3161; openapi.yaml, signApplication: PAdES B-T", Cure: "have the signature value's hash stamped, and add the token as signature-time-stamp",
		run: func(v *visit) error {
			s, err := v.embedded()
			if err != nil {
				return err
			}
			for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
				d := h.New()
				d.Write(s.Value)
				if bytes.Contains(s.TimeStamp, d.Sum(nil)) {
					return nil
				}
			}
			return wanted("a time-stamp token with the hash of the signature value", "%d bytes without", len(s.TimeStamp))
		},
	},
	{
		ID: "enrolment.url", Rule: "what the QR code says is on the phone app's origin, with its secret in the fragment, and nothing personal",
		Source: "openapi.yaml, enrolmentUrl; RFC 3986 section 3.5: a fragment is not sent", Cure: "an address of phoneApp, no query, behind # at least 22 characters of base64url",
		run: func(v *visit) error {
			u, err := url.Parse(v.now.enrolmentURL())
			if err != nil || v.now.enrolmentURL() == "" {
				return wanted("enrolmentUrl", "none")
			}
			if !strings.HasPrefix(v.now.enrolmentURL(), strings.TrimSuffix(v.portal.PhoneApp, "/")+"/") || u.RawQuery != "" || len(u.Fragment) < 22 {
				return wanted("phoneApp's origin, no query, a long fragment", "an address with a query of %d and a fragment of %d characters", len(u.RawQuery), len(u.Fragment))
			}
			for what, value := range personOf(v.config.holder.cert) {
				if value != "" && strings.Contains(u.String(), url.QueryEscape(value)) {
					return wanted("nothing personal", "the %s", what)
				}
			}
			return nil
		},
	},
	{
		ID: "enrolment.qr", Rule: "the QR code can be had as a picture, without scripts or links",
		Source: "openapi.yaml, getApplicationQR", Cure: "send plain SVG shapes",
		run: func(v *visit) error {
			e, err := v.browser.do(v.ctx, "getApplicationQR", nil)
			if err != nil {
				return err
			}
			if e.status != http.StatusOK || !bytes.Contains(e.answer, []byte("<svg")) {
				return wanted("200 with an SVG", "%s", e.said())
			}
			if found := svgActive.Find(e.answer); found != nil {
				return wanted("shapes only", "%.40q", found)
			}
			return nil
		},
	},
	{
		ID: "phone.not_ready", Rule: "contact data are refused before the phone is ready",
		Source: "openapi.yaml, setContact, Code phone_not_ready", Cure: "ask the SAM at that moment; answer 409 phone_not_ready",
		run: func(v *visit) error { return v.refuse("setContact", v.contact(), "phone_not_ready") },
	},
	{run: (*visit).outOfTurn},
	{
		ID: "withdraw.signed", Rule: "a signed application can be withdrawn: back to opened, its phone is void, nothing of it can be read",
		Source: "openapi.yaml, withdrawApplication", Cure: "empty everything but code, offer and session, and tell issuer and SAM",
		run: func(v *visit) error {
			if err := v.call("withdrawApplication", nil, "opened"); err != nil {
				return err
			}
			if v.now.Application != nil || v.now.Certificate != nil || v.now.Phone != nil {
				return wanted("an empty renewal", "one that still has application, certificate or phone")
			}
			return v.refuse("getApplicationPDF", nil, "wrong_state")
		},
	},
}

var (
	pdfByteRange = regexp.MustCompile(`/ByteRange\s*\[([0-9\s]+)\]`)
	pdfSubFilter = regexp.MustCompile(`/SubFilter\s*/ETSI\.CAdES\.detached\b`)
	svgActive    = regexp.MustCompile(`(?i)<script|<foreignObject|\son\w+\s*=|<a\s|href\s*=`)
	fileName     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._ -]{0,100}$`)
)

// order holds what comes beside document and seal against the contract.
func (v *visit) order(format, mediaType, ending string) error {
	s := v.signing
	kind, _, _ := mime.ParseMediaType(s.Document.MediaType)
	switch {
	case s.Format != format:
		return wanted("format "+format, "%.40q", s.Format)
	case kind != mediaType:
		return wanted("mediaType "+mediaType, "%.80q", s.Document.MediaType)
	case !fileName.MatchString(s.Document.Name) || !strings.HasSuffix(s.Document.Name, ending):
		return wanted("a file name ending in "+ending, "%.80q", s.Document.Name)
	case s.CertificateID != hexSum(v.config.holder.cert.Raw):
		return wanted("certificateId: SHA-256 of the chosen certificate", "%.80q", s.CertificateID)
	}
	return nil
}

func (v *visit) signedDocument() error {
	e, err := v.browser.do(v.ctx, "getApplicationPDF", nil)
	if err != nil {
		return err
	}
	start, end, _ := placeholder(v.pdf)
	if e.status != http.StatusOK || len(e.answer) != len(v.pdf) {
		return wanted(strconv.Itoa(len(v.pdf))+" bytes", "%s, %d bytes", e.said(), len(e.answer))
	}
	if !bytes.Equal(e.answer[:start+1], v.pdf[:start+1]) || !bytes.Equal(e.answer[end-1:], v.pdf[end-1:]) {
		return wanted("the prepared document around the placeholder", "other bytes")
	}
	v.signed = e.answer
	return nil
}

// embedded is the signature in the signed PDF.
func (v *visit) embedded() (*cades.Signature, error) {
	start, end, _ := placeholder(v.pdf)
	raw, err := hex.DecodeString(string(v.signed[start+1 : end-1]))
	if err != nil {
		return nil, wanted("hexadecimal digits in /Contents", "others")
	}
	der, ok := firstElement(raw)
	if !ok || len(bytes.Trim(raw[len(der):], "\x00")) != 0 {
		return nil, wanted("one DER element and zeros behind it", "something else")
	}
	s, err := cades.Parse(der)
	if err != nil {
		return nil, wanted("a CMS of the agreed form", "%v", err)
	}
	return s, nil
}

// firstElement cuts a DER element off its padding.
func firstElement(raw []byte) ([]byte, bool) {
	if len(raw) < 4 || raw[0] != 0x30 || raw[1] != 0x82 {
		return nil, false
	}
	n := 4 + int(raw[2])<<8 + int(raw[3])
	return raw[:min(n, len(raw))], n <= len(raw)
}

var otherChecks = []Check{
	{
		ID: "others.opened", Rule: "another browser that comes with the code gets the renewal at opened, and nothing of the person", step: true,
		Source: "openapi.yaml, openRenewal", Cure: "withdraw what was drawn up or signed, forget all personal data, and draw a new session",
		run: func(v *visit) error {
			v.first = v.browser
			v.browser = v.client.browser()
			if err := v.call("openRenewal", object{"code": v.code}, "opened"); err != nil {
				return err
			}
			r := v.now
			if r.Start != "" || r.Certificate != nil || r.Application != nil || r.Phone != nil || r.Contact != nil {
				return wanted("a renewal with its offer alone", "more than that")
			}
			return nil
		},
	},
	{
		ID: "others.first_over", Rule: "the browser before has lost the session",
		Source: "openapi.yaml, openRenewal", Cure: "one session a renewal: the new one takes the place of the old one",
		run: func(v *visit) error {
			for _, id := range []string{"getRenewal", "getApplicationPDF", "withdrawApplication"} {
				e, err := v.first.twin().do(v.ctx, id, nil)
				if err == nil {
					err = e.refused(http.StatusUnauthorized, "no_session")
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	},
	{run: (*visit).outOfTurn},
	{
		ID: "certificate_other_person", Rule: "once somebody has signed under a code, nobody else can renew with it",
		Source: "openapi.yaml, setCertificate", Cure: "keep whose certificate has signed; answer 422 certificate_other_person",
		run: func(v *visit) error {
			if v.config.otherPerson == nil {
				return skip("no otherPerson in the configuration")
			}
			if err := v.call("setStart", object{"start": "now"}, "start_chosen"); err != nil {
				return err
			}
			return v.refuseCertificate(v.config.otherPerson, "certificate_other_person")
		},
	},
	{
		ID: "others.new_number", Rule: "the person goes on there with a new application, under a new number",
		Source: "openapi.yaml, openRenewal: the application is withdrawn", Cure: "never use a number twice",
		run: func(v *visit) error {
			before := v.numberBefore
			for _, s := range steps {
				if s.into == "terms_accepted" {
					break
				}
				if err := s.do(v); err != nil {
					return err
				}
			}
			if v.now.number() == before || v.now.number() == "" {
				return wanted("another number", "the one of the application that is void")
			}
			return nil
		},
	},
}
