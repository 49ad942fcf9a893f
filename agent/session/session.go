// Package session is the agent of one login: it serves the bridge protocol to browser extensions,
// has package access decide who may ask for what, asks the person in the trusted window, lets the card sign, or
// the cloud (rSign), and records it. The user's own commands go the same way without a browser (file.go).
//
// A [Session] is all that under one policy, and a request begins and ends with one. The [Server] has the
// connections (server.go), and takes a new Session when the policy has changed.
//
// It trusts the policy, the operating system's word on who is connected, and the person in front of
// the window. It does not trust websites, extensions that the policy does not list, seals that no
// pinned key made, nor the module worker, whose signatures it verifies. Only one caller's word is
// taken: a listed extension says which website asks.
package session

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/rsign"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// MaxDocument is the most bytes of a document; the envelope around it must fit bridge.MaxRequest.
const MaxDocument = 16 << 20

// Cards is what a session needs of [card.Store].
type Cards interface {
	List(context.Context, bridge.Filter) (bridge.ListResult, error)
	// Absent says why a certificate is not in the last list.
	Absent(ctx context.Context, id string) error
	Certificate(ctx context.Context, id string) *bridge.Certificate
	Status(context.Context) (card.Status, error)
	Sign(context.Context, card.SignRequest, card.PINFunc) ([]byte, error)
	Watch(ctx context.Context, changed func())
	// Restart lets everything go that is held of readers and cards.
	Restart()
	Close() error
}

// Options are the parts of a session.
type Options struct {
	Policy *policy.Policy
	Cards  Cards
	RSign  *rsign.Store
	Window *window.Window
	Audit  audit.Log
	// Service says whether the agent's service is there; nil where none is installed.
	Service func() bool
	Log     *zap.Logger
	// Language of windows that no website opened.
	Language window.Language
	// Version of the agent.
	Version string
	// Now is the clock.
	Now func() time.Time
}

// Session serves requests under one policy.
type Session struct{ Options }

// New makes a session.
func New(o Options) *Session { return &Session{o} }

// rules decide about callers.
func (s *Session) rules() access.Rules { return access.Rules{Policy: s.Policy, Running: s.Service} }

// command is the user's own command.
var command = access.Caller{Kind: access.Command}
