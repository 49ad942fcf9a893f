package web

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/pades"
	"github.com/odnowa/odnowa/portal/renewal"
)

const basePath = "/api/v1"

// How long others may take to answer. The wizard waits 60 s for the portal.
const (
	callTimeout   = 20 * time.Second
	drawUpTimeout = 45 * time.Second
	finishTimeout = 30 * time.Second
)

// issuerAPI is what the portal asks of the issuer; *contract.Client is it. Refusals are *link.Problem.
type issuerAPI interface {
	Check(ctx context.Context, in contract.CheckRequest) (*contract.Check, error)
	DrawUp(ctx context.Context, in contract.ApplicationRequest) (*contract.Application, error)
	Void(ctx context.Context, number string) error
	Confirm(ctx context.Context, in contract.ConfirmationRequest) (*contract.Confirmation, error)
	Issue(ctx context.Context, in contract.CertificateRequest) (*contract.Certificate, error)
}

// auditLog takes ids and states only; *audit.Log is it.
type auditLog interface {
	Append(event string, fields ...audit.Field) error
}

// server answers requests; its fields don't change while it does.
type server struct {
	cfg     Config
	store   *renewal.Store
	issuer  issuerAPI
	sam     samAPI
	tsa     pades.TimeStamper
	audit   auditLog
	log     *zap.Logger
	issuers []*x509.Certificate
	proxies []netip.Prefix
	now     func() time.Time
	follow  *follower
	chores  *chores
}

var _ StrictServerInterface = (*server)(nil)

// wire connects what has been opened.
func (s *server) wire() *server {
	s.follow = &follower{store: s.store, sam: s.sam, log: s.log}
	s.chores = &chores{server: s, wake: make(chan struct{}, 1)}
	s.store.Observe(witness{s})
	return s
}

// handler is the whole website.
func (s *server) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	strict := NewStrictHandlerWithOptions(s, nil, StrictHTTPServerOptions{
		RequestErrorHandlerFunc: s.badRequest, ResponseErrorHandlerFunc: s.fail,
	})
	HandlerWithOptions(strict, StdHTTPServerOptions{
		BaseURL: basePath, BaseRouter: mux, ErrorHandlerFunc: s.badRequest,
		Middlewares: []MiddlewareFunc{s.strictBody, s.withCaller},
	})
	if err := s.addPages(mux); err != nil {
		return nil, err
	}
	site := http.NewServeMux()
	site.HandleFunc("GET /healthz", s.health) // of any host: a load balancer asks by address
	s.addRelay(site)
	site.Handle("/", s.guard(mux))
	return s.logged(site), nil
}

func (s *server) health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if err := s.store.Ping(r.Context()); err != nil {
		http.Error(w, "database does not answer", http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ok\n")) //nolint:errcheck // the client is gone
}

// witness writes each transition to the audit log before it is made, and has the chores done that
// follow from it. It is the store's observer.
type witness struct{ *server }

func (w witness) Record(action renewal.Action, r *renewal.Renewal) error {
	fields := []audit.Field{
		audit.ID("renewal", r.ID), audit.ID("state", string(r.State)),
		audit.ID("number", r.Application.Number), audit.ID("enrolment", r.Application.Enrolment),
	}
	for key, der := range map[string][]byte{"certificate": r.Certificate, "issued": r.NewCertificate} {
		if len(der) != 0 {
			fields = append(fields, audit.Hash(key, der))
		}
	}
	return w.audit.Append("renewal."+string(action), fields...)
}

func (w witness) Made(action renewal.Action) {
	switch action {
	case renewal.ActOpen, renewal.ActWithdraw, renewal.ActRefused, renewal.ActExpired:
		w.chores.soon() // something may have become void
	}
}

// mine is the caller's renewal.
func (s *server) mine(ctx context.Context) (*renewal.Renewal, string, error) {
	session := callerOf(ctx).session
	r, err := s.store.Get(ctx, session)
	return r, session, err
}
