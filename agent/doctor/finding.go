package doctor

import (
	"fmt"
	"io"
	"strings"

	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// Finding is a check with what was looked at for it: browsers, modules, readers, certificates.
type Finding struct {
	bridge.Check
	Details []Detail `json:"details,omitempty"`
}

// Detail is one thing that a check looked at.
type Detail struct {
	// Name of the browser, module, reader or certificate's holder.
	Name  string            `json:"name"`
	State bridge.CheckState `json:"state"`
	Code  bridge.Code       `json:"code,omitempty"`
	// Reason says more exactly than Code what is wrong.
	Reason string `json:"reason,omitempty"`
	Cause  string `json:"cause,omitempty"`
	Cure   string `json:"cure,omitempty"`
	// Facts are for whoever mends it: paths, versions, validity.
	Facts []string `json:"facts,omitempty"`
	// personal: Name and Facts tell of a person; public are the facts that do not, names what the
	// person is called.
	personal      bool
	public, names []string
}

// Names are those of the persons that the findings tell of.
func Names(findings []Finding) []string {
	var all []string
	for _, f := range findings {
		for _, d := range f.Details {
			all = append(all, d.names...)
		}
	}
	return all
}

// Anonymous gives the findings without anything that tells of a person: for support.
func Anonymous(findings []Finding, scrub func(string) string) []Finding {
	out := make([]Finding, len(findings))
	for i, f := range findings {
		out[i] = Finding{Check: f.Check}
		for _, d := range f.Details {
			d.Name = scrub(d.Name)
			facts := d.Facts
			d.Facts = nil
			if d.personal {
				d.Name = "-"
				facts = d.public
			}
			for _, fact := range facts {
				d.Facts = append(d.Facts, scrub(fact))
			}
			out[i].Details = append(out[i].Details, d)
		}
	}
	return out
}

// Checks are the findings as agent.diagnose tells them: without names.
func Checks(findings []Finding) []bridge.Check {
	checks := make([]bridge.Check, len(findings))
	for i, f := range findings {
		checks[i] = f.Check
	}
	return checks
}

// Failed says whether one of the findings keeps a signature from being made.
func Failed(findings []Finding) bool {
	for _, f := range findings {
		if f.State == bridge.CheckFailed {
			return true
		}
	}
	return false
}

// Print writes the findings for a person: a line each, below it what to do, and what was looked at.
func Print(w io.Writer, lang window.Language, findings []Finding) {
	t := terms[lang]
	for _, f := range findings {
		fmt.Fprintf(w, "%-8s %s", t.state(f.State), t.check(f.ID))
		if f.Code != "" {
			fmt.Fprintf(w, " (%s)", f.Code)
		}
		fmt.Fprintln(w)
		explain(w, "         ", f.Cause, f.Cure)
		for _, d := range f.Details {
			printDetail(w, t, f, d)
		}
	}
}

func printDetail(w io.Writer, t term, f Finding, d Detail) {
	says := t.state(d.State)
	switch {
	case f.State == bridge.CheckOK && d.State == bridge.CheckFailed:
		says, d.Cause = d.Cause, "" // there is one that is good, so this is nothing to mend
	case d.Reason != "":
		says += " (" + d.Reason + ")"
	case d.Code != "" && d.Code != f.Code:
		says += " (" + string(d.Code) + ")"
	}
	fmt.Fprintf(w, "         - %s: %s\n", window.Clean(d.Name), says)
	for _, fact := range d.Facts {
		fmt.Fprintln(w, "          ", window.Clean(fact))
	}
	if d.Cause != f.Cause {
		explain(w, "           ", d.Cause, d.Cure)
	}
}

// state is a state's word; what has none is called as in the protocol.
func (t term) state(s bridge.CheckState) string {
	if word, ok := t.states[s]; ok {
		return word
	}
	return strings.ToUpper(string(s))
}

func (t term) check(id string) string {
	if word, ok := t.checks[id]; ok {
		return word
	}
	return id
}

func explain(w io.Writer, margin, cause, cure string) {
	if cause != "" {
		fmt.Fprintf(w, "%s%s\n%s%s\n", margin, cause, margin, cure)
	}
}

// result is a check that passed where code is empty, else one that failed.
func result(lang window.Language, id string, code bridge.Code) Finding {
	if code == "" {
		return Finding{Check: bridge.Check{ID: id, State: bridge.CheckOK}}
	}
	w := words[lang][string(code)]
	return Finding{Check: bridge.Check{ID: id, State: bridge.CheckFailed, Code: code, Cause: w.cause, Cure: w.cure}}
}

// unknown are checks that an earlier failure keeps from being made.
func unknown(ids ...string) []Finding {
	var findings []Finding
	for _, id := range ids {
		findings = append(findings, Finding{Check: bridge.Check{ID: id, State: bridge.CheckUnknown}})
	}
	return findings
}

// detail is a part that is well where code is empty; why may be empty, too.
func detail(lang window.Language, name string, state bridge.CheckState, code bridge.Code, why reason) Detail {
	d := Detail{Name: name, State: state, Code: code, Reason: string(why)}
	w, ok := words[lang][string(why)]
	if !ok && code != "" {
		w = words[lang][string(code)]
	}
	d.Cause, d.Cure = w.cause, w.cure
	return d
}

func codeIf(bad bool, code bridge.Code) bridge.Code {
	if bad {
		return code
	}
	return ""
}
