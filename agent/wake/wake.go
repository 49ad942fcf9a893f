// Package wake says when the computer slept or woke up, and when its person left the desktop or came back to it.
// Card software takes all of that badly: readers lose power, and a remote desktop comes back with
// other ones. The session then starts its module workers anew.
//
// It listens and polls nothing. It believes the system's login manager alone: on Linux logind, by its name on the
// system bus, which only that may own. Where there is no login manager there are no events.
package wake

import (
	"context"

	"go.uber.org/zap"
)

// Watch calls changed at every such event, until ctx ends. It always gives nil: a session serves without it.
func Watch(ctx context.Context, log *zap.Logger, changed func()) error {
	watch(ctx, log, changed)
	return nil
}
