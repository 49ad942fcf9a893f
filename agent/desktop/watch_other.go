//go:build !windows

package desktop

import "context"

func watch(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}
