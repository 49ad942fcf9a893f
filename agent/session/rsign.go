package session

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/rsign"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// moduleRSign names what failed in a list where a computer's key for rSign could not be read.
const moduleRSign = "rSign"

// portals gives the CSC API that a website may use: its own or none.
func (s *Session) portals(origin string) []string {
	if o := s.Policy.Origin(origin); o != nil && o.RSign != "" {
		return []string{o.RSign}
	}
	return nil
}

// List gives the certificates on cards and, behind them, those in the cloud that can be used through one of
// the portals.
func (s *Session) List(ctx context.Context, portals []string, filter bridge.Filter) (*bridge.ListResult, error) {
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
func (c *conn) activate(ctx context.Context, q request, p *bridge.ActivateParams) (*bridge.ActivateResult, error) {
	portals := c.portals(q.origin)
	if len(portals) == 0 {
		return nil, bridge.Errorf(bridge.CodeRSignUnavailable, errors.New("the policy names no rSign for this website"))
	}
	certificate, err := c.Activate(ctx, q.origin, rsign.Activation{
		Portal: portals[0], Offer: p.Offer,
		Progress: func(state bridge.ActivationState, code string) {
			c.notify(ctx, bridge.NotifyRSignProgress, bridge.ActivationProgress{RequestID: q.id, State: state, Code: code})
		},
	})
	if err != nil {
		return nil, err
	}
	c.Changed()
	return &bridge.ActivateResult{State: bridge.ActivationActive, Certificate: *certificate}, nil
}

// Activate has rSign activated on this computer and records it. origin is empty for a command.
func (s *Session) Activate(ctx context.Context, origin string, a rsign.Activation) (*bridge.Certificate, error) {
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
