package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"strings"
	"time"

	"github.com/odnowa/odnowa/protocol/seal"
)

func sum(b []byte) []byte {
	s := sha256.Sum256(b)
	return s[:]
}

const (
	applicationOrder  = "GET /renewal/application/signing"
	confirmationOrder = "GET /renewal/confirmation/signing"
	applicationSigned = "PUT /renewal/application/signature"
)

var applicationFaults = []row{
	{check: "application.draw_up", scene: "application", bend: member("POST /renewal/application", 200, "application.number", "")},
	{check: "application.once", scene: "application", bend: at("POST /renewal/application", 200, func(x *transit) {
		if x.nth("POST /renewal/application", 200) == 2 {
			x.json(map[string]any{"application.number": "another"})
		}
	})},
	{check: "application.no_phone_yet", scene: "application", bend: member("POST /renewal/application", 200, "application.enrolmentUrl", "https://rsign.example/#secret")},
	{check: "terms.changed", scene: "application", bend: refusal("terms_changed", 409, "wrong_state")},
	{check: "terms.accept", scene: "application", bend: member("PUT /renewal/terms", 200, "state", "application_drawn_up")},
	{check: "application.signing", scene: "application", bend: at(applicationOrder, 200, func(x *transit) {
		x.json(map[string]any{"document.bytes": []byte("%PDF-1.7")})
	})},
	{check: "application.order", scene: "application", bend: member(applicationOrder, 200, "document.name", "../wniosek.pdf")},
	{check: "application.pdf", scene: "application", bend: at("GET /renewal/application.pdf", 200, func(x *transit) {
		if x.once() {
			x.body[len(x.body)-1] ^= 1
		}
	})},
	{check: "application.same_bytes", scene: "application", bend: at(applicationOrder, 200, func(x *transit) {
		if x.nth(applicationOrder, 200) == 2 {
			x.document(func(b []byte) []byte { return append(b, '\n') })
		}
	})},
	// What is wrong with the document itself is in all of its copies, and our portal does not take signatures over it.
	{check: "pdf.byte_range", also: []string{"cms.invalid", "signature.good"}, scene: "application", bend: document("/ByteRange [ 0", "/ByteRange [ 1")},
	{check: "pdf.sub_filter", also: []string{"cms.invalid", "signature.good"}, scene: "application", bend: document("/ETSI.CAdES.detached", "/adbe.pkcs7.detached")},
	{check: "pdf.room", also: []string{"pdf.byte_range"}, scene: "application", bend: document(strings.Repeat("0", 40000), "")},

	{check: "cms.malformed", scene: "application", bend: takesSignature("signature_malformed")},
	{check: "cms.other_certificate", scene: "application", bend: takesSignature("signature_other_certificate")},
	{check: "cms.other_document", scene: "application", bend: takesSignature("signature_other_document")},
	{check: "cms.invalid", scene: "application", bend: takesSignature("signature_invalid")},
	{check: "cms.malformed", scene: "issue", bend: takesSignature("signature_malformed")},
	{check: "cms.no_effect", scene: "application", bend: at("GET /renewal", 200, func(x *transit) {
		if x.nth(applicationSigned, 422) > 0 && x.once() {
			x.json(map[string]any{"state": "application_signed"})
		}
	})},
	{check: "signature.good", scene: "application", bend: member(applicationSigned, 200, "application.signedAt", nil)},
	{check: "signature.once", scene: "application", bend: at(applicationSigned, 200, func(x *transit) {
		if x.nth(applicationSigned, 200) == 2 {
			x.refuse(409, "wrong_state")
		}
	})},
	{check: "pades.document", scene: "application", bend: signed(func(x *transit) { x.body[100] ^= 1 })},
	{check: "pades.cms", also: []string{"pades.time_stamp"}, scene: "application", bend: signed(func(x *transit) {
		end := bytes.Index(x.body, []byte("00000000>"))
		x.body[end+7] = '1' // something behind the CMS
	})},
	{check: "pades.time_stamp", scene: "application", bend: signed(func(x *transit) {
		digits := hex.EncodeToString([]byte(x.p.notes["cms"]))
		start := bytes.Index(x.body, []byte("<3082"))
		end := start + bytes.IndexByte(x.body[start:], '>')
		copy(x.body[start+1:end], digits+strings.Repeat("0", end-start-1-len(digits)))
	})},
	{check: "enrolment.url", scene: "application", bend: at(applicationSigned, 200, func(x *transit) {
		x.body = bytes.ReplaceAll(x.body, []byte("#"), []byte("?token="))
	})},
	{check: "enrolment.qr", scene: "application", bend: at("GET /renewal/application/qr.svg", 200, func(x *transit) {
		x.body = bytes.Replace(x.body, []byte("</svg>"), []byte("<script>1</script></svg>"), 1)
	})},
	{check: "withdraw.signed", scene: "application", bend: at("GET /renewal/application.pdf", 409, func(x *transit) {
		if x.nth("DELETE /renewal/application", 200) > 0 {
			x.accept()
		}
	})},
	{check: "phone.not_ready", scene: "application", bend: refusal("phone_not_ready", 409, "phone_changed")},
}

