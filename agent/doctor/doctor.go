// Package doctor says what a signature needs and lacks: each check with its state, the cause and
// the cure in a person's language. The session answers agent.diagnose with it, and the command
// "doctor" prints it.
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

// Checks makes all checks, in the order in which a person would mend them. After one that failed,
// those that depend on it are unknown.
func (p Probe) Checks(ctx context.Context, lang window.Language) []bridge.Check {
	checks := []bridge.Check{{ID: bridge.CheckAgent, State: bridge.CheckOK}}
	if p.Policy != nil && p.Policy() != nil {
		// The one before is in force, so this alone keeps nobody from signing.
		bad := result(lang, CheckPolicy, bridge.CodePolicyInvalid)
		bad.State = bridge.CheckWarning
		checks = append(checks, bad)
	}
	if p.Service != nil {
		checks = append(checks, result(lang, bridge.CheckService, codeIf(!p.Service(), bridge.CodeServiceStopped)))
	}
	checks = append(checks, result(lang, bridge.CheckWindow, codeIf(p.Window() != nil, bridge.CodeWindowUnavailable)))
	if p.Service != nil && checks[len(checks)-2].State == bridge.CheckFailed {
		return append(checks, unknown(bridge.CheckModules, bridge.CheckReader, bridge.CheckCard, bridge.CheckCertificate)...)
	}
	return append(checks, p.cards(ctx, lang)...)
}

// cards checks from the module down to the certificate.
func (p Probe) cards(ctx context.Context, lang window.Language) []bridge.Check {
	status, err := p.Status(ctx)
	if err != nil {
		return append([]bridge.Check{result(lang, bridge.CheckModules, bridge.CodeModuleFailed)},
			unknown(bridge.CheckReader, bridge.CheckCard, bridge.CheckCertificate)...)
	}
	working := slices.ContainsFunc(status.Modules, func(m bridge.Module) bool { return m.Code == "" })
	inserted := slices.ContainsFunc(status.Readers, func(r card.Reader) bool { return r.Card })
	var certificate bridge.Code
	if inserted {
		list, err := p.List(ctx, bridge.Filter{NonRepudiation: true, Valid: true})
		certificate = codeIf(err != nil || len(list.Certificates) == 0, bridge.CodeNoCertificate)
	}
	steps := []struct {
		id   string
		code bridge.Code
	}{
		{bridge.CheckModules, moduleCode(status.Modules, working)},
		{bridge.CheckReader, codeIf(len(status.Readers) == 0, bridge.CodeNoReader)},
		{bridge.CheckCard, codeIf(!inserted, bridge.CodeNoCard)},
		{bridge.CheckCertificate, certificate},
	}
	var checks []bridge.Check
	for i, s := range steps {
		checks = append(checks, result(lang, s.id, s.code))
		if s.code == "" {
			continue
		}
		for _, rest := range steps[i+1:] {
			checks = append(checks, unknown(rest.id)...)
		}
		break
	}
	// One module of several that fails is worth a word, and no reason to stop.
	if checks[0].State == bridge.CheckOK && slices.ContainsFunc(status.Modules, func(m bridge.Module) bool { return m.Code == bridge.CodeModuleFailed }) {
		checks[0] = result(lang, bridge.CheckModules, bridge.CodeModuleFailed)
		checks[0].State = bridge.CheckWarning
	}
	return checks
}

func moduleCode(modules []bridge.Module, working bool) bridge.Code {
	switch {
	case len(modules) == 0:
		return bridge.CodeNoModule
	case !working:
		return bridge.CodeModuleFailed
	}
	return ""
}

func result(lang window.Language, id string, code bridge.Code) bridge.Check {
	if code == "" {
		return bridge.Check{ID: id, State: bridge.CheckOK}
	}
	w := words[lang][code]
	return bridge.Check{ID: id, State: bridge.CheckFailed, Code: code, Cause: w.cause, Cure: w.cure}
}

func unknown(ids ...string) []bridge.Check {
	var checks []bridge.Check
	for _, id := range ids {
		checks = append(checks, bridge.Check{ID: id, State: bridge.CheckUnknown})
	}
	return checks
}

func codeIf(bad bool, code bridge.Code) bridge.Code {
	if bad {
		return code
	}
	return ""
}
