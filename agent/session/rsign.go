package session

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/rsign"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// moduleRSign names what failed in a list where a computer's key for rSign could not be read.
const moduleRSign = "rSign"

// List serves the user's own command: the certificates on cards and, behind them, those in the cloud.
func (s *Session) List(ctx context.Context, filter bridge.Filter) (*bridge.ListResult, error) {
	if err := s.rules().Decide(command, access.List); err != nil {
		return nil, err
	}
	return s.listThrough(ctx, s.rules().Portals(command), filter)
}

// listThrough gives the certificates on cards and those that can be used through one of the portals.
func (s *Session) listThrough(ctx context.Context, portals []string, filter bridge.Filter) (*bridge.ListResult, error) {
	r, err := s.Cards.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	if len(portals) == 0 {
		return &r, nil
	}
	found, refused, err := s.RSign.List(ctx, portals, filter)
	r.Certificates = append(r.Certificates, found...)
	r.Refused = append(r.Refused, refused...)
	if err != nil {
		s.Log.Error("a key for rSign cannot be read", zap.Error(err))
		r.Modules = append(r.Modules, bridge.Module{Name: moduleRSign, Code: bridge.CodeRSignUnavailable})
	}
	return &r, nil
}

// activate serves rsign.activate. No window opens, since nothing is signed and the person decides on the
// phone, with its PIN.
func (q *request) activate(ctx context.Context, p *bridge.ActivateParams) (*bridge.ActivateResult, error) {
	certificate, err := q.activateRecorded(ctx, q.caller.Website, rsign.Activation{
		Portal: q.portals()[0], Offer: p.Offer,
		Progress: func(state bridge.ActivationState, code string) {
			q.conn.notify(ctx, bridge.NotifyRSignProgress, bridge.ActivationProgress{RequestID: q.id, State: state, Code: code})
		},
	})
	if err != nil {
		return nil, err
	}
	q.conn.Changed()
	return &bridge.ActivateResult{State: bridge.ActivationActive, Certificate: *certificate}, nil
}

// Activate serves the user's own command.
func (s *Session) Activate(ctx context.Context, a rsign.Activation) (*bridge.Certificate, error) {
	if err := s.rules().Decide(command, access.Activate); err != nil {
		return nil, err
	}
	return s.activateRecorded(ctx, "", a)
}

// activateRecorded has rSign activated on this computer and records it. origin is empty for a command.
func (s *Session) activateRecorded(ctx context.Context, origin string, a rsign.Activation) (*bridge.Certificate, error) {
	record := audit.Record{Time: s.Now().UTC(), Action: audit.ActionActivate, Origin: origin, Outcome: audit.Activated}
	a.Thumbprint = func(t string) { record.Digest = t }
	certificate, err := s.RSign.Activate(ctx, a)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		record.Outcome = audit.Outcome(toBridge(err))
	} else {
		record.Certificate = certificate.ID
	}
	if werr := s.Audit.Write(record); werr != nil {
		s.Log.Error("activation not recorded", zap.Error(werr))
		return nil, errors.Join(err, toBridge(werr))
	}
	return certificate, err
}
