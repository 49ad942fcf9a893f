package conformance

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/odnowa/odnowa/protocol/jws"
	"github.com/odnowa/odnowa/protocol/seal"
	"github.com/odnowa/odnowa/protocol/strictjson"
)

// maxSealLife is the longest that a seal may be good for; minSealLife is what a person with a card needs.
const (
	maxSealLife = 24 * time.Hour
	minSealLife = 2 * time.Minute
)

const sealSource = "protocol/seal; protocol/vectors/seal"

// sealChecks are asserted on the seals of application and confirmation.
var sealChecks = []Check{
	{ID: "seal.form", Rule: "a seal is a JWS in compact form with the header and the claims of protocol/seal, and no others", Source: sealSource + "; RFC 7515",
		Cure: `three parts in base64url without padding; header {"alg":"ES256","typ":"odnowa-seal+jws","kid"}; digests as standard base64`},
	{ID: "seal.key", Rule: "it is made with a key that the agents pin", Source: sealSource + "; RFC 7518 section 3.4",
		Cure: "sign SHA-256 of the first two parts with ES256: r and s, 32 bytes each; kid is the SHA-256 of the key's SubjectPublicKeyInfo, hexadecimal"},
	{ID: "seal.time", Rule: "it is good from now, for long enough to sign, and for a day at most", Source: sealSource,
		Cure: "iat and exp in seconds since 1970, by a clock that is right; make a new seal when it is fetched too late"},
	{ID: "seal.kind", Rule: "its kind is that of the document", Source: sealSource, Cure: `"application" with format pades, "confirmation" with format cades`},
	{ID: "seal.origin", Rule: "its origin is the website's", Source: sealSource, Cure: "as in the address bar, without a path"},
	{ID: "seal.number", Rule: "its number is the application's", Source: sealSource, Cure: "the same as application.number"},
	{ID: "seal.certificate", Rule: "it is bound to the certificate that was chosen", Source: sealSource, Cure: "SHA-256 of the certificate's DER"},
	{ID: "seal.byte_range", Rule: "its byte range is exactly the document around the empty placeholder; a confirmation has none", Source: "ISO 32000-1 12.8.1; " + sealSource,
		Cure: "[0, offset of '<', offset behind '>', bytes from there to the end]; the gap is one hexadecimal string of zeros, angle brackets included"},
	{ID: "seal.digest", Rule: "its digest is that of the bytes that get signed", Source: sealSource, Cure: "SHA-256 of the two parts that byteRange names, one behind the other"},
	{ID: "seal.show", Rule: "it has everything that the agent's window shows, as it is", Source: sealSource + ", Field; SECURITY.md: the window shows only what the seal says",
		Cure: "number, subject, months, start, target; a confirmation also email, phone, phone_code, key: each once, no control characters"},
}

// fetchSigning gets what is to be signed.
func (v *visit) fetchSigning(op string) error {
	e, err := v.browser.do(v.ctx, op, nil)
	if err != nil {
		return err
	}
	if e.status != http.StatusOK {
		return wanted("200 with a document and its seal", "%s", e.said())
	}
	v.signing = decode[signing](e)
	v.claims, _ = readClaims(v.signing.Seal)
	v.content = v.signing.Document.Bytes
	if v.signing.Format == "pades" {
		start, end, ok := placeholder(v.content)
		if !ok {
			return wanted("a PDF with an empty placeholder for the signature", "none: no /Contents <000...>")
		}
		v.pdf = v.content
		v.content = append(bytes.Clone(v.pdf[:start]), v.pdf[end:]...)
	}
	return nil
}

// placeholder finds the longest string of zeros: offsets of its brackets' outsides.
var zeros = regexp.MustCompile(`<0{64,}>`)

func placeholder(pdf []byte) (start, end int, ok bool) {
	for _, at := range zeros.FindAllIndex(pdf, -1) {
		if at[1]-at[0] > end-start {
			start, end, ok = at[0], at[1], true
		}
	}
	return start, end, ok
}

// readClaims reads a seal without looking at who made it.
func readClaims(compact string) (*seal.Claims, error) {
	var header struct {
		jws.Header
		KeyID string `json:"kid"`
	}
	unverified, err := jws.Parse(compact, seal.Type, seal.MaxLength, &header)
	if err != nil {
		return nil, err
	}
	c := &seal.Claims{}
	if err := strictjson.Read(unverified.Payload, c); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	return c, nil
}