var sealFaults = []row{
	{check: "seal.form", scene: "application", bend: at(applicationOrder, 200, func(x *transit) {
		x.body = bytes.Replace(x.body, []byte(`"seal":"`), []byte(`"seal":"=`), 1)
	})},
	{check: "seal.key", scene: "application", bend: at(applicationOrder, 200, func(x *transit) {
		x.resealWith(newCard().key, func(*seal.Claims) {})
	})},
	{check: "seal.time", scene: "application", bend: claims(func(c *seal.Claims) { c.ExpiresAt = time.Now().Add(365 * 24 * time.Hour).Unix() })},
	{check: "seal.kind", scene: "application", bend: claims(func(c *seal.Claims) { c.Kind = seal.Confirmation })},
	{check: "seal.origin", scene: "application", bend: claims(func(c *seal.Claims) { c.Origin += "/" })},
	{check: "seal.number", scene: "application", bend: claims(func(c *seal.Claims) { c.Number = "another" })},
	{check: "seal.certificate", scene: "application", bend: claims(func(c *seal.Claims) { c.Certificate[0] ^= 1 })},
	{check: "seal.byte_range", scene: "application", bend: claims(func(c *seal.Claims) { c.ByteRange[1]--; c.ByteRange[2]++ })},
	{check: "seal.digest", scene: "application", bend: claims(func(c *seal.Claims) { c.Digest[0] ^= 1 })},
	{check: "seal.show", scene: "application", bend: claims(func(c *seal.Claims) { c.Show[1].Value = "TESTOWA" })},
	{check: "seal.show", scene: "issue", bend: at(confirmationOrder, 200, func(x *transit) {
		x.reseal(func(c *seal.Claims) {
			for i := range c.Show {
				if c.Show[i].Field == seal.FieldPhoneCode {
					c.Show[i].Value = "000000"
				}
			}
		})
	})},
}

var otherFaults = []row{
	{check: "others.opened", scene: "others", bend: at("POST /renewal", 200, func(x *transit) {
		if x.nth(applicationSigned, 200) > 0 {
			x.json(map[string]any{"start": "now"})
		}
	})},
	{check: "others.first_over", scene: "others", bend: at("GET /renewal", 401, func(x *transit) { x.accept() })},
	{check: "others.new_number", scene: "others", bend: at("POST /renewal/application", 200, func(x *transit) {
		var r struct{ Application struct{ Number string } }
		json.Unmarshal(x.body, &r) //nolint:errcheck // our portal's own
		if first := x.p.notes["number"]; first != "" {
			x.json(map[string]any{"application.number": first})
			return
		}
		x.p.notes["number"] = r.Application.Number
	})},
}

