package conformance

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
)

// The contract as JSON, since this package has no YAML.
//
//go:generate sh -c "go run github.com/mikefarah/yq/v4@v4.48.1 -o json ../renewal/openapi.yaml > openapi.gen.json"

//go:embed openapi.gen.json
var contractJSON []byte

// contract is as much of an OpenAPI document as ours has.
type contract struct {
	Servers    []struct{ URL string }
	Paths      map[string]map[string]*pathItem
	Components struct {
		Responses map[string]*response
		Schemas   map[string]*schema
	}
}

type pathItem struct {
	OperationID string
	RequestBody *struct {
		Content map[string]media
	}
	Responses map[string]*response
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]media
}

type media struct{ Schema *schema }

// operation is one of the contract, with the states that it may be called in.
type operation struct {
	id, method, path string
	body             *schema
	answers          map[string]*response // by status or "default"
	rule             stateRule
}

// stateRule says in which states an operation is possible. always: whatever the state.
type stateRule struct {
	states []string
	always bool
}

var (
	theContract = readContract()
	basePath    = theContract.Servers[0].URL
	operations  = theContract.operations()
	codes       = theContract.enum("Code")
)

func readContract() (c contract) {
	if err := json.Unmarshal(contractJSON, &c); err != nil {
		panic("conformance: openapi.gen.json: " + err.Error())
	}
	return c
}

func (c *contract) enum(name string) (values []string) {
	for _, v := range c.Components.Schemas[name].Enum {
		values = append(values, v.(string))
	}
	return values
}

func (c *contract) response(r *response) *response {
	if r != nil && r.Ref != "" {
		return c.Components.Responses[strings.TrimPrefix(r.Ref, "#/components/responses/")]
	}
	return r
}

func (c *contract) operations() map[string]*operation {
	out := map[string]*operation{}
	for path, items := range c.Paths {
		for method, item := range items {
			o := &operation{
				id: item.OperationID, method: strings.ToUpper(method), path: c.Servers[0].URL + path,
				answers: map[string]*response{}, rule: rules[item.OperationID],
			}
			if item.RequestBody != nil {
				o.body = item.RequestBody.Content["application/json"].Schema.resolve(c)
			}
			for status, r := range item.Responses {
				o.answers[status] = c.response(r)
			}
			out[o.id] = o
		}
	}
	return out
}

func operationFor(method, path string) *operation {
	path, _, _ = strings.Cut(path, "?")
	for _, o := range operations {
		if o.method == method && o.path == path {
			return o
		}
	}
	return nil
}

// operationIDs are those that depend on the state, in the contract's order of steps.
var operationIDs = []string{
	"setStart", "setCertificate", "drawUpApplication", "withdrawApplication", "getApplicationPDF", "getApplicationQR",
	"acceptTerms", "getApplicationSigning", "signApplication", "setContact", "drawUpConfirmation", "getConfirmationSigning",
	"signConfirmation", "getConfirmation", "getConfirmationSignature", "issue", "getCertificate", "offerComputer",
}

// rules are the states of the operations' summaries, with those that they lead to: there the same values
// give the same result.
var rules = map[string]stateRule{
	"getPortal": {always: true}, "openRenewal": {always: true}, "getRenewal": {always: true}, "watchRenewal": {always: true}, "leaveRenewal": {always: true},

	"setStart":                 states("opened", "certificate_chosen"),
	"setCertificate":           states("start_chosen", "certificate_chosen"),
	"drawUpApplication":        states("certificate_chosen", "application_drawn_up"),
	"withdrawApplication":      states("opened", "confirmation_drawn_up"),
	"getApplicationPDF":        states("application_drawn_up", "issued"),
	"getApplicationQR":         states("application_signed", "issuing"),
	"acceptTerms":              states("application_drawn_up", "terms_accepted"),
	"getApplicationSigning":    states("terms_accepted", "terms_accepted"),
	"signApplication":          states("terms_accepted", "application_signed"),
	"setContact":               states("application_signed", "confirmation_drawn_up"),
	"drawUpConfirmation":       states("contact_given", "confirmation_drawn_up"),
	"getConfirmationSigning":   states("confirmation_drawn_up", "confirmation_drawn_up"),
	"signConfirmation":         states("confirmation_drawn_up", "issued"),
	"getConfirmation":          states("confirmation_drawn_up", "issued"),
	"getConfirmationSignature": states("confirmed", "issued"),
	"issue":                    states("confirmed", "issued"),
	"getCertificate":           states("issued", "issued"),
	"offerComputer":            states("issued", "issued"),
}

// states are those from the first to the last, in the order in which a renewal goes through them.
func states(first, last string) stateRule {
	all := theContract.enum("State")
	return stateRule{states: all[slices.Index(all, first) : slices.Index(all, last)+1]}
}

// statuses are those of the codes, as the contract says; all others are 422.
var statuses = map[string]int{
	"invalid_request": 400, "no_session": 401, "origin_not_allowed": 403,
	"wrong_state": 409, "terms_changed": 409, "phone_not_ready": 409, "phone_changed": 409,
	"code_tries_exceeded": 429, "internal": 500,
	"issuer_unavailable": 503, "sam_unavailable": 503, "timestamp_unavailable": 503,
}

func statusOf(code string) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	return 422
}

func isCertificateCode(code string) bool {
	return slices.Contains(codes, code) && (strings.HasPrefix(code, "certificate_") || code == "identity_required" || code == "lint_failed")
}
