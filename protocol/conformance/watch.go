package conformance

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// watches look at every exchange with the API that the other checks make.
var watches = []Check{
	{
		ID: "api.status", Rule: "an operation answers with its own success status, or with a problem; it never redirects",
		Source: "openapi.yaml, responses of each operation",
		Cure:   "answer 200 (leaveRenewal: 204) where it worked, and a problem document with a status from 400 where not",
		watch: func(_ *visit, e *exchange) error {
			if e.status >= 400 || e.op.answers[fmt.Sprint(e.status)] != nil {
				return nil
			}
			return wanted("the operation's success status or a problem", "%d", e.status)
		},
	},
	{
		ID: "api.media_type", Rule: "an answer has the media type that the contract names for it",
		Source: "openapi.yaml, content of each response",
		Cure:   "set Content-Type as in the contract; a character set may follow",
		watch: func(_ *visit, e *exchange) error {
			r := e.documented()
			if r == nil || e.status >= 400 {
				return nil
			}
			got, _, _ := mime.ParseMediaType(e.header.Get("Content-Type"))
			for kind := range r.Content {
				if got != kind {
					return wanted(kind, "%.80q", e.header.Get("Content-Type"))
				}
			}
			return nil
		},
	},
	{
		ID: "api.schema", Rule: "a JSON answer is as its schema says: members, types, enumerations, base64, times in UTC",
		Source: "openapi.yaml, components/schemas",
		Cure:   "generate your answers from the contract; the place is named as a path of members",
		watch: func(_ *visit, e *exchange) error {
			r := e.documented()
			if r == nil || e.status >= 400 || r.Content["application/json"].Schema == nil {
				return nil
			}
			if err := r.Content["application/json"].Schema.validate(e.answer); err != nil {
				return wanted("what the schema says", "%v", err)
			}
			return nil
		},
	},
	{
		ID: "api.problem", Rule: "an error is a problem document, application/problem+json, whose status member is the HTTP status",
		Source: "openapi.yaml, Problem; RFC 9457 section 3",
		Cure:   "answer errors of gateways and frameworks in this form too, at least below the API's path",
		watch: onErrors(func(e *exchange) error {
			kind, _, _ := mime.ParseMediaType(e.header.Get("Content-Type"))
			if kind != "application/problem+json" {
				return wanted("application/problem+json", "%d with %.80q", e.status, e.header.Get("Content-Type"))
			}
			form := *theContract.Components.Schemas["Problem"]
			form.Properties = map[string]*schema{"type": form.Properties["type"], "title": form.Properties["title"], "status": form.Properties["status"]}
			if err := form.validate(e.answer); err != nil {
				return wanted("a problem document as in the contract", "%v", err)
			}
			if p := e.problem(); p.Status != e.status {
				return wanted(fmt.Sprintf("status %d in the document, too", e.status), "%d", p.Status)
			}
			return nil
		}),
	},
	{
		ID: "api.code", Rule: "an error's code is one of the contract's list",
		Source: "openapi.yaml, Code",
		Cure:   "map your own reasons to the list; what fits none is internal",
		watch: onErrors(func(e *exchange) error {
			if code := e.problem().Code; code != "" && !slices.Contains(codes, code) {
				return wanted("a code of the list", "%.40q", code)
			}
			return nil
		}),
	},
	{
		ID: "api.code_status", Rule: "each code has the HTTP status that the contract gives it",
		Source: "openapi.yaml, Code",
		Cure:   "see the table in the description of Code",
		watch: onErrors(func(e *exchange) error {
			if code := e.problem().Code; slices.Contains(codes, code) && statusOf(code) != e.status {
				return wanted(fmt.Sprintf("%d for %s", statusOf(code), code), "%d", e.status)
			}
			return nil
		}),
	},
	{
		ID: "api.leak", Rule: "an error tells nothing about the inside: no stack, no path, no query, no class",
		Source: "RFC 9457 section 5; CWE-209",
		Cure:   "log the cause, answer with the code and a fixed title",
		watch: onErrors(func(e *exchange) error {
			if found := inside.FindString(string(e.answer)); found != "" {
				return wanted("a problem document without internals", "something like %.40q", found)
			}
			if len(e.answer) > 4<<10 {
				return wanted("a short problem document", "%d bytes", len(e.answer))
			}
			return nil
		}),
	},
	{
		ID: "api.no_store", Rule: "no answer of the API may be stored by anybody",
		Source: "openapi.yaml, description; RFC 9111 section 5.2.2.5",
		Cure:   "send Cache-Control: no-store with every answer below the API's path, errors and documents too",
		watch: func(_ *visit, e *exchange) error {
			if !hasToken(e.header.Values("Cache-Control"), "no-store") {
				return wanted("Cache-Control: no-store", "%.80q", e.header.Get("Cache-Control"))
			}
			return nil
		},
	},
	{
		ID: "api.nosniff", Rule: "no answer of the API may be taken for another type",
		Source: "openapi.yaml, description; Fetch standard, X-Content-Type-Options",
		Cure:   "send X-Content-Type-Options: nosniff with every answer",
		watch: func(_ *visit, e *exchange) error {
			if !strings.EqualFold(e.header.Get("X-Content-Type-Options"), "nosniff") {
				return wanted("X-Content-Type-Options: nosniff", "%.80q", e.header.Get("X-Content-Type-Options"))
			}
			return nil
		},
	},
	{
		ID: "api.cors", Rule: "the API is closed to other origins: no Access-Control-Allow-Origin, whoever asks",
		Source: "Fetch standard, CORS protocol; openapi.yaml, description",
		Cure:   "switch CORS off for the API; wizard and SDK are of the same origin",
		watch: func(_ *visit, e *exchange) error {
			for name := range e.header {
				if strings.HasPrefix(name, "Access-Control-Allow-") {
					return wanted("no CORS headers", "%s", name)
				}
			}
			return nil
		},
	},
	cookieCheck("cookie.http_only", "is out of scripts' reach", "HttpOnly", "set HttpOnly", func(_ *visit, c *http.Cookie) bool { return c.HttpOnly }),
	cookieCheck("cookie.same_site", "comes with no request of another site", "SameSite=Strict", "set SameSite=Strict", func(_ *visit, c *http.Cookie) bool { return c.SameSite == http.SameSiteStrictMode }),
	cookieCheck("cookie.secure", "goes over TLS only, but for loopback names, where it may", "Secure", "set Secure", func(v *visit, c *http.Cookie) bool {
		base, err := url.Parse(v.config.BaseURL)
		return c.Secure || err == nil && base.Scheme == "http" && loopbackName(base.Hostname())
	}),
	cookieCheck("cookie.host_only", "is for this host alone and for all of its paths", "Path=/ and no Domain", "leave Domain out, set Path=/", func(_ *visit, c *http.Cookie) bool {
		return c.Domain == "" && c.Path == "/"
	}),
	{
		ID: "privacy.before_card", Rule: "nothing of the person is told to a session before it has shown the certificate",
		Source: "SECURITY.md: a renewal code alone tells nothing; GDPR Art. 5(1)(f)",
		Cure:   "a session that comes with the code alone gets the renewal at opened, with all personal data forgotten",
		watch: func(v *visit, e *exchange) error {
			if e.shown {
				return nil
			}
			if what := v.tells(e); what != "" {
				return wanted("nothing of the person", "the %s", what)
			}
			return nil
		},
	},
	{
		ID: "privacy.code", Rule: "a renewal code is never repeated: in no answer, header or address",
		Source: "openapi.yaml, description; CWE-598",
		Cure:   "take the code from the body of openRenewal, keep a keyed hash of it, and answer without it",
		watch: func(v *visit, e *exchange) error {
			for _, code := range v.secretCodes() {
				if e.contains(code) || e.contains(plainCode(code)) {
					return wanted("an answer without the code", "the code in it")
				}
			}
			return nil
		},
	},
	{
		ID: "privacy.certificate_refused", Rule: "a refusal of a certificate does not repeat what is in it",
		Source: "SECURITY.md: a renewal code alone tells nothing",
		Cure:   "answer with the code alone",
		watch: func(v *visit, e *exchange) error {
			if e.status < 400 || v.trying == nil {
				return nil
			}
			for what, value := range personOf(v.trying) {
				if e.contains(value) {
					return wanted("a refusal without personal data", "the %s", what)
				}
			}
			return nil
		},
	},
}

