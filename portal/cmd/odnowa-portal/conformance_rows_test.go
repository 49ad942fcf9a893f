package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// Faults of single answers that the watches see.
var exchangeFaults = []row{
	{check: "api.status", scene: "door", bend: at("GET /portal", 200, func(x *transit) { x.status = 203 })},
	{check: "api.media_type", scene: "site", bend: header("GET /portal", "Content-Type", "text/plain")},
	{check: "api.schema", scene: "site", bend: member("GET /portal", 200, "test", "yes")},
	{check: "api.problem", scene: "steps", bend: at("POST /renewal/issue", 409, func(x *transit) { x.header.Set("Content-Type", "application/json") })},
	{check: "api.code", also: []string{"code.malformed"}, scene: "door", bend: refusal("code_malformed", 422, "code_wrong")},
	{check: "api.code_status", also: []string{"code.malformed"}, scene: "door", bend: refusal("code_malformed", 400, "code_malformed")},
	{check: "api.leak", scene: "steps", bend: at("POST /renewal/issue", 409, func(x *transit) {
		x.json(map[string]any{"title": "IllegalStateException at pl.ca.Renewal(Renewal.java:12)"})
	})},
	{check: "api.no_store", scene: "site", bend: header("GET /portal", "Cache-Control", "private, max-age=60")},
	{check: "api.nosniff", scene: "site", bend: header("GET /portal", "X-Content-Type-Options", "")},
	{check: "api.cors", scene: "site", bend: header("GET /portal", "Access-Control-Allow-Origin", "*")},
	{check: "cookie.http_only", scene: "door", bend: cookie("; HttpOnly", "")},
	{check: "cookie.same_site", scene: "door", bend: cookie("SameSite=Strict", "SameSite=Lax")},
	{check: "cookie.secure", scene: "door", tls: true, bend: cookie("; Secure", "")},
	{check: "cookie.host_only", scene: "door", bend: cookie("; Secure", "; Secure; Domain=localhost")},
	{check: "privacy.before_card", scene: "door", bend: member("POST /renewal", 200, "holder", holderName.CommonName)},
	{check: "privacy.code", scene: "door", bend: at("POST /renewal", 200, func(x *transit) {
		var asked struct{ Code string }
		json.Unmarshal(x.asked, &asked) //nolint:errcheck // the kit's own
		x.header.Set("Content-Location", "/renewal?code="+asked.Code)
	})},
	{check: "privacy.certificate_refused", scene: "others", bend: at("PUT /renewal/certificate", 422, func(x *transit) {
		x.json(map[string]any{"holder": strangerName.CommonName})
	})},
}

var siteFaults = []row{
	{check: "site.portal", scene: "site", bend: at("GET /portal", 200, func(x *transit) { x.refuse(500, "internal") })},
	{check: "site.origin", scene: "site", bend: member("GET /portal", 200, "origin", "https://renewal.example")},
	{check: "site.issuers", scene: "site", bend: member("GET /portal", 200, "issuers", []any{})},
	{check: "site.legal", scene: "site", bend: at("GET /regulamin", 200, func(x *transit) { x.status = 404 })},
	{check: "site.page", scene: "site", bend: page("<odnowa-renewal", "<div")},
	{check: "site.csp_scripts", scene: "site", bend: policy("script-src 'self'", "script-src 'self' https://cdn.example")},
	{check: "site.csp_base", scene: "site", bend: policy("object-src 'none';", "")},
	{check: "site.frames", scene: "site", bend: policy("frame-ancestors 'none'", "frame-ancestors *")},
	{check: "site.third_party", scene: "site", bend: page("</head>", `<script async src="https://analytics.example/a.js"></script></head>`)},
	{check: "site.referrer", scene: "site", bend: header("GET /", "Referrer-Policy", "unsafe-url")},
	{check: "site.nosniff", scene: "site", bend: header("GET /", "X-Content-Type-Options", "")},
	{check: "site.opener", scene: "site", bend: header("GET /", "Cross-Origin-Opener-Policy", "unsafe-none")},
	{check: "site.hsts", scene: "site", tls: true, bend: header("GET /", "Strict-Transport-Security", "")},
	{check: "site.host", scene: "site", ask: func(r *http.Request) {
		if r.Host == "rebound.example" {
			r.Host = "" // the proxy puts the portal's in
		}
	}},
}

