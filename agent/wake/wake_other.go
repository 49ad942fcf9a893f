//go:build !linux

package wake

import (
	"context"

	"go.uber.org/zap"
)

// watch hears nothing yet: of Windows' WTS events and macOS' notifications.
func watch(ctx context.Context, _ *zap.Logger, _ func()) { <-ctx.Done() }