var issueFaults = []row{
	{check: "phone.ready", scene: "issue", bend: at("GET /renewal", 200, func(x *transit) {
		if bytes.Contains(x.body, []byte(`"ready"`)) {
			x.json(map[string]any{"phone.code": "000000"})
		}
	})},
	{check: "contact.refused", scene: "issue", bend: refusal("email_invalid", 422, "phone_invalid")},
	{check: "contact.set", scene: "issue", bend: member("PUT /renewal/contact", 200, "contact.phone", "600100200")},
	{check: "confirmation.draw_up", scene: "issue", bend: at("POST /renewal/confirmation", 200, func(x *transit) {
		if x.nth("POST /renewal/confirmation", 200) == 2 {
			x.json(map[string]any{"version": 1 << 40})
		}
	})},
	{check: "contact.corrected", scene: "issue", bend: at("PUT /renewal/contact", 200, func(x *transit) {
		if x.nth("POST /renewal/confirmation", 200) > 0 {
			x.json(map[string]any{"contact.email": contactEmail})
		}
	})},
	{check: "confirmation.signing", scene: "issue", bend: at(confirmationOrder, 200, func(x *transit) { x.refuse(503, "issuer_unavailable") })},
	{check: "confirmation.order", scene: "issue", bend: member(confirmationOrder, 200, "document.mediaType", "text/html")},
	{check: "confirmation.text", scene: "issue", bend: at("GET /renewal/confirmation.txt", 200, func(x *transit) {
		if x.once() {
			x.body = append(x.body, '\n')
		}
	})},
	{check: "confirmation.names_application", also: unsignable, scene: "issue", bend: text(1)},
	{check: "confirmation.names_holder", also: unsignable, scene: "issue", bend: text(4)},
	{check: "confirmation.names_contact", also: unsignable, scene: "issue", bend: text(5)},
	{check: "confirmation.names_phone", also: unsignable, scene: "issue", bend: text(6)},
	{check: "confirmation.names_key", also: unsignable, scene: "issue", bend: text(3)},
	{check: "issue.confirm", scene: "issue", bend: member("PUT /renewal/confirmation/signature", 200, "state", "issuing")},
	{check: "issue.once", scene: "issue", bend: at("POST /renewal/issue", 200, func(x *transit) {
		if x.once() {
			x.json(map[string]any{"issued.serialNumber": "1"})
		}
	})},
	{check: "issue.enrolment_over", scene: "issue", bend: issued("application.enrolmentUrl", "https://rsign.example/#secret")},
	{check: "issue.certificate", scene: "issue", bend: at("GET /renewal/certificate.pem", 200, func(x *transit) {
		old, err := os.ReadFile(x.p.w.box.Dir + "/conformance/holder.pem")
		must(err)
		x.body = old
	})},
	{check: "issue.chain", scene: "issue", bend: at("GET /renewal/certificate.pem", 200, func(x *transit) {
		first, rest := pem.Decode(x.body)
		_, rest = pem.Decode(rest)
		x.body = append(pem.EncodeToMemory(first), rest...)
	})},
	{check: "issue.told", scene: "issue", bend: issued("issued.sha256", strings.Repeat("0", 64))},
	{check: "issue.confirmation_kept", scene: "issue", bend: at("GET /renewal/confirmation.p7s", 200, func(x *transit) { x.body = x.body[1:] })},
	{check: "issue.phone_active", scene: "issue", bend: issued("phone.state", "ready")},
	{check: "computer.offer", scene: "issue", bend: member("POST /renewal/computer-offer", 200, "offer", "1")},
}

// unsignable is what comes of a confirmation that our portal has not drawn up so: it takes no signature
// over it, and says so of the one whose only fault is its value.
var unsignable = []string{"cms.invalid", "issue.confirm"}

// document replaces a part of the application in all of its copies.
func document(from, to string) func(*transit) {
	change := func(b []byte) []byte { return bytes.Replace(b, []byte(from), []byte(to), 1) }
	return func(x *transit) {
		switch {
		case x.is(applicationOrder, 200):
			x.document(change)
		case x.is("GET /renewal/application.pdf", 200):
			x.body = change(x.body)
		}
	}
}

// text empties the values of a section of the confirmation, in all of its copies.
func text(section int) func(*transit) {
	change := func(b []byte) []byte {
		at, lines := 0, strings.Split(string(b), "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "---") {
				at++
			}
			if at == section && strings.HasPrefix(line, "    ") {
				lines[i] = "    -"
			}
		}
		return []byte(strings.Join(lines, "\n"))
	}
	return func(x *transit) {
		switch {
		case x.is(confirmationOrder, 200):
			x.document(change)
		case x.is("GET /renewal/confirmation.txt", 200):
			x.body = change(x.body)
		}
	}
}

// takesSignature takes bad signatures of a kind.
func takesSignature(code string) func(*transit) {
	return func(x *transit) {
		if x.status == 422 && x.code() == code {
			x.accept()
		}
	}
}

// signed bends the signed application.
func signed(bend func(*transit)) func(*transit) {
	return func(x *transit) {
		if x.is(applicationSigned, 200) {
			var asked struct{ CMS []byte }
			json.Unmarshal(x.asked, &asked) //nolint:errcheck // the kit's own
			x.p.notes["cms"] = string(asked.CMS)
		}
		if x.is("GET /renewal/application.pdf", 200) && x.nth(applicationSigned, 200) > 0 {
			bend(x)
		}
	}
}

// claims bends the application's seal.
func claims(change func(*seal.Claims)) func(*transit) {
	return at(applicationOrder, 200, func(x *transit) { x.reseal(change) })
}

// issued changes a member of every renewal that is issued.
func issued(name string, value any) func(*transit) {
	return func(x *transit) {
		if x.status == 200 && bytes.Contains(x.body, []byte(`"state":"issued"`)) {
			x.json(map[string]any{name: value})
		}
	}
}
