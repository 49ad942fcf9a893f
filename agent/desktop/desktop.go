// Package desktop tells when the computer or its user's login has changed in a way that card readers do not
// survive: after sleep, and when the screen is locked or unlocked or a remote desktop is connected or leaves,
// which brings other readers. It only tells; what to do is for the session.
package desktop

import "context"

// Watch calls changed after each such event until ctx ends; cancellation is not an error. It does nothing on
// systems where it cannot be told of any.
func Watch(ctx context.Context, changed func()) error { return watch(ctx, changed) }
