package main

import (
	"context"

	"github.com/odnowa/odnowa/agent/doctor"
	"github.com/odnowa/odnowa/agent/policy"
)

// runDoctor checks everything and says what to mend. It is run by the cards' owner, so it shows names.
func runDoctor(ctx context.Context, args []string, s stdio) int {
	findings := lookAtMachine(ctx)
	if len(args) == 2 {
		printJSON(s.out, struct {
			Checks []doctor.Finding `json:"checks"`
		}{findings})
	} else {
		doctor.Print(s.out, language(), findings)
	}
	if doctor.Failed(findings) {
		return 1
	}
	return 0
}

func lookAtMachine(ctx context.Context) []doctor.Finding {
	return doctor.LookAt(ctx, doctor.Options{
		Language: language(), Version: version, Machine: doctor.ThisMachine(),
		Open:     func(p *policy.Policy) doctor.Cards { return openCards(p, commandPatience) },
		AuditLog: auditPath,
	})
}
