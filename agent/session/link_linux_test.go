package session

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
)

// TestLinkInOrder: of a service that comes and goes at once, Changed has heard that it came and then that it went before the
// service can come again. Heard later, that it went would stop what a person is asked by then.
func TestLinkInOrder(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "se") // short: a socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "run", "service.sock")
	listener, err := local.ListenShared(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- local.Serve(ctx, listener, func(_ context.Context, conn net.Conn) {
			defer conn.Close()
			ch := frame.NewChannel(conn, frame.MaxPreface)
			if err := ch.RecvJSON(new(frame.Preface)); err != nil {
				t.Errorf("preface: %v", err)
			}
			if err := ch.SendJSON(frame.Welcome{Version: "test"}); err != nil {
				t.Errorf("welcome: %v", err)
			}
		})
	}()

	var heard []bool
	link := NewLink(socket, zap.NewNop())
	link.Changed = func(up bool) { heard = append(heard, up) }
	for range 3 {
		heard = nil
		if err := link.connect(ctx); err != io.EOF {
			t.Fatalf("got %v, want EOF", err)
		}
		if want := []bool{true, false}; !slices.Equal(heard, want) {
			t.Fatalf("heard %v, want %v", heard, want)
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
