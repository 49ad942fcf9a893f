// Package conformance tells a server, written in whatever language, what it does wrong. It plays the
// extension with a card: it opens renewals over HTTP, does every step in every order that matters,
// sends what a hostile page would send, and holds each answer against the contract
// (protocol/renewal/openapi.yaml), the seals (protocol/seal) and the signatures (protocol/cades).
// Agent and extension work with a server that passes.
//
// The server under test is believed nothing. The kit is for test systems only: it makes renewals
// with a test person's certificate, signs with a key that lies in a file, and uses up a code. It looks
// at nothing but HTTP, so it cannot tell how codes are stored, whether revocation is really asked for, or
// who may issue; SECURITY.md says what a portal owes beside this.
//
// A check is one rule with an id, the source of the rule and a cure. Checks come in two kinds: those of
// a scene (scenes.go), which do something and look at what came of it, and watches (watch.go), which look
// at every exchange of all scenes. [Checks] lists them; README.md has the list.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check is one rule.
type Check struct {
	ID     string `json:"id"`
	Rule   string `json:"rule"`   // what a server has to do
	Source string `json:"source"` // where that is said
	Cure   string `json:"cure"`   // what to look at when it fails

	// One of these, or neither: then others assert it in passing. An entry of a scene without an ID is no
	// check but does something that asserts such.
	run   func(*visit) error
	watch func(*visit, *exchange) error
	// step: what follows in the scene makes no sense without it.
	step bool
}

// Outcome of a check.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // not looked at: Reason says why
)

// Result is what came of a check.
type Result struct {
	Check
	Outcome  Outcome `json:"outcome"`
	Request  string  `json:"request,omitempty"`  // the first that failed
	Expected string  `json:"expected,omitempty"` // where it failed
	Got      string  `json:"got,omitempty"`      // where it failed
	Times    int     `json:"times"`              // how often it was looked at
	Reason   string  `json:"reason,omitempty"`   // why it was skipped
}

// finding is a rule that was broken. Neither text may hold a code, a cookie or a token.
type finding struct{ expected, got string }

func (f *finding) Error() string { return "expected " + f.expected + ", got " + f.got }

func wanted(expected, got string, args ...any) error {
	return &finding{expected, fmt.Sprintf(got, args...)}
}

// skip is a check that cannot be made, and why.
type skip string

func (s skip) Error() string { return string(s) }

// Report is the whole result.
type Report struct {
	Server  string   `json:"server"`
	Results []Result `json:"results"`
}

// Count tells how many checks came out so.
func (r *Report) Count(o Outcome) (n int) {
	for _, x := range r.Results {
		if x.Outcome == o {
			n++
		}
	}
	return n
}

// Checks lists all checks in the order of the report.
func Checks() []Check {
	all := slices.Clone(watches)
	all = append(all, probes()...)
	for _, s := range scenes {
		all = append(all, s.listed()...)
	}
	return all
}

// Scenes are the names of the scenes, in the order in which they are played.
func Scenes() (names []string) {
	for _, s := range scenes {
		names = append(names, s.name)
	}
	return names
}

// runner collects what the checks say.
type runner struct {
	config  *Config
	results map[string]*Result
	used    string // a code that was used up in this run
	portal  portal
}

// Run plays the scenes, all of them if none is named. The error is one of configuration; what the server
// does wrong is in the report.
func Run(ctx context.Context, c *Config, only ...string) (*Report, error) {
	for _, name := range only {
		if !slices.Contains(Scenes(), name) {
			return nil, fmt.Errorf("there is no scene %q; there are %s", name, strings.Join(Scenes(), ", "))
		}
	}
	r := &runner{config: c, results: map[string]*Result{}}
	for _, s := range scenes {
		if len(only) == 0 || slices.Contains(only, s.name) {
			r.play(ctx, s)
		}
	}
	out := &Report{Server: c.BaseURL}
	for _, check := range Checks() {
		res := r.results[check.ID]
		if res == nil && len(only) > 0 {
			continue
		}
		if res == nil {
			res = &Result{Outcome: Skipped, Reason: "nothing in this run led to it"}
		}
		res.Check = check
		out.Results = append(out.Results, *res)
	}
	return out, ctx.Err()
}

// play plays a scene: its checks in order, each with what the ones before have left.
func (r *runner) play(ctx context.Context, s scene) {
	v := &visit{runner: r, ctx: ctx, client: newClient(r.config)}
	v.client.seen = v.watchAll
	blocked := ""
	if s.prepare != nil {
		if err := s.prepare(v); err != nil {
			blocked = err.Error()
		}
	}
	for _, c := range s.checks {
		if blocked != "" {
			r.record(c.ID, "", skip(blocked))
			continue
		}
		err := c.run(v)
		r.record(c.ID, v.client.last(), err)
		var why skip
		if err != nil && c.step {
			blocked = "needs " + c.ID + ", which failed"
			if errors.As(err, &why) {
				blocked = string(why)
			}
		}
	}
}

// record adds to a check's result: it fails with the first failure, and is skipped only if every
// attempt was.
func (r *runner) record(id, request string, err error) {
	if id == "" {
		return
	}
	res := r.results[id]
	if res == nil {
		res = &Result{Outcome: Skipped}
		r.results[id] = res
	}
	var why skip
	if errors.As(err, &why) {
		if res.Times == 0 {
			res.Reason = string(why)
		}
		return
	}
	res.Times++
	res.Reason = ""
	if err == nil {
		if res.Outcome != Failed {
			res.Outcome = Passed
		}
		return
	}
	if res.Outcome == Failed {
		return
	}
	res.Outcome, res.Request, res.Got = Failed, request, err.Error()
	var f *finding
	if errors.As(err, &f) {
		res.Expected, res.Got = f.expected, f.got
	}
}
