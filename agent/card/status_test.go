package card_test

import (
	"context"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestStatus(t *testing.T) {
	full, empty := cardtest.New(t), cardtest.Empty(t)
	absent := card.Module{Name: "absent", Path: "/nonexistent/module.so"}
	tests := []struct {
		name    string
		modules []card.Module
		want    bridge.Code
	}{
		{"nothing missing", []card.Module{{Name: "SoftHSM", Path: full.Module, Env: full.Env}, absent}, ""},
		{"no card", []card.Module{{Name: "SoftHSM", Path: empty.Module, Env: empty.Env}}, bridge.CodeNoCard},
		{"no module", nil, bridge.CodeNoModule},
		{"module failed", []card.Module{absent}, bridge.CodeModuleFailed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := openModules(t, card.Options{}, test.modules...).Status(t.Context())
			if err != nil || got.Code != test.want {
				t.Fatalf("got %+v, %v; want code %q", got, err, test.want)
			}
			if test.want == "" && (got.Readers[0].Token != full.Label || got.Readers[0].Certificates != len(full.Certificates)) {
				t.Errorf("readers: got %+v", got.Readers)
			}
		})
	}
}

func TestWatch(t *testing.T) {
	full, here := cardtest.New(t), cardtest.Empty(t)
	store := openModules(t, card.Options{PollInterval: 5 * time.Millisecond},
		card.Module{Name: "SoftHSM", Path: here.Module, Env: here.Env})
	if _, err := store.Status(t.Context()); err != nil { // loads the module
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changes, ended := make(chan struct{}, 10), make(chan struct{})
	go func() {
		defer close(ended)
		store.Watch(ctx, func() { changes <- struct{}{} })
	}()
	await := func(what string) {
		t.Helper()
		select {
		case <-changes:
		case <-time.After(10 * time.Second):
			t.Fatalf("no change reported: %s", what)
		}
	}
	select {
	case <-changes:
		t.Error("a change was reported where nothing had changed")
	case <-time.After(100 * time.Millisecond):
	}
	here.Insert(t, full)
	await("card put in")
	here.Remove(t)
	await("card taken out")
	cancel()
	<-ended
}
