package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// tryBodies sends what the operation must not take and wants the renewal unchanged. It is called where
// the operation is possible.
func (v *visit) tryBodies(op string) error {
	o, good := operations[op], v.bodyOf(op).(object)
	try := func(id string, r request) {
		r.method, r.path = o.method, o.path
		e, err := v.browser.twin().send(v.ctx, r)
		if err == nil {
			err = e.refused(http.StatusBadRequest, invalidRequest)
		}
		v.assert("body."+id, err)
	}
	with := func(member string, value any) request {
		b := maps.Clone(good)
		b[member] = value
		return request{body: b}
	}
	try("unknown_member", with("surplus", "x"))
	for _, member := range slices.Sorted(maps.Keys(good)) {
		short := maps.Clone(good)
		delete(short, member)
		try("missing_member", request{body: short})
		try("type", with(member, 7))
		try("type", with(member, nil))
		s := o.body.Properties[member].resolve(&theContract)
		if len(s.Enum) > 0 {
			try("enum", with(member, "neither"))
		}
		if s.MaxLength > 0 {
			try("too_long", with(member, strings.Repeat("A", s.MaxLength+4))) // base64 stays base64
		}
	}
	whole, _ := json.Marshal(good)
	for _, bad := range []string{"{", "[]", `"x"`, "null", string(whole) + string(whole)} {
		try("not_json", request{raw: []byte(bad)})
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "-"} {
		try("content_type", request{raw: whole, contentType: kind})
	}
	if len(v.browser.cookies) == 0 {
		return nil
	}
	before := v.now
	err := v.see(before.State)
	if err == nil && v.now.Version != before.Version {
		err = wanted(fmt.Sprintf("version %d still", before.Version), "%d", v.now.Version)
	}
	v.assert("body.no_effect", err)
	return nil
}

// withoutSession calls everything without a cookie, and with one that was made up.
func (v *visit) withoutSession() error {
	for _, id := range append([]string{"getRenewal", "watchRenewal"}, operationIDs...) {
		none := v.client.browser()
		forged := v.client.browser()
		for name, value := range v.browser.cookies {
			forged.cookies[name] = forge(value)
		}
		for check, b := range map[string]*browser{"session.none": none, "session.forged": forged} {
			e, err := b.do(v.ctx, id, v.bodyOf(id))
			if err == nil {
				err = e.refused(http.StatusUnauthorized, "no_session")
			}
			v.assert(check, err)
		}
	}
	return nil
}

// forge makes another value of the same form.
func forge(value string) string {
	forged := []byte(value)
	for i, c := range forged {
		switch {
		case c >= 'a' && c < 'z', c >= 'A' && c < 'Z', c >= '0' && c < '9':
			forged[i]++
		}
	}
	return string(forged)
}

// fromElsewhere calls every operation that changes something as another site's page would.
func (v *visit) fromElsewhere() error {
	for _, id := range append([]string{"openRenewal", "leaveRenewal"}, operationIDs...) {
		o := operations[id]
		if o.method == http.MethodGet {
			continue
		}
		for _, c := range []struct {
			check string
			request
		}{
			{"origin.missing", request{origin: "-"}},
			{"origin.other", request{origin: "https://other.example"}},
			{"origin.other", request{origin: "null"}},
			{"origin.other", request{origin: v.config.BaseURL + ".other.example"}},
			{"origin.fetch_site", request{fetchSite: "cross-site"}},
		} {
			r := c.request
			r.method, r.path, r.body = o.method, o.path, v.bodyOf(id)
			e, err := v.browser.twin().send(v.ctx, r)
			if err == nil {
				err = e.refused(http.StatusForbidden, "origin_not_allowed")
			}
			v.assert(c.check, err)
		}
	}
	return nil
}
