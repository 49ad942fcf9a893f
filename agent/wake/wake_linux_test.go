package wake

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/odnowa/odnowa/agent/wake/waketest"
)

// TestWatch is what counts as an event, and what does not, over a real bus.
func TestWatch(t *testing.T) {
	logind := waketest.New(t)
	t.Setenv(waketest.Variable, logind.Address)
	core, logs := observer.New(zap.InfoLevel)
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan struct{}, 100)
	var group sync.WaitGroup
	group.Go(func() { Watch(ctx, zap.New(core), func() { events <- struct{}{} }) })
	for end := time.Now().Add(10 * time.Second); logs.Len() == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no connection to the bus")
		}
	}
	for _, c := range []struct {
		name string
		do   func()
		want bool
	}{
		{"about to sleep", func() { logind.Sleep(true) }, true},
		{"woken up", func() { logind.Sleep(false) }, true},
		{"lock", logind.Lock, true},
		{"locked", func() { logind.Property("LockedHint", true) }, true},
		{"shown again", func() { logind.Property("Active", true) }, true},
		{"idle", func() { logind.Property("IdleHint", true) }, false},
		{"somebody else's word", logind.Impostor, false},
	} {
		c.do()
		timeout := time.Second
		if c.want {
			timeout = 10 * time.Second
		}
		select {
		case <-events:
			if !c.want {
				t.Errorf("%s: counts", c.name)
			}
		case <-time.After(timeout):
			if c.want {
				t.Errorf("%s: does not count", c.name)
			}
		}
	}
	cancel()
	group.Wait()
}

// TestNoBus: a computer without a system bus is served all the same.
func TestNoBus(t *testing.T) {
	t.Setenv(waketest.Variable, "unix:path=/nonexistent")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := Watch(ctx, zap.NewNop(), func() { t.Error("an event") }); err != nil {
		t.Error(err)
	}
}
