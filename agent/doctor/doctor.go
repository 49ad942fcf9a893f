// Package doctor says what a signature needs and lacks: each check with its state, the cause and
// the cure in a person's language. The session answers agent.diagnose with it, without names; the command
// "doctor" prints it with what was looked at, and the command "support" packs that without what tells of a
// person.
//
// It only looks: it asks for no PIN, starts nothing and mends nothing. What it reads (browsers' files,
// certificates) is data from others, and is cleaned where it is printed.
package doctor

import (
	"context"
	"slices"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// Probe is what gets looked at.
type Probe struct {
	// Policy says why the policy's present content is not in force; nil where it was not asked.
	Policy func() error
	// Service says whether the agent's service runs; nil where none is installed.
	Service func() bool
	// Window says why no window can be opened.
	Window func() error
	// Status and List are those of the cards.
	Status func(context.Context) (card.Status, error)
	List   func(context.Context, bridge.Filter) (bridge.ListResult, error)
}

// cardChecks are those from PC/SC down to the certificate.
var cardChecks = []string{bridge.CheckPCSC, bridge.CheckModules, bridge.CheckReader, bridge.CheckCard, bridge.CheckCertificate}

// Findings makes all checks, in the order in which a person would mend them. After one that failed,
// those that depend on it are unknown.
func (p Probe) Findings(ctx context.Context, lang window.Language) []Finding {
	findings := []Finding{result(lang, bridge.CheckAgent, "")}
	if p.Policy != nil && p.Policy() != nil {
		// The one before is in force, so this alone keeps nobody from signing.
		bad := result(lang, CheckPolicy, bridge.CodePolicyInvalid)
		bad.State = bridge.CheckWarning
		bad.Details = []Detail{detail(lang, CheckPolicy, bridge.CheckWarning, bridge.CodePolicyInvalid, policyBefore)}
		bad.Cause, bad.Cure = bad.Details[0].Cause, bad.Details[0].Cure
		findings = append(findings, bad)
	}
	stopped := p.Service != nil && !p.Service()
	if p.Service != nil {
		findings = append(findings, result(lang, bridge.CheckService, codeIf(stopped, bridge.CodeServiceStopped)))
	}
	findings = append(findings, result(lang, bridge.CheckWindow, codeIf(p.Window() != nil, bridge.CodeWindowUnavailable)))
	if stopped {
		return append(findings, unknown(cardChecks[1:]...)...)
	}
	return append(findings, p.cards(ctx, lang)...)
}

// cards checks from PC/SC and the modules down to the certificate.
func (p Probe) cards(ctx context.Context, lang window.Language) []Finding {
	status, err := p.Status(ctx)
	if err != nil {
		return append([]Finding{result(lang, bridge.CheckModules, bridge.CodeModuleFailed)}, unknown(cardChecks[2:]...)...)
	}
	inserted := slices.ContainsFunc(status.Readers, func(r card.Reader) bool { return r.Card })
	var all bridge.ListResult
	if inserted {
		all, err = p.List(ctx, bridge.Filter{})
	}
	var steps []Finding
	if f := pcscFinding(lang, status); f != nil {
		steps = append(steps, *f)
	}
	steps = append(steps,
		modules(lang, status),
		readers(lang, status),
		result(lang, bridge.CheckCard, codeIf(!inserted, bridge.CodeNoCard)),
		certificates(lang, all, err))
	for i, f := range steps {
		if f.State != bridge.CheckFailed {
			continue
		}
		for j := i + 1; j < len(steps); j++ {
			if steps[j].ID != bridge.CheckModules { // which PC/SC has no say in
				steps[j] = unknown(steps[j].ID)[0]
			}
		}
		break
	}
	return steps
}

// pcscFinding tells of the system's service for cards, unless a module sees readers without it, as one that is
// all software does.
func pcscFinding(lang window.Language, status card.Status) *Finding {
	if len(status.Modules) == 0 || !status.PCSC.Running && len(status.Readers) > 0 {
		return nil
	}
	f := result(lang, bridge.CheckPCSC, codeIf(!status.PCSC.Running, bridge.CodePCSCStopped))
	if status.PCSC.Problem != "" {
		d := detail(lang, "PC/SC", bridge.CheckFailed, bridge.CodePCSCStopped, "")
		d.Facts = []string{status.PCSC.Problem}
		f.Details = []Detail{d}
	}
	return &f
}

// modules fails when none works; one of several that does not is worth a word, and no reason to stop.
func modules(lang window.Language, status card.Status) Finding {
	working := slices.ContainsFunc(status.Modules, func(m bridge.Module) bool { return m.Code == "" || m.Code == bridge.CodeModuleSlow })
	f := result(lang, bridge.CheckModules, codeIf(len(status.Modules) == 0, bridge.CodeNoModule))
	for _, m := range status.Modules {
		state := bridge.CheckOK
		if m.Code != "" {
			state = bridge.CheckWarning
			f.Check = result(lang, bridge.CheckModules, m.Code).Check
			if working {
				f.State = bridge.CheckWarning
			}
		}
		d := detail(lang, m.Name, state, m.Code, "")
		for _, fact := range []string{status.Paths[m.Name], status.Problems[m.Name]} {
			if fact != "" {
				d.Facts = append(d.Facts, fact)
			}
		}
		f.Details = append(f.Details, d)
	}
	return f
}

func readers(lang window.Language, status card.Status) Finding {
	f := result(lang, bridge.CheckReader, codeIf(len(status.Readers) == 0, bridge.CodeNoReader))
	for _, r := range status.Readers {
		d := detail(lang, r.Name, bridge.CheckOK, "", "")
		if !r.Card {
			d.Facts = []string{terms[lang].noCard}
		} else if !r.Known {
			d.Facts = []string{terms[lang].unknownCard}
		}
		f.Details = append(f.Details, d)
	}
	return f
}
