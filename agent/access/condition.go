package access

import (
	"slices"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func codeUnless(holds bool, code bridge.Code) bridge.Code {
	if holds {
		return ""
	}
	return code
}

// ownUser: a session serves its own user alone, so root is refused too, and whoever the system cannot name.
func ownUser(_ Rules, c Caller) bridge.Code {
	return codeUnless(c.User != "" && c.User == c.Owner, bridge.CodeNoSession)
}

// ownUserIfKnown: a pairing is for one user's programs. Where the system does not tell whose a connection
// is, the pairing's proof stands alone.
func ownUserIfKnown(_ Rules, c Caller) bridge.Code {
	return codeUnless(c.User == "" || c.User == c.Owner, bridge.CodeNotPaired)
}

func knownUser(_ Rules, c Caller) bridge.Code {
	return codeUnless(c.User != "", bridge.CodeNoSession)
}

// noRoot: no browser of a person runs as root, but for sandboxes and containers.
func noRoot(r Rules, c Caller) bridge.Code {
	return codeUnless(c.User != Root || r.Policy.AllowRoot, bridge.CodeNotPaired)
}

// listedExtension: only its word for the website is taken.
func listedExtension(r Rules, c Caller) bridge.Code {
	if c.Kind == Command {
		return ""
	}
	return codeUnless(slices.Contains(extensions(r, c.Browser), c.Extension), bridge.CodeOriginNotAllowed)
}

// knownExtension is listedExtension where the browser may not have said which it is: with Firefox, whose
// origins name no extension.
func knownExtension(r Rules, c Caller) bridge.Code {
	if c.Browser == frame.Firefox && c.Extension == "" {
		return codeUnless(len(r.Policy.Extensions.Firefox) > 0, bridge.CodeOriginNotAllowed)
	}
	return listedExtension(r, c)
}

func listedForPairing(r Rules, c Caller) bridge.Code {
	return codeUnless(listedExtension(r, c) == "", bridge.CodePairingRefused)
}

func extensions(r Rules, b frame.Browser) []string {
	switch b {
	case frame.Chromium:
		return r.Policy.Extensions.Chromium
	case frame.Firefox:
		return r.Policy.Extensions.Firefox
	}
	return nil
}

func listedWebsite(r Rules, c Caller) bridge.Code {
	return codeUnless(c.Kind == Command || website(r, c) != nil, bridge.CodeOriginNotAllowed)
}

func website(r Rules, c Caller) *policy.Origin { return r.Policy.Origin(c.Website) }

func greeted(_ Rules, c Caller) bridge.Code {
	return codeUnless(c.Kind == Command || c.Greeted, bridge.CodeInvalidRequest)
}

// serviceRuns: a stopped service stops the agent. Diagnosis goes on, to say just that.
func serviceRuns(r Rules, _ Caller) bridge.Code {
	return codeUnless(r.Running == nil || r.Running(), bridge.CodeServiceStopped)
}

// serviceRunsForWebsites: the user's own eyes may look at the user's own cards.
func serviceRunsForWebsites(r Rules, c Caller) bridge.Code {
	if c.Kind == Command {
		return ""
	}
	return serviceRuns(r, c)
}

// mayUnsealed: the user's own file is the user's own decision.
func mayUnsealed(r Rules, c Caller) bridge.Code {
	return codeUnless(c.Kind == Command || website(r, c).Documents == policy.Document, bridge.CodeSealMissing)
}

func hasCloud(r Rules, c Caller) bridge.Code {
	if c.Kind == Command {
		return codeUnless(len(r.Policy.RSignPortals()) > 0, bridge.CodeRSignUnavailable)
	}
	return codeUnless(website(r, c).RSign != "", bridge.CodeRSignUnavailable)
}
