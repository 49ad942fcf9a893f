//go:build !linux && !windows

package window

import (
	"context"
	"fmt"
	"runtime"
)

// noPrompter stands where the agent has no window yet: it says so, and nothing gets signed.
type noPrompter struct{ o Options }

func newPrompter(o Options) prompter { return noPrompter{o} }

func (p noPrompter) available() error {
	return fmt.Errorf("%w: this version has no window for %s", ErrUnavailable, runtime.GOOS)
}

func (p noPrompter) start(context.Context) (dialog, error) {
	p.o.Log.Error("this version of the agent has no window on this system: nothing can be signed")
	return nil, p.available()
}
