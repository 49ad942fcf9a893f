package conformance

import (
	"net/http"
	"strings"
)

// refusesCode tries a code of the configuration in a browser of its own.
func refusesCode(member string, code func(*visit) string, want string) func(*visit) error {
	return func(v *visit) error {
		typed := code(v)
		if typed == "" {
			return skip("no " + member + " in the configuration")
		}
		e, err := v.client.browser().do(v.ctx, "openRenewal", object{"code": typed})
		if err != nil {
			return err
		}
		if e.problem().Code == "code_tries_exceeded" {
			return skip("the server refuses tries from this address for now; see Retry-After")
		}
		return e.refused(statusOf(want), want)
	}
}

var doorChecks = []Check{
	{
		ID: "code.malformed", Rule: "what has not the form of a code is refused as such",
		Source: "openapi.yaml, Code code_malformed", Cure: "answer 422 code_malformed, and take no try off the limit: it is a slip of the finger",
		run: refusesCode("code", func(*visit) string { return "!" }, "code_malformed"),
	},
	{
		ID: "code.unknown", Rule: "a code that was never sold is refused",
		Source: "openapi.yaml, Code code_unknown", Cure: "answer 422 code_unknown",
		run: refusesCode("codes.unknown", func(v *visit) string { return v.config.Codes.Unknown }, "code_unknown"),
	},
	{
		ID: "code.expired", Rule: "a code is refused 90 days after it was sold",
		Source: "openapi.yaml, Code code_expired; Renewal.codeExpires", Cure: "answer 422 code_expired",
		run: refusesCode("codes.expired", func(v *visit) string { return v.config.Codes.Expired }, "code_expired"),
	},
	{
		ID: "code.other_product", Rule: "a code for another product is refused",
		Source: "openapi.yaml, Code code_other_product", Cure: "answer 422 code_other_product",
		run: refusesCode("codes.otherProduct", func(v *visit) string { return v.config.Codes.OtherProduct }, "code_other_product"),
	},
	{
		ID: "door.open", Rule: "a fresh code opens a renewal", step: true,
		Source: "openapi.yaml, openRenewal", Cure: "answer 200 with the renewal at opened; is codes.fresh sold, and not used up by an earlier run?",
		run: (*visit).open,
	},
	{
		ID: "door.session", Rule: "opening gives the browser a session in a cookie whose value nobody can guess",
		Source: "openapi.yaml, openRenewal; OWASP ASVS 7.2", Cure: "set a cookie of at least 128 random bits, anew with each opening", step: true,
		run: func(v *visit) error {
			for _, value := range v.browser.cookies {
				if len(value) >= 22 {
					return nil
				}
			}
			return wanted("a cookie with at least 22 characters", "%d cookies", len(v.browser.cookies))
		},
	},
	{
		ID: "door.bought", Rule: "the renewal says what was bought and until when it can be used, and nothing more yet",
		Source: "openapi.yaml, openRenewal; SECURITY.md: a renewal code alone tells nothing", Cure: "leave start, certificate, validity, application, phone, contact and issued out until the person has come to them",
		run: func(v *visit) error {
			r := v.now
			if r.Start != "" || r.Certificate != nil || r.Validity != nil || r.Application != nil || r.Phone != nil || r.Contact != nil || r.Issued != nil {
				return wanted("a renewal with its offer alone", "more than that at opened")
			}
			return nil
		},
	},
	{
		ID: "door.spelling", Rule: "spaces, dashes and case of a code don't count",
		Source: "openapi.yaml, OpenRenewal.code", Cure: "take the code apart before looking it up",
		run: func(v *visit) error {
			plain := strings.ToLower(plainCode(v.code))
			typed := " " + plain[:len(plain)/2] + " - " + plain[len(plain)/2:]
			e, err := v.browser.do(v.ctx, "openRenewal", object{"code": typed})
			if err != nil {
				return err
			}
			return e.reached("opened")
		},
	},
	{run: func(v *visit) error { return v.tryBodies("openRenewal") }},
	{
		ID: "door.same_browser", Rule: "entering the code again in the same browser goes on where it was",
		Source: "openapi.yaml, openRenewal", Cure: "look at the session first: if it carries this code's renewal, change nothing",
		run: func(v *visit) error {
			if err := v.call("setStart", object{"start": "now"}, "start_chosen"); err != nil {
				return err
			}
			return v.call("openRenewal", object{"code": v.code}, "start_chosen")
		},
	},
	{run: (*visit).withoutSession},
	{run: (*visit).fromElsewhere},
	{
		ID: "door.preflight", Rule: "no other origin is allowed in by a preflight",
		Source: "Fetch standard, CORS preflight", Cure: "don't answer OPTIONS with Access-Control-Allow-*",
		run: func(v *visit) error {
			e, err := v.browser.twin().send(v.ctx, request{
				method: http.MethodOptions, path: operations["setStart"].path, origin: "https://other.example", fetchSite: "cross-site",
			})
			if err != nil {
				return err
			}
			if allowed := e.header.Get("Access-Control-Allow-Origin"); allowed != "" {
				return wanted("no Access-Control-Allow-Origin", "%.80q", allowed)
			}
			return nil
		},
	},
	{
		ID: "session.fixed", Rule: "a session that somebody has put into the browser is not taken on",
		Source: "CWE-384", Cure: "draw a new session with each opening, whatever cookie came along",
		run: func(v *visit) error {
			victim := v.client.browser()
			for name, value := range v.browser.cookies {
				victim.cookies[name] = forge(value)
			}
			before := victim.twin()
			if _, err := victim.do(v.ctx, "openRenewal", object{"code": v.code}); err != nil {
				return err
			}
			for name, value := range before.cookies {
				if victim.cookies[name] == value {
					return wanted("a new value of the cookie", "the one that came along")
				}
			}
			v.browser = victim
			return nil
		},
	},
	{
		ID: "session.leave", Rule: "after leaving, the session is over on the server too",
		Source: "openapi.yaml, leaveRenewal", Cure: "answer 204, take the cookie back, and forget the session",
		run: func(v *visit) error {
			stolen := v.browser.twin()
			e, err := v.browser.do(v.ctx, "leaveRenewal", nil)
			if err != nil {
				return err
			}
			if e.status != http.StatusNoContent || len(v.browser.cookies) != 0 {
				return wanted("204 and the cookie taken back", "%s with %d cookies left", e.said(), len(v.browser.cookies))
			}
			if e, err = stolen.do(v.ctx, "getRenewal", nil); err != nil {
				return err
			}
			return e.refused(http.StatusUnauthorized, "no_session")
		},
	},
}

var limitChecks = []Check{{
	ID: "limits.tries", Rule: "tries of unknown codes are limited, and the answer says when to come back",
	Source: "openapi.yaml, openRenewal, Code code_tries_exceeded", Cure: "count tries for each address and overall; answer 429 code_tries_exceeded with Retry-After in seconds",
	run: func(v *visit) error {
		if !v.config.TryLimits || v.config.Codes.Unknown == "" {
			return skip("tryLimits is not set, or there is no codes.unknown in the configuration")
		}
		const many = 100
		for range many {
			e, err := v.client.browser().do(v.ctx, "openRenewal", object{"code": v.config.Codes.Unknown})
			if err != nil {
				return err
			}
			if e.status != http.StatusTooManyRequests {
				continue
			}
			if seconds := e.header.Get("Retry-After"); strings.Trim(seconds, "0123456789") != "" || seconds == "" {
				return wanted("Retry-After in seconds", "%.40q", seconds)
			}
			return e.refused(http.StatusTooManyRequests, "code_tries_exceeded")
		}
		return wanted("429 code_tries_exceeded", "%d tries", many)
	},
}}
