package session

import (
	"context"

	"github.com/odnowa/odnowa/agent/doctor"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func (c *conn) diagnose(ctx context.Context, q request, _ *bridge.DiagnoseParams) (*bridge.DiagnoseResult, error) {
	p := doctor.Probe{
		Service: c.Service, Window: c.Window.Available, Status: c.Cards.Status, List: c.Cards.List,
		PCSC: func() doctor.PCSCState { return doctor.LookPCSC(ctx, doctor.ModuleEnv(c.Policy)) },
	}
	return &bridge.DiagnoseResult{Checks: doctor.Checks(p.Findings(ctx, q.language))}, nil
}
