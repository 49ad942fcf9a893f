package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

func decode[T any](e *exchange) (out T) {
	json.Unmarshal(e.answer, &out) //nolint:errcheck // api.schema says what is wrong with it
	return out
}

// get reads a page.
func (v *visit) get(path string) (*exchange, error) {
	return v.client.browser().send(v.ctx, request{method: http.MethodGet, path: path, fetchSite: "none"})
}

// onPage looks at the page with the element.
func onPage(check func(v *visit, e *exchange) error) func(*visit) error {
	return func(v *visit) error {
		e, err := v.get(v.config.Page)
		if err != nil {
			return err
		}
		return check(v, e)
	}
}

var siteChecks = []Check{
	{
		ID: "site.portal", Rule: "getPortal answers without a session", step: true,
		Source: "openapi.yaml, getPortal", Cure: "serve it to everybody",
		run: func(v *visit) error {
			e, err := v.client.browser().do(v.ctx, "getPortal", nil)
			if err != nil {
				return err
			}
			if e.status != http.StatusOK {
				return wanted("200", "%s", e.said())
			}
			v.runner.portal = decode[portal](e)
			return nil
		},
	},
	{
		ID: "site.origin", Rule: "the origin that the server names is the one that browsers see",
		Source: "openapi.yaml, Portal.origin; seals name it", Cure: "set scheme, host and port as in the address bar; none where it is the scheme's own",
		run: func(v *visit) error {
			if v.portal.Origin != v.config.BaseURL {
				return wanted(v.config.BaseURL, "%.100q", v.portal.Origin)
			}
			return nil
		},
	},
	{
		ID: "site.issuers", Rule: "issuers has the name of the CA that has issued the test person's certificate",
		Source: "openapi.yaml, Portal.issuers: DER of the Name", Cure: "send the DER of the subject of each issuing CA as it stands in its certificate; the wizard offers certificates by it",
		run: func(v *visit) error {
			if !slices.ContainsFunc(v.portal.Issuers, func(der []byte) bool { return bytes.Equal(der, v.config.holder.cert.RawIssuer) }) {
				return wanted("the issuer's name among them", "%d other names", len(v.portal.Issuers))
			}
			return nil
		},
	},
	{
		ID: "site.legal", Rule: "terms and privacy notice can be read on this website",
		Source: "openapi.yaml, LegalText.url; GDPR Art. 13", Cure: "serve both addresses, as paths or as addresses of this origin",
		run: func(v *visit) error {
			for what, t := range map[string]legalText{"terms": v.portal.Terms, "privacy": v.portal.Privacy} {
				path := strings.TrimPrefix(t.URL, v.config.BaseURL)
				if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
					return wanted("a path on this website for "+what, "%.100q", t.URL)
				}
				e, err := v.get(path)
				if err != nil {
					return err
				}
				if e.status != http.StatusOK || len(e.answer) == 0 {
					return wanted("200 with the text of "+what, "%d with %d bytes", e.status, len(e.answer))
				}
			}
			return nil
		},
	},
	{
		ID: "site.page", Rule: "the page has the element that renewals are drawn in", step: true,
		Source: "README.md, How a renewal works", Cure: "put <odnowa-renewal></odnowa-renewal> into the page that config's page names, in the HTML as it is sent",
		run: onPage(func(_ *visit, e *exchange) error {
			if e.status != http.StatusOK || !strings.HasPrefix(e.header.Get("Content-Type"), "text/html") {
				return wanted("200 with text/html", "%d with %.80q", e.status, e.header.Get("Content-Type"))
			}
			if !bytes.Contains(e.answer, []byte("<odnowa-renewal")) {
				return wanted("<odnowa-renewal> in it", "a page without")
			}
			return nil
		}),
	},
	{
		ID: "site.csp_scripts", Rule: "the page's policy lets scripts of this origin run, and no others",
		Source: "CSP Level 3, script-src; a renewal origin has no third-party scripts", Cure: "send Content-Security-Policy with script-src 'self', or with nonces or hashes; no 'unsafe-inline', 'unsafe-eval', hosts or schemes",
		run: onPage(func(v *visit, e *exchange) error {
			sources := e.directive("script-src", "default-src")
			if sources == nil {
				return wanted("script-src or default-src in Content-Security-Policy", "%.120q", e.header.Get("Content-Security-Policy"))
			}
			for _, s := range sources {
				if s != "'self'" && s != "'none'" && s != "'strict-dynamic'" && !strings.HasPrefix(s, "'nonce-") && !strings.HasPrefix(s, "'sha") {
					return wanted("'self', nonces or hashes only", "%.80q", s)
				}
			}
			return nil
		}),
	},
	{
		ID: "site.csp_base", Rule: "the page's policy forbids plug-ins and a changed base address",
		Source: "CSP Level 3, object-src, base-uri", Cure: "add object-src 'none'; base-uri 'none' to Content-Security-Policy",
		run: onPage(func(_ *visit, e *exchange) error {
			if o := e.directive("object-src", "default-src"); len(o) != 1 || o[0] != "'none'" {
				return wanted("object-src 'none'", "%v", o)
			}
			if b := e.directive("base-uri"); len(b) != 1 || b[0] != "'none'" && b[0] != "'self'" {
				return wanted("base-uri 'none' or 'self'", "%v", b)
			}
			return nil
		}),
	},
	{
		ID: "site.frames", Rule: "no other website can frame the page",
		Source: "CSP Level 3, frame-ancestors; the extension works in top frames only", Cure: "add frame-ancestors 'none' to Content-Security-Policy",
		run: onPage(func(_ *visit, e *exchange) error {
			if f := e.directive("frame-ancestors"); len(f) != 1 || f[0] != "'none'" && f[0] != "'self'" {
				return wanted("frame-ancestors 'none'", "%v", f)
			}
			return nil
		}),
	},
	{
		ID: "site.third_party", Rule: "the page loads nothing from other origins",
		Source: "CSP Level 3; whatever runs on the page can read what the person sees", Cure: "serve scripts, styles, fonts and pictures yourself; keep analytics and chat off this page",
		run: onPage(func(v *visit, e *exchange) error {
			for _, m := range slices.Concat(loaded.FindAllSubmatch(e.answer, -1), linked.FindAllSubmatch(e.answer, -1)) {
				u, err := url.Parse(string(m[1]))
				if err == nil && (u.Host == "" || u.Scheme+"://"+u.Host == v.config.BaseURL) {
					continue
				}
				return wanted("addresses of this origin", "%.100q", m[1])
			}
			return nil
		}),
	},
	{
		ID: "site.referrer", Rule: "the page tells no other website that somebody was there",
		Source: "Referrer Policy", Cure: "send Referrer-Policy: no-referrer, or same-origin",
		run: onPage(func(_ *visit, e *exchange) error {
			if p := e.header.Get("Referrer-Policy"); p != "no-referrer" && p != "same-origin" {
				return wanted("Referrer-Policy: no-referrer", "%.80q", p)
			}
			return nil
		}),
	},
	{
		ID: "site.nosniff", Rule: "the page can be taken for nothing else",
		Source: "Fetch standard, X-Content-Type-Options", Cure: "send X-Content-Type-Options: nosniff",
		run: onPage(func(_ *visit, e *exchange) error {
			if !strings.EqualFold(e.header.Get("X-Content-Type-Options"), "nosniff") {
				return wanted("X-Content-Type-Options: nosniff", "%.80q", e.header.Get("X-Content-Type-Options"))
			}
			return nil
		}),
	},
	{
		ID: "site.opener", Rule: "no window of another website keeps a hold on the page",
		Source: "HTML standard, cross-origin opener policies", Cure: "send Cross-Origin-Opener-Policy: same-origin",
		run: onPage(func(_ *visit, e *exchange) error {
			if p := e.header.Get("Cross-Origin-Opener-Policy"); p != "same-origin" {
				return wanted("Cross-Origin-Opener-Policy: same-origin", "%.80q", p)
			}
			return nil
		}),
	},
	{
		ID: "site.hsts", Rule: "browsers come back over TLS only",
		Source: "RFC 6797", Cure: "send Strict-Transport-Security with a max-age of at least half a year",
		run: onPage(func(v *visit, e *exchange) error {
			if strings.HasPrefix(v.config.BaseURL, "http:") {
				return skip("the server is tried over plain HTTP")
			}
			if m := maxAge.FindStringSubmatch(e.header.Get("Strict-Transport-Security")); m == nil || len(m[1]) < 8 {
				return wanted("Strict-Transport-Security: max-age=31536000", "%.80q", e.header.Get("Strict-Transport-Security"))
			}
			return nil
		}),
	},
	{
		ID: "site.host", Rule: "requests for another host are not served",
		Source: "DNS rebinding; CWE-350", Cure: "answer 421 unless Host is your own, also behind a proxy",
		run: func(v *visit) error {
			o := operations["getPortal"]
			e, err := v.client.browser().send(v.ctx, request{method: o.method, path: o.path, host: "rebound.example"})
			if err != nil {
				return nil // refused before HTTP
			}
			if e.status < 400 {
				return wanted("a refusal", "%d", e.status)
			}
			return nil
		},
	},
}

var (
	// loaded are the attributes by which HTML loads something into the page.
	loaded = regexp.MustCompile(`(?is)<(?:script|img|iframe|frame|embed|source|video|audio|track|input)\b[^>]*?\ssrc\s*=\s*["']?([^"'\s>]+)`)
	linked = regexp.MustCompile(`(?is)<link\b(?:[^>]*?\srel\s*=\s*["']?(?:stylesheet|preload|modulepreload|icon|manifest)\b)[^>]*?\shref\s*=\s*["']?([^"'\s>]+)`)
	maxAge = regexp.MustCompile(`(?i)max-age\s*=\s*"?([0-9]+)`)
)

// directive is a directive of the page's policy, or that which stands in for it; nil if there is none.
func (e *exchange) directive(names ...string) []string {
	for _, name := range names {
		for part := range strings.SplitSeq(e.header.Get("Content-Security-Policy"), ";") {
			words := strings.Fields(part)
			if len(words) > 0 && strings.EqualFold(words[0], name) {
				return words[1:]
			}
		}
	}
	return nil
}
