package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// The ids of the checks that only the command makes.
const (
	CheckPolicy  = "policy"
	CheckSession = "session"
	CheckAudit   = "audit"
)

// Cards is what the checks need of [card.Store].
type Cards interface {
	List(context.Context, bridge.Filter) (bridge.ListResult, error)
	Status(context.Context) (card.Status, error)
	Close() error
}

// Options of the checks from outside the session.
type Options struct {
	Language window.Language
	// Version of this program.
	Version string
	// Open makes the cards.
	Open    func(*policy.Policy) Cards
	Machine Machine
	// AuditLog is the path of the log that records this user's signatures.
	AuditLog func(*policy.Policy) (string, error)
}

// ThisMachine is the one that the program runs on.
func ThisMachine() Machine {
	m := Machine{Root: rootDir}
	m.Home, _ = os.UserHomeDir() // without one there are no browsers of the user's
	m.Self, _ = os.Executable()  // without one no manifest is right
	return m
}

// LookAt makes all checks from outside the session, for the command "doctor": those of the session, and
// before them the policy, the browsers, and whether a session and the service answer.
func LookAt(ctx context.Context, o Options) []Finding {
	lang := o.Language
	p, err := policy.Load()
	if err != nil {
		f := result(lang, CheckPolicy, bridge.CodePolicyInvalid)
		d := detail(lang, policy.MachinePath(), bridge.CheckFailed, bridge.CodePolicyInvalid, "")
		d.Facts = []string{err.Error()}
		f.Details = []Detail{d}
		return append([]Finding{f}, unknown(append([]string{bridge.CheckBrowser, CheckSession, bridge.CheckService, bridge.CheckWindow}, cardChecks...)...)...)
	}
	cards := o.Open(p)
	defer cards.Close()
	probe := Probe{
		Window: window.New(window.Options{Pinentry: p.Pinentry, Viewer: p.Viewer}).Available,
		Status: cards.Status,
		List:   cards.List,
	}
	findings := []Finding{
		policyFinding(lang, p),
		o.Machine.Browsers(lang, p.Extensions),
		session(ctx, o, p),
	}
	var service Finding
	if p.Service {
		service = o.service(ctx, p)
		probe.Service = func() bool { return service.State != bridge.CheckFailed }
	}
	findings = append(findings, probe.Findings(ctx, lang)...)
	for i, f := range findings {
		if f.ID == bridge.CheckService {
			findings[i] = service
		}
	}
	return append(findings, o.audit(p)...)
}

// audit looks whether the log can be gone on with: there is no signature without a record. It finds nothing where the log is
// the administrator's and somebody else asks.
func (o Options) audit(p *policy.Policy) []Finding {
	path, err := o.AuditLog(p)
	if err != nil {
		return unknown(CheckAudit)
	}
	r, err := audit.Verify(path, "")
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil
	case err == nil && len(r.Problems) == 0, errors.Is(err, fs.ErrNotExist):
		return []Finding{result(o.Language, CheckAudit, "")}
	}
	f := result(o.Language, CheckAudit, bridge.CodeAuditFailed)
	if err == nil { // then it can be gone on with, or the service says that it cannot
		f.State = bridge.CheckWarning
	}
	d := detail(o.Language, path, f.State, f.Code, "")
	if err != nil {
		d.Facts = []string{err.Error()}
	}
	for _, problem := range r.Problems[:min(len(r.Problems), maxProblems)] {
		d.Facts = append(d.Facts, problem.String())
	}
	f.Details = []Detail{d}
	return []Finding{f}
}

// maxProblems of a log are shown; odnowa-agent audit verify shows all.
const maxProblems = 3

func policyFinding(lang window.Language, p *policy.Policy) Finding {
	f := result(lang, CheckPolicy, codeIf(len(p.Origins) == 0, bridge.CodeOriginNotAllowed))
	source := p.Source()
	if source == "" {
		source = policy.MachinePath() + " (" + terms[lang].noFile + ")"
	}
	d := detail(lang, source, f.State, f.Code, "")
	for _, o := range p.Origins {
		d.Facts = append(d.Facts, o.Origin)
	}
	f.Details = []Detail{d}
	return f
}

