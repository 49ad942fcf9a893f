package session

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/creachadair/jrpc2"
	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// maxRunning is how many requests of one connection run at a time: a signature that waits for its
// person, its cancellation, and some more.
const maxRunning = 8

// conn is one connection of a browser.
type conn struct {
	*Server
	caller access.Caller // without website and greeting
	server *jrpc2.Server

	mu       sync.Mutex // guards the fields that follow
	greeted  bool
	language window.Language
	running  map[string]running // by request id
	lifted   map[string]lifted  // documents by request id, see lift
}

// running is a request that has not been answered.
type running struct {
	what   access.Request
	cancel context.CancelCauseFunc
}

// Assign finds the handler of a method. It never gives nil, so that every refusal has a code of
// ours.
func (c *conn) Assign(_ context.Context, method string) jrpc2.Handler {
	switch method {
	case bridge.MethodHello:
		return handler(c, (*request).hello)
	case bridge.MethodDiagnose:
		return handler(c, (*request).diagnose)
	case bridge.MethodListCertificate:
		return handler(c, (*request).list)
	case bridge.MethodCreateSignature:
		return handler(c, (*request).sign)
	case bridge.MethodCancel:
		return handler(c, (*request).cancel)
	case bridge.MethodActivateRSign:
		return handler(c, (*request).activate)
	}
	return func(context.Context, *jrpc2.Request) (any, error) {
		return nil, wireError(&bridge.Error{Code: bridge.CodeUnknownMethod})
	}
}

// request is one call, after its params were read and its caller admitted. The policy is its Session's to
// the end.
type request struct {
	*Session
	conn     *conn
	id       string
	caller   access.Caller
	language window.Language
	lifted   lifted // the document's base64, see lift
}

var errNotParams = errors.New("params are not those of the method")

// handler reads the params strictly, admits the caller, and keeps the request's cancel function
// while it runs.
func handler[P, R any](c *conn, serve func(*request, context.Context, *P) (*R, error)) jrpc2.Handler {
	return func(ctx context.Context, r *jrpc2.Request) (any, error) {
		result, err := call(ctx, c, r, serve)
		if err != nil {
			return nil, wireError(c.explain(r.Method(), err))
		}
		return result, nil
	}
}

func call[P, R any](ctx context.Context, c *conn, r *jrpc2.Request, serve func(*request, context.Context, *P) (*R, error)) (*R, error) {
	var raw json.RawMessage
	if err := r.UnmarshalParams(&raw); err != nil {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, err)
	}
	params := new(P)
	lifted := c.takeLifted(requestID(r.ID()))
	if bridge.Decode(raw, params) != nil {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, errNotParams)
	}
	session, done := c.session()
	defer done()
	q, err := c.admit(session, r, callerOf(params))
	if err != nil {
		return nil, err
	}
	q.lifted = lifted
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if what := access.Request(r.Method()); what != access.Cancel {
		c.mu.Lock()
		c.running[q.id] = running{what, cancel}
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			delete(c.running, q.id)
			c.mu.Unlock()
		}()
	}
	result, err := serve(q, ctx, params)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return result, err
}

// callerOf gives the part that all params have.
func callerOf(params any) bridge.Caller {
	switch p := params.(type) {
	case *bridge.HelloParams:
		return p.Caller
	case *bridge.DiagnoseParams:
		return p.Caller
	case *bridge.ListParams:
		return p.Caller
	case *bridge.SignParams:
		return p.Caller
	case *bridge.CancelParams:
		return p.Caller
	case *bridge.ActivateParams:
		return p.Caller
	}
	return bridge.Caller{}
}

// admit has it decided whether the caller may use the method at all, and not too often.
func (c *conn) admit(s *Session, r *jrpc2.Request, who bridge.Caller) (*request, error) {
	c.mu.Lock()
	q := &request{Session: s, conn: c, id: requestID(r.ID()), caller: c.caller, language: c.language}
	q.caller.Website, q.caller.Greeted = who.Origin, c.greeted
	c.mu.Unlock()
	what := access.Request(r.Method())
	if err := s.rules().Decide(q.caller, what); err != nil {
		return nil, err
	}
	if !c.limits.Allow(who.Origin, what) {
		return nil, bridge.Errorf(bridge.CodeRateLimited, nil)
	}
	return q, nil
}

