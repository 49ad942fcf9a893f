//go:build !linux && !windows

package wake

import (
	"context"

	"go.uber.org/zap"
)

// watch hears nothing yet of macOS' notifications.
func watch(ctx context.Context, _ *zap.Logger, _ func()) { <-ctx.Done() }