// inside are traces of a program's inside.
var inside = regexp.MustCompile(`(?i)stack ?trace|exception in |\bat [\w.$]+\([\w.]+:\d+\)|goroutine \d|panic:|traceback|\bselect .{1,80} from |\w+\.(go|java|py|rb|php|cs|js|ts):\d+|(/home|/usr|/var|/srv|/opt|/app)/\w|[a-z]:\\\w`)

func onErrors(check func(*exchange) error) func(*visit, *exchange) error {
	return func(_ *visit, e *exchange) error {
		if e.status < 400 {
			return nil
		}
		return check(e)
	}
}

func cookieCheck(id, rule, attribute, cure string, good func(*visit, *http.Cookie) bool) Check {
	return Check{
		ID: id, Rule: "the session's cookie " + rule, Source: "openapi.yaml, openRenewal; RFC 6265bis section 4.1.2", Cure: cure,
		watch: func(v *visit, e *exchange) error {
			for _, c := range e.cookies {
				if !good(v, c) {
					return wanted(attribute, "the cookie %.40q without", c.Name)
				}
			}
			return nil
		},
	}
}

// watchAll runs the watches on an exchange with an operation of the API.
func (v *visit) watchAll(e *exchange) {
	if e.op == nil {
		return
	}
	for _, c := range watches {
		v.runner.record(c.ID, e.String(), c.watch(v, e))
	}
}