var doorFaults = []row{
	{check: "code.malformed", scene: "door", bend: refusal("code_malformed", 422, "code_unknown")},
	{check: "code.unknown", scene: "door", bend: refusal("code_unknown", 422, "code_malformed")},
	{check: "code.expired", scene: "door", bend: refusal("code_expired", 422, "code_unknown")},
	{check: "code.other_product", scene: "door", bend: refusal("code_other_product", 422, "code_unknown")},
	{check: "code.used", scene: "issue", bend: refusal("code_used", 422, "code_unknown")},
	{check: "door.open", scene: "door", bend: member("POST /renewal", 200, "state", "start_chosen")},
	{check: "door.session", scene: "door", bend: at("POST /renewal", 200, func(x *transit) { x.header.Set("Set-Cookie", "s=12345; Path=/; HttpOnly; Secure; SameSite=Strict") })},
	{check: "door.bought", scene: "door", bend: member("POST /renewal", 200, "start", "now")},
	{check: "door.spelling", scene: "door", bend: at("POST /renewal", 200, func(x *transit) {
		if bytes.Contains(x.asked, []byte(" - ")) {
			x.refuse(422, "code_malformed")
		}
	})},
	{check: "door.same_browser", scene: "door", bend: at("POST /renewal", 200, func(x *transit) {
		if bytes.Contains(x.body, []byte(`"start_chosen"`)) {
			x.json(map[string]any{"state": "opened", "start": nil})
		}
	})},
	{check: "door.preflight", scene: "door", bend: func(x *transit) {
		if x.r.Method == http.MethodOptions {
			x.header.Set("Access-Control-Allow-Origin", x.r.Header.Get("Origin"))
		}
	}},
	{check: "session.fixed", scene: "door", bend: at("POST /renewal", 200, func(x *transit) {
		if c, err := x.r.Cookie("odnowa_session"); err == nil {
			x.header.Set("Set-Cookie", strings.Replace(x.header.Get("Set-Cookie"), x.session(), c.Value, 1))
		}
	})},
	{check: "session.leave", scene: "door", bend: at("GET /renewal", 401, func(x *transit) {
		if x.nth("POST /renewal/leave", 204) > 0 {
			x.accept()
		}
	})},
	{check: "session.none", scene: "door", bend: at("GET /renewal/application.pdf", 401, func(x *transit) {
		if x.session() == "" {
			x.accept()
		}
	})},
	{check: "session.forged", scene: "door", bend: at("GET /renewal/application.pdf", 401, func(x *transit) {
		if x.session() != "" {
			x.accept()
		}
	})},
	{check: "origin.missing", scene: "door", bend: at("PUT /renewal/start", 403, func(x *transit) {
		if x.r.Header.Get("Origin") == "" {
			x.accept()
		}
	})},
	{check: "origin.other", scene: "door", bend: at("PUT /renewal/start", 403, func(x *transit) {
		if strings.HasSuffix(x.r.Header.Get("Origin"), ".other.example") { // compared by its beginning
			x.accept()
		}
	})},
	{check: "origin.fetch_site", scene: "door", bend: at("PUT /renewal/start", 403, func(x *transit) {
		if x.r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			x.accept()
		}
	})},
	{check: "limits.tries", scene: "limits", limits: true, bend: at("POST /renewal", 429, func(x *transit) { x.header.Del("Retry-After") })},
	{check: "body.unknown_member", scene: "steps", bend: takes(`"surplus"`)},
	{check: "body.missing_member", scene: "steps", bend: at("PUT /renewal/start", 400, func(x *transit) {
		if string(x.asked) == "{}" {
			x.accept()
		}
	})},
	{check: "body.type", scene: "steps", bend: takes(`:null`)},
	{check: "body.enum", scene: "steps", bend: takes(`"neither"`)},
	{check: "body.too_long", scene: "steps", bend: at("PUT /renewal/certificate", 400, func(x *transit) {
		if len(x.asked) > 16384 {
			x.accept()
		}
	})},
	{check: "body.not_json", scene: "steps", bend: takes("[]")},
	{check: "body.content_type", scene: "steps", bend: at("PUT /renewal/start", 400, func(x *transit) {
		if x.r.Header.Get("Content-Type") == "text/plain" {
			x.accept()
		}
	})},
	{check: "body.no_effect", scene: "steps", bend: at("GET /renewal", 200, func(x *transit) {
		if x.nth("PUT /renewal/start", 400) > 0 && x.once() {
			x.json(map[string]any{"version": 1 << 40})
		}
	})},
}

// operations that depend on the state, with where each is called out of turn.
var outOfTurn = map[string]struct{ route, scene string }{
	"setStart": {"PUT /renewal/start", "application"}, "setCertificate": {"PUT /renewal/certificate", "steps"},
	"drawUpApplication": {"POST /renewal/application", "steps"}, "withdrawApplication": {"DELETE /renewal/application", "issue"},
	"getApplicationPDF": {"GET /renewal/application.pdf", "steps"}, "getApplicationQR": {"GET /renewal/application/qr.svg", "steps"},
	"acceptTerms": {"PUT /renewal/terms", "steps"}, "getApplicationSigning": {"GET /renewal/application/signing", "steps"},
	"signApplication": {"PUT /renewal/application/signature", "steps"}, "setContact": {"PUT /renewal/contact", "steps"},
	"drawUpConfirmation": {"POST /renewal/confirmation", "steps"}, "getConfirmationSigning": {"GET /renewal/confirmation/signing", "steps"},
	"signConfirmation": {"PUT /renewal/confirmation/signature", "steps"}, "getConfirmation": {"GET /renewal/confirmation.txt", "steps"},
	"getConfirmationSignature": {"GET /renewal/confirmation.p7s", "steps"}, "issue": {"POST /renewal/issue", "steps"},
	"getCertificate": {"GET /renewal/certificate.pem", "steps"}, "offerComputer": {"POST /renewal/computer-offer", "steps"},
}

