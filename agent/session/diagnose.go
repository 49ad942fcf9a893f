package session

import (
	"context"

	"github.com/odnowa/odnowa/agent/doctor"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func (q *request) diagnose(ctx context.Context, _ *bridge.DiagnoseParams) (*bridge.DiagnoseResult, error) {
	p := doctor.Probe{
		Policy: q.conn.Policies.Problem, Service: q.Service, Window: q.Window.Available, Status: q.Cards.Status, List: q.Cards.List,
	}
	return &bridge.DiagnoseResult{Checks: doctor.Checks(p.Findings(ctx, q.language))}, nil
}
