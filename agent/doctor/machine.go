package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// The ids of the checks that only the command makes.
const (
	CheckPolicy  = "policy"
	CheckSession = "session"
)

// Cards is what the checks need of [card.Store].
type Cards interface {
	List(context.Context, bridge.Filter) (bridge.ListResult, error)
	Status(context.Context) (card.Status, error)
	Close() error
}

// Machine makes all checks from outside the session, for the command "doctor": those of the
// session, and before them the policy and whether a session and the service answer.
func Machine(ctx context.Context, lang window.Language, open func(*policy.Policy) Cards) []bridge.Check {
	p, err := policy.Load()
	if err != nil {
		c := result(lang, CheckPolicy, bridge.CodeInternal)
		c.Cause += " (" + err.Error() + ")"
		return append([]bridge.Check{c}, unknown(CheckSession, bridge.CheckService, bridge.CheckWindow,
			bridge.CheckModules, bridge.CheckReader, bridge.CheckCard, bridge.CheckCertificate)...)
	}
	cards := open(p)
	defer cards.Close()
	probe := Probe{
		Window: window.New(window.Options{Pinentry: p.Pinentry, Viewer: p.Viewer}).Available,
		Status: cards.Status,
		List:   cards.List,
	}
	if p.Service {
		probe.Service = func() bool { return answers(ctx, p.ServiceSocket, true) }
	}
	checks := []bridge.Check{
		result(lang, CheckPolicy, codeIf(len(p.Origins) == 0, bridge.CodeOriginNotAllowed)),
		result(lang, CheckSession, codeIf(!sessionAnswers(ctx), bridge.CodeNoSession)),
	}
	// A session is started by the browser when there is none, so this alone is no failure.
	if checks[1].State == bridge.CheckFailed {
		checks[1].State = bridge.CheckWarning
	}
	return append(checks, probe.Checks(ctx, lang)...)
}

func sessionAnswers(ctx context.Context) bool {
	path, err := local.SessionPath()
	return err == nil && answers(ctx, path, false)
}

func answers(ctx context.Context, path string, shared bool) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	dial := local.DialPrivate
	if shared {
		dial = local.DialShared
	}
	conn, err := dial(ctx, path)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// Print writes the checks for a person: a line each, and below it what to do.
func Print(w io.Writer, checks []bridge.Check) {
	for _, c := range checks {
		fmt.Fprintf(w, "%-8s %s", strings.ToUpper(string(c.State)), c.ID)
		if c.Code != "" {
			fmt.Fprintf(w, " (%s)", c.Code)
		}
		fmt.Fprintln(w)
		if c.Cause != "" {
			fmt.Fprintf(w, "         %s\n         %s\n", c.Cause, c.Cure)
		}
	}
}
