package audit

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// TestNoSubjects holds the record to its members: a name has no place in it.
func TestNoSubjects(t *testing.T) {
	var got []string
	for f := range reflect.TypeFor[Record]().Fields() {
		got = append(got, f.Name)
	}
	if want := []string{"Time", "User", "Action", "Origin", "Certificate", "Digest", "Outcome"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutcome(t *testing.T) {
	if got := Outcome(nil); got != Signed {
		t.Errorf("got %s", got)
	}
	if got := Outcome(bridge.Errorf(bridge.CodeBusy, nil)); got != "busy" {
		t.Errorf("got %s", got)
	}
}

// TestCheck: what a process of a user sends as a record cannot bring anything else into the log.
func TestCheck(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	good := Record{User: "1000", Origin: "https://ca.example", Certificate: hash, Digest: hash, Outcome: Signed}
	for name, c := range map[string]struct {
		change func(*Record)
		ok     bool
	}{
		"a signature":               {func(*Record) {}, true},
		"a refusal before the card": {func(r *Record) { r.Certificate, r.Digest, r.Outcome = "", "", "busy" }, true},
		"an activation":             {func(r *Record) { r.Action = ActionActivate }, true},
		"the log's own action":      {func(r *Record) { r.Action = ActionRecover }, false},
		"unknown action":            {func(r *Record) { r.Action = "x" }, false},
		"long origin":               {func(r *Record) { r.Origin = strings.Repeat("a", 301) }, false},
		"a name as digest":          {func(r *Record) { r.Digest = "Jan Testowy" }, false},
		"capitals":                  {func(r *Record) { r.Certificate = strings.ToUpper(hash) }, false},
		"no outcome":                {func(r *Record) { r.Outcome = "" }, false},
		"a sentence as outcome":     {func(r *Record) { r.Outcome = "signed by me" }, false},
	} {
		r := good
		c.change(&r)
		if err := r.Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
