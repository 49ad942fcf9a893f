package issuer

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/link"
)

// Processes that may call the internal API; which of them may do what stands in newInternal.
const (
	peerPortal   = "portal"
	peerOperator = "operator" // a person of the CA, through the command line
)

// newInternal serves the internal API. Each call names the one process that may make it.
func newInternal(s *Service) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /v1/checks", only(peerPortal, call(s, http.StatusOK, s.Check)))
	mux.Handle("POST /v1/applications", only(peerPortal, call(s, http.StatusCreated, s.DrawUp)))
	mux.Handle("DELETE /v1/applications/{number}", only(peerPortal, func(w http.ResponseWriter, r *http.Request) {
		if err := s.Void(r.Context(), r.PathValue("number")); err != nil {
			s.answer(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	mux.Handle("POST /v1/confirmations", only(peerPortal, call(s, http.StatusCreated, s.Confirm)))
	mux.Handle("POST /v1/certificates", only(peerPortal, call(s, http.StatusCreated, s.Issue)))
	mux.Handle("POST /v1/revocations", only(peerOperator, call(s, http.StatusOK, s.Revoke)))
	return mux
}

// only lets one process through; its certificate was verified when it connected.
func only(peer string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(r.TLS.PeerCertificates[0].DNSNames, peer) {
			link.WriteProblem(w, http.StatusForbidden, "peer_not_allowed", "this call is for another process")
			return
		}
		next(w, r)
	})
}

// call makes a handler of a function.
func call[In, Out any](s *Service, status int, f func(context.Context, In) (*Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if !link.ReadJSON(w, r, &in) {
			return
		}
		out, err := f(r.Context(), in)
		if err != nil {
			s.answer(w, r, err)
			return
		}
		link.WriteJSON(w, status, out)
	}
}

// answer logs and answers an error: a refusal with its code and cause, a fault with its error chain.
// Neither has personal data in it: causes name rules, not values.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, err error) {
	p := problem(err)
	if p.Status < 500 {
		s.log.Info("refused", zap.String("call", r.Pattern), zap.String("code", p.Code), zap.Error(err))
	} else if !errors.Is(err, context.Canceled) {
		s.log.Error("failed", zap.String("call", r.Pattern), zap.Error(err))
	}
	p.Write(w)
}