// checkSeal asserts all of a seal.
func (v *visit) checkSeal(kind seal.Kind) {
	claims, err := readClaims(v.signing.Seal)
	if err != nil {
		v.assert("seal.form", wanted("a seal as in protocol/seal", "%v", err))
		return
	}
	v.assert("seal.form", nil)
	if _, err := seal.Verify(v.signing.Seal, v.config.sealKeys, time.Unix(claims.IssuedAt, 0)); errors.Is(err, seal.ErrInvalid) {
		v.assert("seal.key", wanted("a seal by one of sealKeys", "%v", err))
	} else {
		v.assert("seal.key", nil)
	}
	v.assert("seal.time", sealTime(claims, time.Now()))
	same := func(id, expected string, ok bool) {
		if ok {
			v.assert(id, nil)
			return
		}
		v.assert(id, wanted(expected, "something else"))
	}
	sum, holder := sha256.Sum256(v.content), sha256.Sum256(v.config.holder.cert.Raw)
	same("seal.kind", string(kind), claims.Kind == kind)
	same("seal.origin", v.config.BaseURL, claims.Origin == v.config.BaseURL)
	same("seal.number", "the application's number", claims.Number == v.now.number())
	same("seal.certificate", "SHA-256 of the chosen certificate", bytes.Equal(claims.Certificate, holder[:]))
	same("seal.digest", "SHA-256 of the bytes around the placeholder, or of the whole text", bytes.Equal(claims.Digest, sum[:]))
	v.assert("seal.byte_range", v.byteRange(claims, kind))
	v.assert("seal.show", v.shown(claims, kind))
}

func sealTime(c *seal.Claims, now time.Time) error {
	from, to := time.Unix(c.IssuedAt, 0), time.Unix(c.ExpiresAt, 0)
	switch {
	case from.After(now.Add(time.Minute)):
		return wanted("iat of now", "iat in the future by %s", from.Sub(now).Round(time.Second))
	case to.Before(now.Add(minSealLife)):
		return wanted(fmt.Sprintf("exp at least %s from now", minSealLife), "%s", to.Sub(now).Round(time.Second))
	case to.After(now.Add(maxSealLife + 5*time.Minute)):
		return wanted(fmt.Sprintf("exp at most %s from now", maxSealLife), "%s", to.Sub(now).Round(time.Second))
	}
	return nil
}

func (v *visit) byteRange(c *seal.Claims, kind seal.Kind) error {
	if kind == seal.Confirmation {
		if len(c.ByteRange) != 0 {
			return wanted("no byte range", "%v", c.ByteRange)
		}
		return nil
	}
	start, end, _ := placeholder(v.pdf)
	want := []int{0, start, end, len(v.pdf) - end}
	if fmt.Sprint(c.ByteRange) != fmt.Sprint(want) {
		return wanted(fmt.Sprint(want), "%v", c.ByteRange)
	}
	return nil
}

var isoDate = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

// shown holds the lines of the window against the renewal.
func (v *visit) shown(c *seal.Claims, kind seal.Kind) error {
	lines := map[seal.Field]string{}
	for _, s := range c.Show {
		if _, twice := lines[s.Field]; twice {
			return wanted("each field once", "%s twice", s.Field)
		}
		if strings.ContainsFunc(s.Value, func(r rune) bool { return unicode.Is(unicode.C, r) }) {
			return wanted("text without control characters", "some in %s", s.Field)
		}
		lines[s.Field] = s.Value
	}
	want := map[seal.Field]string{
		seal.FieldNumber: v.now.number(), seal.FieldSubject: v.config.holder.cert.Subject.CommonName,
		seal.FieldMonths: strconv.Itoa(v.now.Offer.Months), seal.FieldTarget: v.now.Offer.Target, seal.FieldStart: lines[seal.FieldStart],
	}
	if kind == seal.Confirmation {
		if v.now.Contact != nil {
			want[seal.FieldEmail], want[seal.FieldPhone] = v.now.Contact.Email, v.now.Contact.Phone
		}
		if v.now.Phone != nil {
			want[seal.FieldPhoneCode] = v.now.Phone.Code
		}
		want[seal.FieldKey] = lines[seal.FieldKey]
		if !hexDigest.MatchString(lines[seal.FieldKey]) {
			return wanted("key: a SHA-256 in lower-case hexadecimal", "%.80q", lines[seal.FieldKey])
		}
	}
	if !isoDate.MatchString(lines[seal.FieldStart]) {
		return wanted("start: YYYY-MM-DD", "%.40q", lines[seal.FieldStart])
	}
	for field, value := range want {
		if lines[field] != value || value == "" {
			return wanted(fmt.Sprintf("%s as in the renewal", field), "something else, or nothing")
		}
	}
	if len(lines) != len(want) {
		return wanted(fmt.Sprintf("%d fields", len(want)), "%d", len(lines))
	}
	return nil
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
