package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/web"
	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/seal"
)

// answer is what came back over HTTP.
type answer struct {
	w      *world
	status int
	body   []byte
	cookie *http.Cookie
}

func (a answer) problem() (p link.Problem) {
	a.w.t.Helper()
	a.w.must(json.Unmarshal(a.body, &p))
	return p
}

// code is that of the refusal, or empty.
func (a answer) code() web.Code {
	a.w.t.Helper()
	if a.status < 300 {
		return ""
	}
	return web.Code(a.problem().Code)
}

func (a answer) renewal() (r web.Renewal) {
	a.w.t.Helper()
	if a.status != http.StatusOK {
		a.w.t.Fatalf("%d %s", a.status, a.body)
	}
	a.w.must(json.Unmarshal(a.body, &r))
	return r
}

// discreet fails if the answer says anything of the person.
func (a answer) discreet(what string) answer {
	a.w.t.Helper()
	for _, secret := range personal {
		if bytes.Contains(a.body, []byte(secret)) {
			a.w.t.Errorf("%s: tells %q", what, secret)
		}
	}
	return a
}

func (w *world) send(method, url string, header map[string]string, body any) answer {
	w.t.Helper()
	a, err := w.try(w.t.Context(), method, url, header, body)
	w.must(err)
	return a
}

func (w *world) try(ctx context.Context, method, url string, header map[string]string, body any) (answer, error) {
	w.t.Helper()
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		w.must(err)
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, content)
	w.must(err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := w.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{w: w, status: res.StatusCode, body: b}
	if cookies := res.Cookies(); len(cookies) > 0 {
		a.cookie = cookies[0]
	}
	return a, nil
}

// browser is a browser with its cookie. Two with the same cookie are two tabs.
type browser struct {
	w      *world
	cookie string
	code   string
	card   card
	phone  *phone
}

// browser opens a renewal with a new code.
func (w *world) browser() *browser {
	w.t.Helper()
	b := &browser{w: w, code: w.sell(), card: w.cards.holder}
	b.open()
	return b
}

// other is another browser, with nothing but the code.
func (b *browser) other() *browser {
	return &browser{w: b.w, code: b.code, card: b.card}
}

func (b *browser) do(method, path string, body any) answer {
	b.w.t.Helper()
	a, err := b.attempt(b.w.t.Context(), method, path, body)
	b.w.must(err)
	return a
}

func (b *browser) attempt(ctx context.Context, method, path string, body any) (answer, error) {
	b.w.t.Helper()
	origin := b.w.box.URLs.Portal
	header := map[string]string{"Sec-Fetch-Site": "same-origin", "Cookie": "odnowa_session=" + b.cookie}
	if method != http.MethodGet {
		header["Origin"] = origin
	}
	a, err := b.w.try(ctx, method, origin+"/api/v1"+path, header, body)
	if a.cookie != nil {
		b.cookie = a.cookie.Value
	}
	return a, err
}

func (b *browser) open() answer {
	b.w.t.Helper()
	return b.do("POST", "/renewal", web.OpenRenewal{Code: b.code})
}

// renewal is what the page sees now.
func (b *browser) renewal() web.Renewal {
	b.w.t.Helper()
	return b.do("GET", "/renewal", nil).renewal()
}

// order is what the portal hands to the agent, and the bytes that the agent signs after it has checked
// the seal.
func (b *browser) order(a answer) (content []byte, p cades.Profile) {
	b.w.t.Helper()
	var s web.Signing
	b.w.must(json.Unmarshal(a.body, &s))
	claims, err := seal.Verify(s.Seal, b.w.seal, time.Now())
	b.w.must(err)
	if s.Format == web.Cades {
		return s.Document.Bytes, cades.CAdES
	}
	r := claims.ByteRange
	return slices.Concat(s.Document.Bytes[:r[1]], s.Document.Bytes[r[2]:]), cades.PAdES
}

// signature is the card's, over the application or the confirmation.
func (b *browser) signature(document string) (web.Signature, answer) {
	b.w.t.Helper()
	a := b.do("GET", "/renewal/"+document+"/signing", nil)
	if a.status != http.StatusOK {
		return web.Signature{}, a
	}
	content, p := b.order(a)
	return web.Signature{Cms: b.card.sign(b.w, p, content)}, a
}

