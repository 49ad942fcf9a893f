package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/service/servicetest"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// onDisplay is the same user's other desktop, with another person in front of it, if you like.
func (r *rig) onDisplay(display string) *rig {
	return &rig{card: r.card, sealKey: r.sealKey, dir: r.dir, policy: r.policy, env: append(r.env[:len(r.env):len(r.env)], "DISPLAY="+display)}
}

// TestTwoLogins is a user who is logged in twice: each desktop's browsers reach that desktop's session and window,
// and neither waits for the other; a paired browser goes to the later login while there is one; all are one
// user in the audit log.
func TestTwoLogins(t *testing.T) {
	person := windowtest.New(t)
	r := newRig(t, func(r *rig) { r.policy.Pinentry = person.Path; r.withService(t) })
	r.start(t, "service")
	local, remote := r.onDisplay(":0"), r.onDisplay("localhost:10.0")
	local.start(t, "session")
	far := remote.start(t, "session")
	for _, c := range []struct {
		rig  *rig
		path string
	}{{local, "session-0.sock"}, {remote, "session-localhost-10.sock"}} {
		if !strings.Contains(c.rig.logs(), c.path) {
			t.Errorf("not at %s: %s", c.path, c.rig.logs())
		}
	}
	here, there := local.browse(t, chromiumArgument), remote.browse(t, chromiumArgument)
	here.hello("en")
	there.hello("pl")

	sign := r.card.Certificate(cardtest.Sign)
	application, signed := r.application(t, sign)
	person.Plan(t, windowtest.Wait, windowtest.Cancel, windowtest.Answer(r.card.PIN))
	_, ch := here.send(bridge.MethodCreateSignature, application)
	person.WaitAsked(t, 1)
	if got := there.refused(bridge.MethodCreateSignature, application); got != bridge.CodeUserCancelled {
		t.Errorf("a window on the other desktop: got %s", got)
	}
	person.Go(t)
	verify(t, here.wait(ch), cades.PAdES, signed, sign)

	// A browser that is paired belongs to the user, not to a login.
	address := fmt.Sprintf("127.0.0.1:%d", r.policy.Port)
	const origin = "chrome-extension://" + testExtension
	person.Plan(t, windowtest.Yes)
	e := servicetest.Dial(t, address, origin, nil)
	p, _ := e.Pair("")
	e.Prove(p)
	e.Hello(testOrigin)
	if !remote.logged("pairing asked") || strings.Contains(local.logs(), "pairing asked") {
		t.Error("the later login was not asked")
	}
	far.Process.Signal(syscall.SIGTERM)
	far.Wait()
	for { // until the connection has gone with its session
		if _, _, err := e.WS.ReadMessage(); err != nil {
			break
		}
	}
	again := servicetest.Dial(t, address, origin, nil)
	again.Prove(p)
	again.Hello(testOrigin)
	person.Plan(t, windowtest.Yes, windowtest.Answer(r.card.PIN))
	_, ch = here.send(bridge.MethodCreateSignature, application)
	verify(t, here.wait(ch), cades.PAdES, signed, sign)
	r.outcomes(t) // all are the one user's
}
