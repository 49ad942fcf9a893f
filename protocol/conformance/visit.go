package conformance

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"

	"github.com/odnowa/odnowa/protocol/seal"
)

// visit is one scene's: a browser, and what its renewal has come to.
type visit struct {
	*runner
	ctx     context.Context
	client  *client
	browser *browser
	code    string

	now     renewal             // as last seen
	trying  *x509.Certificate   // what setCertificate was just called with
	signing signing             // what is to be signed now
	claims  *seal.Claims        // of its seal
	content []byte              // the bytes that get signed
	cms     []byte              // the good signature that was sent
	pdf     []byte              // the prepared application
	signed  []byte              // the same, signed
	digest  []byte              // the application's
	code6   string              // six digits, as the phone said
	chain   []*x509.Certificate // the new certificate and its issuers

	first        *browser // the one before, where there are two
	numberBefore string   // of its application
}

// call does an operation and fails unless it leads to the state.
func (v *visit) call(op string, body any, state string) error {
	if op == "setCertificate" {
		v.trying = v.config.holder.cert
		defer func() { v.trying = nil }()
	}
	e, err := v.browser.do(v.ctx, op, body)
	if err == nil {
		err = e.reached(state)
	}
	if err == nil {
		v.now = e.renewal()
	}
	return err
}

// refuse does an operation and fails unless it is refused so.
func (v *visit) refuse(op string, body any, code string) error {
	e, err := v.browser.do(v.ctx, op, body)
	if err != nil {
		return err
	}
	return e.refused(statusOf(code), code)
}

// see reads the renewal and fails unless it is in the state.
func (v *visit) see(state string) error { return v.call("getRenewal", nil, state) }

// assert records a check that several places look at.
func (v *visit) assert(id string, err error) { v.record(id, v.client.last(), err) }

// open opens the fresh code in a new browser.
func (v *visit) open() error {
	code, err := v.freshCode()
	if err != nil {
		return err
	}
	v.code, v.browser = code, v.client.browser()
	return v.call("openRenewal", object{"code": code}, "opened")
}

// freshCode is the same for all scenes of a run: opening it again begins anew.
func (r *runner) freshCode() (string, error) {
	c := &r.config.Codes
	if c.Fresh == "" && len(c.FreshCommand) > 0 {
		out, err := exec.Command(c.FreshCommand[0], c.FreshCommand[1:]...).Output() //nolint:gosec // the tester's own
		if err != nil {
			return "", skip("codes.freshCommand failed: " + err.Error())
		}
		c.Fresh = strings.TrimSpace(string(out))
	}
	switch {
	case c.Fresh == "":
		return "", skip("no codes.fresh in the configuration")
	case c.Fresh == r.used:
		return "", skip("codes.fresh is used up")
	}
	return c.Fresh, nil
}

// steps are the person's, in order, without looking at more than that each works.
var steps = []struct {
	into string
	do   func(v *visit) error
}{
	{"start_chosen", func(v *visit) error { return v.call("setStart", object{"start": "now"}, "start_chosen") }},
	{"certificate_chosen", func(v *visit) error { return v.call("setCertificate", v.certificate(), "certificate_chosen") }},
	{"application_drawn_up", func(v *visit) error {
		return v.call("drawUpApplication", object{"language": "pl"}, "application_drawn_up")
	}},
	{"terms_accepted", func(v *visit) error { return v.call("acceptTerms", v.terms(), "terms_accepted") }},
	{"application_signed", func(v *visit) error {
		if err := v.fetchSigning("getApplicationSigning"); err != nil {
			return err
		}
		return v.sign("signApplication", "application_signed")
	}},
	{"contact_given", func(v *visit) error {
		if err := v.enrolPhone(); err != nil {
			return err
		}
		return v.call("setContact", v.contact(), "contact_given")
	}},
	{"confirmation_drawn_up", func(v *visit) error { return v.call("drawUpConfirmation", nil, "confirmation_drawn_up") }},
}

// walk opens a renewal and goes on to the state.
func walk(to string) func(v *visit) error {
	return func(v *visit) error {
		err := v.open()
		if err == nil {
			err = v.readPortal()
		}
		for _, s := range steps {
			if err != nil || v.now.State == to {
				break
			}
			err = s.do(v)
		}
		v.numberBefore = v.now.number()
		if err != nil {
			return skip("the renewal could not be brought to " + to + ": " + err.Error())
		}
		return nil
	}
}

func (v *visit) certificate() object { return object{"certificate": v.config.holder.cert.Raw} }

func (v *visit) terms() object {
	return object{"terms": v.portal.Terms.Version, "privacy": v.portal.Privacy.Version}
}

func (v *visit) contact() object {
	return object{"email": v.config.Contact.Email, "phone": v.config.Contact.Phone}
}

// bodies are good ones of operations, but for signatures, which are none.
func (v *visit) bodies() map[string]object {
	none := object{"cms": []byte("none")}
	return map[string]object{
		"openRenewal": {"code": v.code}, "setStart": {"start": "now"}, "setCertificate": v.certificate(), "drawUpApplication": {"language": "pl"},
		"acceptTerms": v.terms(), "signApplication": none, "setContact": v.contact(), "signConfirmation": none,
	}
}

func (v *visit) bodyOf(op string) any {
	if b, ok := v.bodies()[op]; ok {
		return b
	}
	return nil
}

// outOfTurn calls every operation that the present state does not allow.
func (v *visit) outOfTurn() error {
	state := v.now.State
	for _, id := range operationIDs {
		if slices.Contains(operations[id].rule.states, state) {
			continue
		}
		e, err := v.browser.twin().do(v.ctx, id, v.bodyOf(id))
		if err == nil {
			err = e.refused(http.StatusConflict, "wrong_state")
		}
		if err == nil && e.problem().State != state {
			err = wanted(fmt.Sprintf("the present state %q in the problem's state", state), "%.40q", e.problem().State)
		}
		v.assert("state."+id, err)
	}
	v.assert("state.no_effect", v.see(state))
	return nil
}

// readPortal reads what the page needs, once a run.
func (v *visit) readPortal() error {
	if v.portal.Origin != "" {
		return nil
	}
	e, err := v.client.browser().do(v.ctx, "getPortal", nil)
	if err != nil {
		return err
	}
	v.runner.portal = decode[portal](e)
	return nil
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