func (b *browser) sign(document string) answer {
	b.w.t.Helper()
	s, a := b.signature(document)
	if a.status != http.StatusOK {
		return a
	}
	return b.do("PUT", "/renewal/"+document+"/signature", s)
}

// step is one of the person's, with the state that it leads to.
type step struct {
	into web.State
	do   func(b *browser) answer
}

// steps are all of them, in order. Each may be done again.
var steps = []step{
	{web.StartChosen, func(b *browser) answer { return b.do("PUT", "/renewal/start", web.SetStart{Start: web.Now}) }},
	{web.CertificateChosen, func(b *browser) answer {
		return b.do("PUT", "/renewal/certificate", web.SetCertificate{Certificate: b.card.cert.Raw})
	}},
	{web.ApplicationDrawnUp, func(b *browser) answer {
		return b.do("POST", "/renewal/application", web.DrawUp{Language: web.Pl})
	}},
	{web.TermsAccepted, func(b *browser) answer {
		var p web.Portal
		b.w.must(json.Unmarshal(b.do("GET", "/portal", nil).body, &p))
		return b.do("PUT", "/renewal/terms", web.AcceptTerms{Terms: p.Terms.Version, Privacy: p.Privacy.Version})
	}},
	{web.ApplicationSigned, func(b *browser) answer { return b.sign("application") }},
	{web.ContactGiven, func(b *browser) answer {
		if b.phone == nil {
			b.phone = b.w.phone()
			b.phone.enrol(*b.renewal().Application.EnrolmentUrl)
		}
		return b.do("PUT", "/renewal/contact", web.Contact{Email: contactEmail, Phone: contactPhone})
	}},
	{web.ConfirmationDrawnUp, func(b *browser) answer { return b.do("POST", "/renewal/confirmation", nil) }},
	{web.Issued, func(b *browser) answer { return b.sign("confirmation") }},
}

// stepInto is the step that leads to a state.
func stepInto(s web.State) step {
	return steps[slices.IndexFunc(steps, func(x step) bool { return x.into == s })]
}

// walk goes to a state that the renewal has not come to yet.
func (b *browser) walk(to web.State) {
	b.w.t.Helper()
	at := b.renewal().State
	for _, s := range steps[1+slices.IndexFunc(steps, func(s step) bool { return s.into == at }):] {
		if at == to {
			return
		}
		if at = s.do(b).renewal().State; at != s.into {
			b.w.t.Fatalf("got to %s instead of %s", at, s.into)
		}
	}
	if at != to {
		b.w.t.Fatalf("got to %s instead of %s", at, to)
	}
}

// once fails unless this renewal came to one application number and one certificate, in the records of
// all three.
func (b *browser) once() {
	w := b.w
	w.t.Helper()
	r := b.renewal()
	if r.State != web.Issued {
		w.t.Fatalf("state %s", r.State)
	}
	for what, n := range map[string]int{
		"issuer's records of the application":    w.events("issuer", "application.drawn_up", r.Application.Number),
		"issuer's records of the decision":       w.events("issuer", "certificate.issuing", r.Application.Number),
		"certificates issued for the number":     w.events("issuer", "certificate.issued", r.Application.Number),
		"portal's records of the issue":          w.events("portal", "renewal.issued", r.Application.Number),
		"portal's records of the signature":      w.events("portal", "renewal.sign_application", r.Application.Number),
		"portal's records of the confirmation":   w.events("portal", "renewal.sign_confirmation", r.Application.Number),
		"SAM's records of the active credential": w.events("sam", "credential.active", b.phone.Welcome.Enrolment),
	} {
		if n != 1 {
			w.t.Errorf("%d %s", n, what)
		}
	}
	if pem := b.do("GET", "/renewal/certificate.pem", nil); strings.Count(string(pem.body), "BEGIN CERTIFICATE") != 3 {
		w.t.Errorf("certificate and chain: %d", pem.status)
	}
}
