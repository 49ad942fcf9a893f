package sam

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/link"
)

// maxWait is the longest long poll.
const maxWait = 25 * time.Second

// newInternal is the API for the portal:
//
//	POST   /v1/enrolments                    {renewal} -> 201 {id, url}
//	PUT    /v1/enrolments/{id}/application   {number} -> 204
//	GET    /v1/enrolments/{id}?version=&waitMs= -> 200 Enrolment; answers when the version is above
//	                                         the given one, or when the wait (25 s at most) is over
//	PUT    /v1/enrolments/{id}/confirmation  {statement} -> 204: the card has signed for this phone;
//	                                         no later scan replaces it
//	POST   /v1/enrolments/{id}/certificate   {certificate, chain} -> 204
//	POST   /v1/enrolments/{id}/computer-offers -> 201 {offer}: for a computer of whoever has been issued
//	                                         this enrolment's certificate
//	DELETE /v1/enrolments/{id}               -> 204
//	POST   /v1/revocations                   {serial} -> 204: for the operator alone, see revoke
//
// and the signing API under /csc/v2/, as computers send it.
func newInternal(r *registry, c Config) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(signingPath+"/", newSigning(r, c))
	mux.HandleFunc("POST /v1/enrolments", handle(r, http.StatusCreated, func(req *http.Request, in struct {
		Renewal string `json:"renewal"`
	}) (any, error) {
		id, token, err := r.create(req.Context(), in.Renewal)
		// The token stands in the fragment, which no browser sends and no server logs.
		return map[string]string{"id": id, "url": r.appURL + "/#" + token}, err
	}))
	mux.HandleFunc("PUT /v1/enrolments/{id}/application", handle(r, http.StatusNoContent, func(req *http.Request, in struct {
		Number string `json:"number"`
	}) (any, error) {
		return nil, r.setNumber(req.Context(), req.PathValue("id"), in.Number)
	}))
	mux.HandleFunc("GET /v1/enrolments/{id}", r.serveWait)
	mux.HandleFunc("PUT /v1/enrolments/{id}/confirmation", handle(r, http.StatusNoContent, func(req *http.Request, in struct {
		Statement string `json:"statement"`
	}) (any, error) {
		return nil, r.confirm(req.Context(), req.PathValue("id"), in.Statement)
	}))
	mux.HandleFunc("POST /v1/enrolments/{id}/certificate", handle(r, http.StatusNoContent, func(req *http.Request, in struct {
		Certificate []byte   `json:"certificate"`
		Chain       [][]byte `json:"chain"`
	}) (any, error) {
		return nil, r.activate(req.Context(), req.PathValue("id"), in.Certificate, in.Chain)
	}))
	mux.HandleFunc("POST /v1/enrolments/{id}/computer-offers", func(w http.ResponseWriter, req *http.Request) {
		offer, err := r.offer(req.Context(), req.PathValue("id"))
		r.answer(w, http.StatusCreated, map[string]string{"offer": offer}, err)
	})
	mux.HandleFunc("DELETE /v1/enrolments/{id}", func(w http.ResponseWriter, req *http.Request) {
		r.answer(w, http.StatusNoContent, nil, r.void(req.Context(), req.PathValue("id")))
	})
	mux.HandleFunc("POST /v1/revocations", handle(r, http.StatusNoContent, func(req *http.Request, in struct {
		Serial string `json:"serial"`
	}) (any, error) {
		return nil, r.revoke(req.Context(), in.Serial)
	}))
	return mux
}

// Processes that may call the internal API.
const (
	peerPortal   = "portal"
	peerOperator = "operator" // a person of the CA, through the command line
)

// guardPeers leaves revocations to the operator, and everything else to the portal. The caller's certificate
// was verified when it connected.
func guardPeers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		peer := peerPortal
		if req.URL.Path == "/v1/revocations" {
			peer = peerOperator
		}
		if req.TLS == nil || len(req.TLS.PeerCertificates) == 0 || !slices.Contains(req.TLS.PeerCertificates[0].DNSNames, peer) {
			link.WriteProblem(w, http.StatusForbidden, "peer_not_allowed", "this call is for another process")
			return
		}
		next.ServeHTTP(w, req)
	})
}

func (r *registry) serveWait(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	version, errVersion := number(q.Get("version"))
	waitMs, errWait := number(q.Get("waitMs"))
	if errors.Join(errVersion, errWait) != nil {
		r.fail(w, refuse(CodeMalformed))
		return
	}
	e, err := r.wait(req.Context(), req.PathValue("id"), version, waitOf(waitMs))
	r.answer(w, http.StatusOK, e, err)
}

// number reads a count; absent is 0.
func number(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 62)
	return int64(n), err
}

func waitOf(ms int64) time.Duration {
	return time.Duration(max(0, min(ms, maxWait.Milliseconds()))) * time.Millisecond
}

// handle makes a handler of a function: the request's body is read strictly into In.
func handle[In any](r *registry, status int, do func(*http.Request, In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		var in In
		if link.ReadJSON(w, req, &in) {
			out, err := do(req, in)
			r.answer(w, status, out, err)
		}
	}
}

// answer gives what a call has led to; nil is no body.
func (r *registry) answer(w http.ResponseWriter, status int, out any, err error) {
	switch {
	case err != nil:
		r.fail(w, err)
	case out == nil:
		w.WriteHeader(status)
	default:
		link.WriteJSON(w, status, out)
	}
}

// fail is the one mapping from errors to answers. What is no refusal is logged and says nothing.
func (r *registry) fail(w http.ResponseWriter, err error) {
	var ref *refusal
	if !errors.As(err, &ref) {
		if !errors.Is(err, context.Canceled) {
			r.log.Error("call failed", zap.Error(err))
		}
		ref = &refusal{code: CodeInternal}
	}
	status := statuses[ref.code]
	(&link.Problem{Title: http.StatusText(status), Status: status, Code: string(ref.code), TriesLeft: ref.triesLeft}).Write(w)
}