func stepFaults() []row {
	rows := []row{
		{check: "state.no_effect", scene: "steps", bend: at("GET /renewal", 200, func(x *transit) {
			if x.nth("POST /renewal/issue", 409) > 0 && x.once() {
				x.json(map[string]any{"state": "issuing"})
			}
		})},
		{check: "start.set", scene: "steps", bend: member("PUT /renewal/start", 200, "start", "after_current")},
		{check: "events.first", scene: "steps", stream: func(_ int, b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("event: renewal\n"), nil)
		}},
		{check: "events.change", scene: "steps", stream: func(nth int, b []byte) []byte {
			if nth > 0 {
				return bytes.ReplaceAll(b, []byte("id: "), []byte("id: 1"))
			}
			return b
		}},
		{check: "certificate.still_none", scene: "steps", bend: at("GET /renewal", 200, func(x *transit) {
			if x.nth("PUT /renewal/certificate", 422) > 0 && x.once() {
				x.json(map[string]any{
					"certificate.id": "", "certificate.serialNumber": "", "certificate.issuer": "", "certificate.subject.commonName": "", "certificate.subject.country": "PL",
					"certificate.validity.notBefore": "2026-01-01T00:00:00Z", "certificate.validity.notAfter": "2026-01-01T00:00:00Z",
				})
			}
		})},
		{check: "certificate.set", scene: "steps", bend: member("PUT /renewal/certificate", 200, "state", "start_chosen")},
		{check: "certificate.shown", scene: "steps", bend: member("PUT /renewal/certificate", 200, "certificate.subject.surname", "INNA")},
		{check: "certificate.validity", scene: "steps", bend: member("PUT /renewal/certificate", 200, "validity.notAfter", "2046-01-01T00:00:00Z")},
		{check: "withdraw.back", scene: "steps", bend: member("DELETE /renewal/application", 200, "start", "now")},
		{check: "certificate_other_person", scene: "others", bend: refusal("certificate_other_person", 422, "lint_failed")},
	}
	for _, code := range []string{
		"certificate_malformed", "certificate_other_ca", "certificate_expired", "certificate_not_yet_valid", "certificate_revoked", "certificate_key_usage",
		"certificate_not_qualified", "certificate_device_withdrawn", "identity_required",
	} {
		rows = append(rows, row{check: code, scene: "steps", bend: func(x *transit) {
			if x.status == 422 && x.code() == code {
				x.accept()
			}
		}})
	}
	for id, o := range outOfTurn {
		rows = append(rows, row{check: "state." + id, scene: o.scene, bend: at(o.route, 409, func(x *transit) {
			if x.code() == "wrong_state" {
				x.accept()
			}
		})})
	}
	return rows
}

// at bends the answers of a route with a status.
func at(route string, status int, bend func(*transit)) func(*transit) {
	return func(x *transit) {
		if x.is(route, status) {
			bend(x)
		}
	}
}

// member changes a member of the answers of a route.
func member(route string, status int, name string, value any) func(*transit) {
	return at(route, status, func(x *transit) { x.json(map[string]any{name: value}) })
}

// refusal answers another refusal in the place of one.
func refusal(code string, status int, other string) func(*transit) {
	return func(x *transit) {
		if x.status >= 400 && x.code() == code {
			x.refuse(status, other)
		}
	}
}

func header(route, name, value string) func(*transit) {
	return func(x *transit) {
		if x.route() != route {
			return
		}
		if x.header.Set(name, value); value == "" {
			x.header.Del(name)
		}
	}
}

func cookie(from, to string) func(*transit) {
	return at("POST /renewal", 200, func(x *transit) {
		x.header.Set("Set-Cookie", strings.Replace(x.header.Get("Set-Cookie"), from, to, 1))
	})
}

func page(from, to string) func(*transit) {
	return at("GET /", 200, func(x *transit) { x.body = bytes.ReplaceAll(x.body, []byte(from), []byte(to)) })
}

func policy(from, to string) func(*transit) {
	return at("GET /", 200, func(x *transit) {
		x.header.Set("Content-Security-Policy", strings.Replace(x.header.Get("Content-Security-Policy"), from, to, 1))
	})
}

// takes takes a bad body for the start.
func takes(what string) func(*transit) {
	return at("PUT /renewal/start", 400, func(x *transit) {
		if bytes.Contains(x.asked, []byte(what)) {
			x.accept()
		}
	})
}