// session says hello to the session as a native host would. A session is started by the browser when
// there is none, so that alone is no failure.
func session(ctx context.Context, o Options, p *policy.Policy) Finding {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	path, err := local.SessionPath()
	if err != nil {
		return result(o.Language, CheckSession, bridge.CodeNoSession)
	}
	conn, err := local.DialPrivate(ctx, path)
	if err != nil {
		f := result(o.Language, CheckSession, bridge.CodeNoSession)
		f.State = bridge.CheckWarning
		return f
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	f := result(o.Language, CheckSession, "")
	hello, err := greet(frame.NewChannel(conn, bridge.MaxMessage), p)
	switch {
	case err != nil:
		f = result(o.Language, CheckSession, bridge.CodeNoSession)
		f.Details = []Detail{detail(o.Language, path, bridge.CheckFailed, bridge.CodeNoSession, sessionSilent)}
	case hello != "" && hello != o.Version:
		f.State = bridge.CheckWarning
		f.Details = []Detail{o.version(hello, sessionVersion)}
		f.Cause, f.Cure = f.Details[0].Cause, f.Details[0].Cure
	}
	return f
}

// version is a detail about a process of another version.
func (o Options) version(other string, why reason) Detail {
	d := detail(o.Language, terms[o.Language].version+" "+other, bridge.CheckWarning, "", why)
	d.Facts = []string{o.Version}
	return d
}

// greet gives the session's version, or nothing where the policy lets nobody ask for it.
func greet(ch *frame.Channel, p *policy.Policy) (string, error) {
	preface := frame.Preface{Role: frame.RoleHost, Browser: frame.Chromium}
	switch {
	case len(p.Origins) == 0:
		return "", nil
	case len(p.Extensions.Chromium) > 0:
		preface.Extension = p.Extensions.Chromium[0]
	case len(p.Extensions.Firefox) > 0:
		preface.Browser, preface.Extension = frame.Firefox, p.Extensions.Firefox[0]
	default:
		return "", nil
	}
	request := struct {
		Version string             `json:"jsonrpc"`
		ID      string             `json:"id"`
		Method  string             `json:"method"`
		Params  bridge.HelloParams `json:"params"`
	}{"2.0", "doctor", bridge.MethodHello, bridge.HelloParams{
		Caller: bridge.Caller{Origin: p.Origins[0].Origin}, Client: bridge.Client{Name: "doctor"}, Versions: []int{bridge.Version},
	}}
	var answer struct {
		Version string              `json:"jsonrpc"`
		ID      string              `json:"id"`
		Result  *bridge.HelloResult `json:"result"`
		Error   any                 `json:"error"`
	}
	if err := errors.Join(ch.SendJSON(preface), ch.SendJSON(request)); err != nil {
		return "", err
	}
	if err := ch.RecvJSON(&answer); err != nil {
		return "", err
	}
	if answer.Result == nil { // it may have another policy, as one that was started before a change
		return "", nil
	}
	return answer.Result.Agent.Version, nil
}

// service asks the service for its version.
func (o Options) service(ctx context.Context, p *policy.Policy) Finding {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	conn, err := local.DialShared(ctx, p.ServiceSocket)
	if err != nil {
		f := result(o.Language, bridge.CheckService, bridge.CodeServiceStopped)
		d := detail(o.Language, p.ServiceSocket, bridge.CheckFailed, bridge.CodeServiceStopped, "")
		if o.Machine.noService() {
			d = detail(o.Language, p.ServiceSocket, bridge.CheckFailed, bridge.CodeServiceStopped, serviceMissing)
		}
		f.Details = []Detail{d}
		return f
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	ch := frame.NewChannel(conn, frame.MaxPreface)
	var welcome frame.Welcome
	f := result(o.Language, bridge.CheckService, "")
	if err := errors.Join(ch.SendJSON(frame.Preface{Role: frame.RoleLink}), ch.RecvJSON(&welcome)); err != nil {
		return result(o.Language, bridge.CheckService, bridge.CodeServiceStopped)
	}
	if welcome.Version != o.Version {
		f.State = bridge.CheckWarning
		f.Details = []Detail{o.version(welcome.Version, serviceVersion)}
		f.Cause, f.Cure = f.Details[0].Cause, f.Details[0].Cure
	}
	return f
}

// serviceUnits are where packages install the service (systemd, launchd).
var serviceUnits = []string{
	"/usr/lib/systemd/system/odnowa-agent.service", "/lib/systemd/system/odnowa-agent.service",
	"/etc/systemd/system/odnowa-agent.service", "/Library/LaunchDaemons/pl.odnowa.agent.plist",
}

// noService says whether no service is installed, where that can be seen.
func (m Machine) noService() bool { return rootDir == "/" && !m.any(serviceUnits) }
