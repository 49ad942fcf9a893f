package access

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	listedID = "abcdefghijklmnopabcdefghijklmnop"
	otherID  = "ponmlkjihgfedcbaponmlkjihgfedcba"
	sealed   = "https://sealed.example"   // documents with seals only
	free     = "https://document.example" // documents without seals, too, and the cloud
)

func testPolicy(t *testing.T, more string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse(strings.NewReader(fmt.Sprintf(`{"extensions":{"chromium":[%q],"firefox":["odnowa@odnowa.example"]},
		"origins":[{"origin":%q},{"origin":%q,"documents":"document","rsign":"https://document.example/csc/v2"}]%s}`, listedID, sealed, free, more)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The callers of the table. User 1000 owns the session that is asked for.
func program(user string) Caller {
	return Caller{Kind: Program, User: user, Owner: "1000", Browser: frame.Chromium, Extension: listedID}
}

func browser(kind Kind, website string) Caller {
	return Caller{Kind: kind, User: "1000", Owner: "1000", Browser: frame.Chromium, Extension: listedID, Website: website, Greeted: true}
}

func with(c Caller, change func(*Caller)) Caller {
	change(&c)
	return c
}

const (
	yes = bridge.Code("")
	bad = bridge.CodeInvalidRequest
	no  = bridge.CodeOriginNotAllowed
)

// answers are those to all requests in the order of Requests, and everything denied where nothing is said.
type answers map[Request]bridge.Code

// bridgeAnswers gives one answer to all that browsers ask for.
func bridgeAnswers(code bridge.Code) answers {
	a := answers{}
	for _, q := range browsers {
		a[q] = code
	}
	return a
}

func (a answers) but(more answers) answers {
	out := answers{}
	for q, code := range a {
		out[q] = code
	}
	for q, code := range more {
		out[q] = code
	}
	return out
}

// TestTable is who may what: each caller, and what all requests get. A request that is not named for a caller
// gets what the caller's kind never may.
func TestTable(t *testing.T) {
	full := bridgeAnswers(yes)
	sealedSite := full.but(answers{Activate: bridge.CodeRSignUnavailable, UseCloud: bridge.CodeRSignUnavailable, SignUnsealed: bridge.CodeSealMissing})
	stoppedSite := bridgeAnswers(bridge.CodeServiceStopped).but(answers{Hello: yes, Diagnose: yes, Cancel: yes})
	notGreeted := bridgeAnswers(bad).but(answers{Hello: yes, Cancel: yes})
	commandAnswers := answers{List: yes, SignUnsealed: yes, Activate: yes, UseCloud: yes}
	stopped := func() bool { return false }
	running := func() bool { return true }
	for _, c := range []struct {
		name    string
		caller  Caller
		service func() bool
		more    string // of the policy
		want    answers
	}{
		{name: "nobody", caller: Caller{}, want: answers{}},
		{name: "unknown kind", caller: Caller{Kind: "root", User: "0", Owner: "0"}, want: answers{}},

		{name: "program of the session's user", caller: program("1000"), want: answers{OpenSession: yes, OpenService: yes, OpenBrowser: yes}},
		{name: "program of the same user in another login session", caller: program("1000"), want: answers{OpenSession: yes, OpenService: yes, OpenBrowser: yes}},
		{name: "program of another user", caller: program("1001"), want: answers{OpenSession: bridge.CodeNoSession, OpenService: yes, OpenBrowser: yes}},
		{name: "root's program", caller: program("0"), want: answers{OpenSession: bridge.CodeNoSession, OpenService: yes, OpenBrowser: bridge.CodeNotPaired}},
		{name: "root's program in a sandbox", caller: program("0"), more: `,"allowRoot":true`, want: answers{OpenSession: bridge.CodeNoSession, OpenService: yes, OpenBrowser: yes}},
		{name: "root's own session", caller: with(program("0"), func(c *Caller) { c.Owner = "0" }), want: answers{OpenSession: yes, OpenService: yes, OpenBrowser: bridge.CodeNotPaired}},
		{name: "program of nobody the system names", caller: program(""), want: answers{OpenSession: bridge.CodeNoSession, OpenService: bridge.CodeNoSession, OpenBrowser: yes}},
		{name: "program with another extension's origin", caller: with(program("1000"), func(c *Caller) { c.Extension = otherID }),
			want: answers{OpenSession: yes, OpenService: yes, OpenBrowser: no}},
		{name: "Firefox, which has not said its extension", caller: with(program("1000"), func(c *Caller) { c.Browser, c.Extension = frame.Firefox, "" }),
			want: answers{OpenSession: yes, OpenService: yes, OpenBrowser: yes}},
		{name: "program of no browser", caller: with(program("1000"), func(c *Caller) { c.Browser = "" }), want: answers{OpenSession: yes, OpenService: yes, OpenBrowser: no}},

		{name: "native host, website with seals", caller: browser(NativeHost, sealed), want: sealedSite},
		{name: "native host, website without", caller: browser(NativeHost, free), want: full},
		{name: "native host, service runs", caller: browser(NativeHost, free), service: running, want: full},
		{name: "native host, service stopped", caller: browser(NativeHost, free), service: stopped, want: stoppedSite},
		{name: "native host before hello", caller: with(browser(NativeHost, free), func(c *Caller) { c.Greeted = false }), want: notGreeted},
		{name: "native host, website not listed", caller: browser(NativeHost, "https://evil.example"), want: bridgeAnswers(no)},
		{name: "native host, website's prefix", caller: browser(NativeHost, sealed+".evil.example"), want: bridgeAnswers(no)},
		{name: "native host, no website", caller: browser(NativeHost, ""), want: bridgeAnswers(no)},
		{name: "native host, extension not listed", caller: with(browser(NativeHost, free), func(c *Caller) { c.Extension = otherID }), want: bridgeAnswers(no)},
		{name: "native host, no extension", caller: with(browser(NativeHost, free), func(c *Caller) { c.Extension = "" }), want: bridgeAnswers(no)},
		{name: "native host, Chromium's id from Firefox", caller: with(browser(NativeHost, free), func(c *Caller) { c.Browser = frame.Firefox }), want: bridgeAnswers(no)},
		{name: "native host, Firefox", caller: with(browser(NativeHost, free), func(c *Caller) { c.Browser, c.Extension = frame.Firefox, "odnowa@odnowa.example" }), want: full},

		{name: "unpaired browser", caller: browser(Unpaired, ""), want: answers{Pair: yes, Prove: yes}},
		{name: "unpaired browser that names a website", caller: browser(Unpaired, free), want: answers{Pair: yes, Prove: yes}},
		{name: "unpaired browser, extension not listed", caller: with(browser(Unpaired, ""), func(c *Caller) { c.Extension = otherID }),
			want: answers{Pair: bridge.CodePairingRefused, Prove: yes}},

		{name: "paired browser, website with seals", caller: browser(Paired, sealed), want: sealedSite.but(answers{Relay: yes})},
		{name: "paired browser, website without", caller: browser(Paired, free), want: full.but(answers{Relay: yes})},
		{name: "paired browser, service stopped", caller: browser(Paired, free), service: stopped, want: stoppedSite.but(answers{Relay: yes})},
		{name: "paired browser of another user", caller: with(browser(Paired, free), func(c *Caller) { c.User = "1001" }), want: full.but(answers{Relay: bridge.CodeNotPaired})},
		{name: "root with a user's pairing", caller: with(browser(Paired, free), func(c *Caller) { c.User = "0" }), want: full.but(answers{Relay: bridge.CodeNotPaired})},
		{name: "paired browser whose owner is not told", caller: with(browser(Paired, free), func(c *Caller) { c.User = "" }), want: full.but(answers{Relay: yes})},
		{name: "paired browser, extension no longer listed", caller: with(browser(Paired, free), func(c *Caller) { c.Extension = otherID }), want: bridgeAnswers(no).but(answers{Relay: no})},

		{name: "session", caller: Caller{Kind: Session, User: "1000"}, want: answers{Link: yes, Offer: yes, Record: yes}},
		{name: "root's session", caller: Caller{Kind: Session, User: "0"}, want: answers{Link: yes, Offer: yes, Record: yes}},
		{name: "session of nobody", caller: Caller{Kind: Session}, want: answers{Link: bridge.CodeNoSession, Offer: bridge.CodeNoSession, Record: bridge.CodeNoSession}},

		{name: "service", caller: Caller{Kind: Service, User: "999", Owner: "999", Browser: frame.Chromium, Extension: listedID}, want: answers{Relay: yes, Confirm: yes}},
		{name: "service with an extension that is not listed", caller: Caller{Kind: Service, Browser: frame.Chromium, Extension: otherID}, want: answers{Relay: no, Confirm: yes}},

		{name: "command", caller: Caller{Kind: Command}, want: commandAnswers},
		{name: "command, service stopped", caller: Caller{Kind: Command}, service: stopped,
			want: answers{List: yes, UseCloud: yes, SignUnsealed: bridge.CodeServiceStopped, Activate: bridge.CodeServiceStopped}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := Rules{Policy: testPolicy(t, c.more), Running: c.service}
			for _, q := range Requests {
				want, named := c.want[q]
				if !named {
					want = denied(c.caller)
				}
				got := yes
				if err := rules.Decide(c.caller, q); err != nil {
					got = err.Code
				}
				if got != want {
					t.Errorf("%s: got %q, want %q", q, got, want)
				}
			}
			if rules.Decide(c.caller, "something new") == nil {
				t.Error("what is not known is allowed")
			}
		})
	}
}

// TestNothingListed: without a policy every website is refused, and so is every browser.
func TestNothingListed(t *testing.T) {
	p, err := policy.Parse(strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	rules := Rules{Policy: p}
	for _, c := range []Caller{program("1000"), browser(NativeHost, free), browser(Paired, free), browser(Unpaired, "")} {
		for _, q := range append([]Request{OpenBrowser, Pair, Relay}, browsers...) {
			if rules.Decide(c, q) == nil {
				t.Errorf("%s may %s", c.Kind, q)
			}
		}
	}
	firefox := with(program("1000"), func(c *Caller) { c.Browser, c.Extension = frame.Firefox, "" })
	if rules.Decide(firefox, OpenBrowser) == nil {
		t.Error("Firefox may knock where none of its extensions is listed")
	}
	if got := rules.Portals(Caller{Kind: Command}); got != nil {
		t.Errorf("portals %q", got)
	}
}

func TestPortals(t *testing.T) {
	rules := Rules{Policy: testPolicy(t, "")}
	want := []string{"https://document.example/csc/v2"}
	for _, c := range []struct {
		caller Caller
		want   []string
	}{{browser(NativeHost, free), want}, {browser(NativeHost, sealed), nil}, {Caller{Kind: Command}, want}, {program("1000"), nil}} {
		if got := rules.Portals(c.caller); !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q, want %q", c.caller, got, c.want)
		}
	}
}

// TestComplete: every request has its conditions written down, and everybody who may ask is in the table.
func TestComplete(t *testing.T) {
	for _, q := range Requests {
		if _, ok := conditions[q]; !ok {
			t.Errorf("%s has no conditions", q)
		}
		asked := false
		for _, requests := range may {
			asked = asked || slices.Contains(requests, q)
		}
		if !asked {
			t.Errorf("nobody may %s", q)
		}
	}
	if len(conditions) != len(Requests) {
		t.Error("conditions of what is no request")
	}
}
