package conformance

import "slices"

// scene is a play of checks in order, with one browser whose renewal they bring forward.
type scene struct {
	name    string
	about   string
	prepare func(*visit) error
	checks  []Check
}

// listed are the scene's checks.
func (s *scene) listed() []Check {
	return slices.DeleteFunc(slices.Clone(s.checks), func(c Check) bool { return c.ID == "" })
}

// scenes in the order in which they are played. The code that a run has is used up by the one before
// the last; the last one makes the server refuse this address.
var scenes []scene

func init() { // the checks refer to the scenes' steps, which refer to checks
	scenes = []scene{
		{"site", "the page, and what is asked before a renewal", nil, siteChecks},
		{"door", "codes, sessions, and who may call", (*visit).readPortal, doorChecks},
		{"steps", "from the start to the certificate, and back", walk("opened"), stepChecks},
		{"application", "the application: document, seal, signature", walk("certificate_chosen"), applicationChecks},
		{"others", "whoever comes with the code alone", walk("application_signed"), otherChecks},
		{"issue", "phone, confirmation, certificate", walk("application_signed"), issueChecks},
		{"limits", "the limit of tries", nil, limitChecks},
	}
}

// invalidRequest is what a body that the contract does not allow gets.
const invalidRequest = "invalid_request"

// probes are asserted in passing, by several scenes.
func probes() []Check {
	out := []Check{
		{
			ID: "body.unknown_member", Rule: "a body with a member that the contract does not name is refused",
			Source: "openapi.yaml, additionalProperties: false", Cure: "answer 400 invalid_request; silently dropping members hides mistakes and attacks",
		},
		{
			ID: "body.missing_member", Rule: "a body without a member that is required is refused",
			Source: "openapi.yaml, required", Cure: "answer 400 invalid_request",
		},
		{
			ID: "body.type", Rule: "a member of another type, or null, is refused",
			Source: "openapi.yaml, type", Cure: "answer 400 invalid_request; don't convert",
		},
		{
			ID: "body.enum", Rule: "a value outside of an enumeration is refused",
			Source: "openapi.yaml, enum", Cure: "answer 400 invalid_request",
		},
		{
			ID: "body.too_long", Rule: "a value longer than maxLength is refused",
			Source: "openapi.yaml, maxLength", Cure: "answer 400 invalid_request, before doing anything with it",
		},
		{
			ID: "body.not_json", Rule: "a body that is not one JSON object is refused",
			Source: "openapi.yaml, requestBody; RFC 8259", Cure: "answer 400 invalid_request",
		},
		{
			ID: "body.content_type", Rule: "a body that does not say that it is JSON is refused",
			Source: "openapi.yaml, description", Cure: "answer 400 invalid_request: a form of another site can send other types",
		},
		{
			ID: "body.no_effect", Rule: "a refused body changes nothing",
			Source: "openapi.yaml, description", Cure: "check all of the body before the first change",
		},
		{
			ID: "session.none", Rule: "without the cookie nothing is told and nothing done",
			Source: "openapi.yaml, description", Cure: "answer 401 no_session",
		},
		{
			ID: "session.forged", Rule: "a cookie that the server did not give is no session",
			Source: "openapi.yaml, description", Cure: "look the session up by its whole value; answer 401 no_session",
		},
		{
			ID: "origin.missing", Rule: "a request that changes something without Origin is refused",
			Source: "openapi.yaml, description; browsers send it with every such request", Cure: "answer 403 origin_not_allowed before anything else",
		},
		{
			ID: "origin.other", Rule: "a request that changes something from another origin, or from null, is refused",
			Source: "openapi.yaml, description", Cure: "compare Origin as a whole with your own; answer 403 origin_not_allowed",
		},
		{
			ID: "origin.fetch_site", Rule: "a request that changes something and says Sec-Fetch-Site: cross-site is refused",
			Source: "openapi.yaml, description; Fetch Metadata", Cure: "answer 403 origin_not_allowed unless it is absent or same-origin",
		},
	}
	out = append(out, Check{
		ID: "state.no_effect", Rule: "an operation that is refused because of the state changes nothing",
		Source: "openapi.yaml, description", Cure: "decide in one conditional update, before anything is done",
	})
	for _, id := range operationIDs {
		out = append(out, Check{
			ID: "state." + id, Rule: "called out of turn it is refused, whatever the state",
			Source: "openapi.yaml, " + id, Cure: "answer 409 wrong_state with the present state in the member state; decide in one conditional update",
		})
	}
	return append(append(out, sealChecks...), cmsChecks...)
}
