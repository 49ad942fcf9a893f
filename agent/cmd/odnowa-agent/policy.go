package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// policyReport is what odnowa-agent policy prints with --json. Code, Cause and Cure are there when the policy
// is bad, and Values then are not.
type policyReport struct {
	Values []policyValue `json:"values"`
	Code   bridge.Code   `json:"code,omitempty"`
	Cause  string        `json:"cause,omitempty"`
	Cure   string        `json:"cure,omitempty"`
}

// policyValue is a member of the policy and where its value comes from.
type policyValue struct {
	Name   string          `json:"name"`
	Value  json.RawMessage `json:"value"`
	Source policy.Source   `json:"source"`
}

// runPolicy prints the policy that is in force for what begins now, and where each value comes from.
func runPolicy(_ context.Context, args []string, s stdio) int {
	p, err := policy.Load()
	if err != nil {
		cause, _ := explain(bridge.CodePolicyInvalid)
		cure := say("Popraw ją tam, jako administrator. Do tego czasu to, co działa, działa według poprzedniej, a nic nowego się nie uruchomi.",
			"Mend it there, as the administrator. Until then what runs goes on under the policy before, and nothing starts.")
		if len(args) == 2 {
			printJSON(s.out, policyReport{Values: []policyValue{}, Code: bridge.CodePolicyInvalid, Cause: err.Error(), Cure: cure})
			return 1
		}
		return fail(s.err, fmt.Errorf("%s (%s)\n  %w", cause, bridge.CodePolicyInvalid, err), cure)
	}
	values, err := policyValues(p)
	if err != nil {
		return fail(s.err, err, say("Uruchom odnowa-agent doctor.", "Run odnowa-agent doctor."))
	}
	if len(args) == 2 {
		return printJSON(s.out, policyReport{Values: values})
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tFROM\tVALUE")
	for _, v := range values {
		text := plain(string(v.Value))
		if text == "null" {
			text = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.Name, plain(v.Source.String()), text)
	}
	if err := w.Flush(); err != nil {
		return 1
	}
	return 0
}

// policyValues lists all members in the policy's order.
func policyValues(p *policy.Policy) ([]policyValue, error) {
	var values []policyValue
	all := reflect.ValueOf(*p)
	for field, value := range all.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		data, err := json.Marshal(value.Interface())
		if err != nil {
			return nil, err
		}
		if value.Kind() == reflect.Slice && value.IsNil() {
			data = []byte("[]")
		}
		values = append(values, policyValue{name, data, p.From(name)})
	}
	return values, nil
}