// portals gives the CSC API that the website may use: its own or none.
func (q *request) portals() []string { return q.rules().Portals(q.caller) }

func (q *request) hello(_ context.Context, p *bridge.HelloParams) (*bridge.HelloResult, error) {
	if !slices.Contains(p.Versions, bridge.Version) {
		return nil, bridge.Errorf(bridge.CodeVersionUnsupported, nil)
	}
	language, err := languageOf(p.Language)
	if err != nil {
		return nil, err
	}
	q.conn.mu.Lock()
	q.conn.greeted, q.conn.language = true, language
	q.conn.mu.Unlock()
	q.caller.Greeted = true
	features := []string{string(bridge.FormatPAdES), string(bridge.FormatCAdES)}
	if len(q.portals()) > 0 {
		features = append(features, bridge.FeatureRSign)
	}
	return &bridge.HelloResult{
		Agent:    bridge.Client{Name: "odnowa-agent", Version: q.Version},
		Version:  bridge.Version,
		Features: features,
		Limits:   bridge.Limits{DocumentBytes: MaxDocument, WindowMs: int(q.Window.MaxDuration().Milliseconds())},
	}, nil
}

// ready says whether the other end has said hello from a website that may call.
func (c *conn) ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.greeted
}

func languageOf(s string) (window.Language, error) {
	switch l := window.Language(s); l {
	case window.Polish, window.English:
		return l, nil
	case "":
		return window.Polish, nil
	}
	return "", bridge.Errorf(bridge.CodeInvalidRequest, errors.New("unknown language"))
}

func (q *request) list(ctx context.Context, p *bridge.ListParams) (*bridge.ListResult, error) {
	return q.listThrough(ctx, q.portals(), p.Filter)
}

func (q *request) cancel(_ context.Context, p *bridge.CancelParams) (*bridge.CancelResult, error) {
	q.conn.mu.Lock()
	r, ok := q.conn.running[p.RequestID]
	q.conn.mu.Unlock()
	if ok {
		r.cancel(bridge.Errorf(bridge.CodeRequestCancelled, nil))
	}
	return &bridge.CancelResult{Cancelled: ok}, nil
}

// stop ends what runs of these kinds.
func (c *conn) stop(cause error, kinds ...access.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.running {
		if slices.Contains(kinds, r.what) {
			r.cancel(cause)
		}
	}
}

// notify tells the other end; one that does not listen any more misses nothing.
func (c *conn) notify(ctx context.Context, method string, params any) {
	if err := c.server.Notify(ctx, method, params); err != nil {
		c.Log.Debug("notification not delivered", zap.Error(err))
	}
}

// requestID is a JSON-RPC id as text: that of a string without its quotes.
func requestID(raw string) string {
	var s string
	if json.Unmarshal([]byte(raw), &s) == nil {
		return s
	}
	return raw
}

// strictChannel answers what is not one request with our own error, where the JSON-RPC library
// would use one without a code, and hands on the rest.
type strictChannel struct {
	*frame.Channel
	conn *conn
}

func (s strictChannel) Recv() ([]byte, error) {
	for {
		msg, err := s.Channel.Recv()
		if err != nil {
			return nil, err
		}
		rest, document := lift(msg)
		reqs, err := jrpc2.ParseRequests(rest)
		if err == nil && len(reqs) == 1 && !reqs[0].Batch && reqs[0].Error == nil && reqs[0].ID != "" && reqs[0].Method != "" {
			if document != nil && reqs[0].Method == bridge.MethodCreateSignature && s.conn.keepLifted(requestID(reqs[0].ID), lifted{msg, document}) {
				return rest, nil
			}
			return msg, nil
		}
		if err := s.refuse(reqs); err != nil {
			return nil, err
		}
	}
}

func (s strictChannel) refuse(reqs []*jrpc2.ParsedRequest) error {
	id := json.RawMessage("null")
	if len(reqs) == 1 && !reqs[0].Batch && reqs[0].ID != "" {
		id = json.RawMessage(reqs[0].ID)
	}
	return s.SendJSON(struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *jrpc2.Error    `json:"error"`
	}{"2.0", id, wireError(&bridge.Error{Code: bridge.CodeInvalidRequest})})
}