// documented is what the contract says of an answer with this status.
func (e *exchange) documented() *response {
	if r := e.op.answers[fmt.Sprint(e.status)]; r != nil {
		return r
	}
	return nil
}

// contains looks for a text in headers and body, however JSON writes it.
func (e *exchange) contains(text string) bool {
	if text == "" {
		return false
	}
	for _, values := range e.header {
		for _, value := range values {
			if strings.Contains(value, text) {
				return true
			}
		}
	}
	if bytes.Contains(e.answer, []byte(text)) {
		return true
	}
	var value any
	if json.Unmarshal(e.answer, &value) != nil {
		return false
	}
	return inJSON(value, text)
}

func inJSON(value any, text string) bool {
	switch v := value.(type) {
	case string:
		return strings.Contains(v, text)
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return inJSON(x, text) })
	case map[string]any:
		for _, x := range v {
			if inJSON(x, text) {
				return true
			}
		}
	}
	return false
}

// tells says what an answer tells of the test person, or "".
func (v *visit) tells(e *exchange) string {
	personal := personOf(v.config.holder.cert)
	personal["e-mail address"] = v.config.Contact.Email
	personal["phone number"] = v.config.Contact.Phone
	for what, value := range personal {
		if e.contains(value) {
			return what
		}
	}
	return ""
}

var (
	oidSurname   = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidGivenName = asn1.ObjectIdentifier{2, 5, 4, 42}
)

// personOf is what a certificate tells of its holder, but for the country.
func personOf(c *x509.Certificate) map[string]string {
	out := map[string]string{"common name": c.Subject.CommonName, "serial number of the subject": c.Subject.SerialNumber}
	for _, n := range c.Subject.Names {
		text, _ := n.Value.(string)
		switch {
		case n.Type.Equal(oidSurname):
			out["surname"] = text
		case n.Type.Equal(oidGivenName):
			out["given name"] = text
		}
	}
	return out
}

func (v *visit) secretCodes() []string {
	c := v.config.Codes
	return slices.DeleteFunc([]string{v.code, v.used, c.Fresh, c.Expired, c.Used, c.OtherProduct}, func(s string) bool { return len(s) < 8 })
}

// plainCode is a code without what does not count.
func plainCode(code string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
}

func hasToken(values []string, token string) bool {
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}
