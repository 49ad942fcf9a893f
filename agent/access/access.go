// Package access decides who may ask the agent for what. A caller and what it asks go in, and out comes
// nothing, or the code of the refusal. Session and service decide by this package alone; access_test.go is
// the table of all callers and all requests.
//
// What is not allowed here is refused. The package believes what its callers have found out: the user of a
// peer from the kernel, a pairing from its proof, an extension from a native host of the same user, the
// website from a listed extension. It has no I/O and keeps nothing but the counters of limit.go.
//
// All programs of one user are one caller, in whichever of the user's login sessions they run: the system
// does not keep them apart either, and the window and the PIN are the defence against them.
package access

import (
	"slices"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// Kind is what somebody who calls has shown to be.
type Kind string

// The kinds.
const (
	// Program is any program that knocks at a socket or port. Nothing is known of it but its user.
	Program Kind = "program"
	// NativeHost speaks for a browser on the socket of its own user's session.
	NativeHost Kind = "native host"
	// Unpaired is a browser at the service's WebSocket that has proved nothing.
	Unpaired Kind = "unpaired browser"
	// Paired is one that has proved its pairing.
	Paired Kind = "paired browser"
	// Session is a process at the service's socket that says that it is one. Any program of a user may.
	Session Kind = "session"
	// Service is the other end of the connection that a session keeps to the service.
	Service Kind = "service"
	// Command is what the user typed in a terminal.
	Command Kind = "command"
)

// Root is the user who may do everything, and therefore needs nothing from the agent (Unix).
const Root = "0"

// Caller is who asks.
type Caller struct {
	Kind Kind
	// User at the other end, as in local.Peer; empty where the system does not tell.
	User string
	// Owner is the user whose session is asked for; that of this process on a session's socket.
	Owner string
	// Browser and Extension name the extension that speaks. Extension is empty while a browser of
	// Firefox's family has not said it.
	Browser   frame.Browser
	Extension string
	// Website for which the extension speaks; empty where none does.
	Website string
	// Greeted says that the connection has said hello.
	Greeted bool
}

// Request is what is asked for.
type Request string

// What a program may knock for, and what the agent's own processes ask of each other.
const (
	OpenSession Request = "open a session's socket"
	OpenService Request = "open the service's socket"
	OpenBrowser Request = "open the service's WebSocket"
	Pair        Request = "pair"
	Prove       Request = "prove a pairing"
	Link        Request = "link a session"
	Offer       Request = "offer a session's connection"
	Record      Request = "write an audit record"
	Relay       Request = "relay a paired browser"
	Confirm     Request = "ask the person to confirm a pairing"
)

// What the bridge protocol asks for, and the user's own commands.
const (
	Hello    Request = bridge.MethodHello
	Diagnose Request = bridge.MethodDiagnose
	List     Request = bridge.MethodListCertificate
	Sign     Request = bridge.MethodCreateSignature
	Cancel   Request = bridge.MethodCancel
	Activate Request = bridge.MethodActivateRSign
	// SignUnsealed is a signature over a document without a seal.
	SignUnsealed Request = "signature.create without a seal"
	// UseCloud is to see and use certificates in the cloud (rSign).
	UseCloud Request = "use rSign"
)

// Requests are all of them.
var Requests = []Request{OpenSession, OpenService, OpenBrowser, Pair, Prove, Link, Offer, Record, Relay, Confirm,
	Hello, Diagnose, List, Sign, Cancel, Activate, SignUnsealed, UseCloud}

// browsers is what a browser may ask a session for, whichever way it came.
var browsers = []Request{Hello, Diagnose, List, Sign, Cancel, Activate, SignUnsealed, UseCloud}

// may is what each kind may ask for at all.
var may = map[Kind][]Request{
	Program:    {OpenSession, OpenService, OpenBrowser},
	NativeHost: browsers,
	Unpaired:   {Pair, Prove},
	Paired:     append([]Request{Relay}, browsers...),
	Session:    {Link, Offer, Record},
	Service:    {Relay, Confirm},
	Command:    {List, SignUnsealed, Activate, UseCloud},
}

// Rules are what decides beside the caller.
type Rules struct {
	Policy *policy.Policy
	// Running says whether the agent's service runs; nil where none is installed.
	Running func() bool
}

// condition gives the code of what is not fulfilled, or nothing.
type condition func(Rules, Caller) bridge.Code

// conditions are those of each request, in the order in which they are told. Those without any have them
// on what came before on the same connection.
var conditions = map[Request][]condition{
	OpenSession:  {ownUser},
	OpenBrowser:  {knownExtension, noRoot},
	Pair:         {listedForPairing},
	Prove:        {},
	Relay:        {ownUserIfKnown, listedExtension},
	OpenService:  {knownUser},
	Link:         {knownUser},
	Offer:        {knownUser},
	Record:       {knownUser},
	Confirm:      {},
	Hello:        {listedExtension, listedWebsite},
	Cancel:       {listedExtension, listedWebsite},
	Diagnose:     {listedExtension, listedWebsite, greeted},
	List:         {listedExtension, listedWebsite, greeted, serviceRunsForWebsites},
	Sign:         {listedExtension, listedWebsite, greeted, serviceRuns},
	Activate:     {listedExtension, listedWebsite, greeted, serviceRuns, hasCloud},
	SignUnsealed: {listedExtension, listedWebsite, greeted, serviceRuns, mayUnsealed},
	UseCloud:     {listedExtension, listedWebsite, greeted, serviceRunsForWebsites, hasCloud},
}

// Decide gives nil when the caller may ask for it, else an error with the code of the refusal.
func (r Rules) Decide(c Caller, q Request) *bridge.Error {
	all, known := conditions[q]
	if !known || !slices.Contains(may[c.Kind], q) {
		return bridge.Errorf(denied(c), nil)
	}
	for _, holds := range all {
		if code := holds(r, c); code != "" {
			return bridge.Errorf(code, nil)
		}
	}
	return nil
}

// denied is what those are told who ask for what their kind never gets.
func denied(c Caller) bridge.Code {
	if c.Kind == Unpaired {
		return bridge.CodeNotPaired
	}
	return bridge.CodeInvalidRequest
}

// Portals are the CSC APIs through which the caller may use the cloud: the website's own, a command's all.
func (r Rules) Portals(c Caller) []string {
	if r.Decide(c, UseCloud) != nil {
		return nil
	}
	if c.Kind == Command {
		return r.Policy.RSignPortals()
	}
	return []string{r.Policy.Origin(c.Website).RSign}
}
