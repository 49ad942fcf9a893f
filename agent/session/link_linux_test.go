package session

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
)

// TestLinkInOrder: a service that comes and goes at once is told to have come, then to have gone. The other way round,
// what a person is asked after it came again would be stopped.
func TestLinkInOrder(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "service", "link.sock")
	listener, err := local.ListenShared(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		served <- local.Serve(ctx, listener, func(_ context.Context, conn net.Conn) {
			defer conn.Close()
			ch := frame.NewChannel(conn, frame.MaxPreface)
			if err := ch.RecvJSON(new(frame.Preface)); err != nil {
				t.Errorf("preface: %v", err)
			}
			if err := ch.SendJSON(frame.Welcome{Version: "1"}); err != nil {
				t.Errorf("welcome: %v", err)
			}
		})
	}()

	told := make(chan bool, 4)
	link := NewLink(socket, zap.NewNop())
	link.Changed = func(up bool) {
		if up {
			time.Sleep(50 * time.Millisecond) // the service has gone meanwhile
		}
		select {
		case told <- up:
		default:
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- link.Run(ctx) }()

	var got []bool
	for range cap(told) {
		select {
		case up := <-told:
			got = append(got, up)
		case <-ctx.Done():
			t.Fatalf("told %v, and nothing more", got)
		}
	}
	if want := []bool{true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	cancel()
	for what, done := range map[string]chan error{"link": ended, "service": served} {
		if err := <-done; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
