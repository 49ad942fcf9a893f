package session_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/session"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	extensionID = "abcdefghijklmnopabcdefghijklmnop"
	website     = "https://ca.example"
)

var testCaller = access.Caller{Kind: access.NativeHost, Browser: frame.Chromium, Extension: extensionID}

// serve runs a session without cards and gives its socket.
func serve(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "se") // short: a socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p, err := policy.Parse(strings.NewReader(`{"extensions":{"chromium":["` + extensionID + `"]},"origins":[{"origin":"` + website + `"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	s := session.NewServer(session.ServerOptions{
		Policies: policy.Fixed(p), Log: zap.NewNop(), Now: time.Now,
		Open: func(p *policy.Policy) *session.Session {
			return session.New(session.Options{
				Policy: p, Cards: card.New(nil, card.Options{}), Log: zap.NewNop(), Now: time.Now, Version: "test",
				Window: window.New(window.Options{Timeout: 20 * time.Second, Log: zap.NewNop()}),
			})
		},
	})
	path := filepath.Join(dir, "run", "session.sock")
	l, err := local.ListenPrivate(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		if err := s.Run(ctx, l); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		group.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return path
}

func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := local.DialPrivate(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// host says who it is and hello; false where the session closed.
func host(t *testing.T, conn net.Conn) bool {
	t.Helper()
	for _, v := range []any{
		frame.Preface{Role: frame.RoleHost, Browser: frame.Chromium, Extension: extensionID},
		map[string]any{"jsonrpc": "2.0", "id": "1", "method": bridge.MethodHello, "params": bridge.HelloParams{Caller: bridge.Caller{Origin: website}, Versions: []int{1}}},
	} {
		body, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := frame.Write(conn, body); err != nil {
			return false
		}
	}
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer, err := frame.Read(conn, bridge.MaxMessage)
	return err == nil && strings.Contains(string(answer), `"result"`)
}

func closes(conn net.Conn, in time.Duration) bool {
	conn.SetReadDeadline(time.Now().Add(in))
	_, err := conn.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

func framed(text string) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, uint32(len(text))), text...)
}

// TestStrangers: what is no native host is put out, at once or after the time that a preface may take.
func TestStrangers(t *testing.T) {
	path := serve(t)
	for name, bytes := range map[string][]byte{
		"nothing": nil, "half a length": {1}, "length alone": {16, 0, 0, 0},
		"too long": binary.NativeEndian.AppendUint32(nil, frame.MaxPreface+1), "no JSON": framed("nope"), "a list": framed("[]"),
		"a link": framed(`{"role":"link"}`), "an idle connection": framed(`{"role":"idle"}`), "a WebSocket": framed(`{"role":"websocket"}`),
		"a pairing": framed(`{"role":"pair","code":"000000"}`), "a host with a code": framed(`{"role":"host","code":"000000"}`),
		"unknown member": framed(`{"role":"host","root":true}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, path)
			conn.Write(bytes)
			if !closes(conn, 10*time.Second) {
				t.Error("still connected")
			}
		})
	}
	t.Run("a request that is too long", func(t *testing.T) {
		t.Parallel()
		conn := dial(t, path)
		if !host(t, conn) {
			t.Fatal("no hello")
		}
		conn.Write(binary.NativeEndian.AppendUint32(nil, bridge.MaxRequest+1))
		if !closes(conn, 10*time.Second) {
			t.Error("still connected")
		}
	})
}

// TestManyHosts: there is an end to connections, those that are in stay in, and a place that is free is free.
func TestManyHosts(t *testing.T) {
	path := serve(t)
	var in []net.Conn
	for range 40 {
		if conn := dial(t, path); host(t, conn) {
			in = append(in, conn)
		}
	}
	if len(in) != 32 {
		t.Fatalf("%d connections, want 32", len(in))
	}
	in[0].Close()
	for end := time.Now().Add(10 * time.Second); !host(t, dial(t, path)); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no place is free again")
		}
	}
	if body := framed(`{"jsonrpc":"2.0","id":"2","method":"agent.hello","params":{}}`); closes(in[1], time.Millisecond) {
		t.Error("one that was in is out")
	} else if _, err := in[1].Write(body); err != nil {
		t.Error(err)
	}
}

// FuzzRequest sends what others wrote to a session: it answers with a result or a code of ours, once, or closes.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":"1","method":"agent.hello","params":{"origin":"https://ca.example","versions":[1]}}`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"signature.create","params":{"origin":"https://ca.example"}}`))
	f.Add([]byte(`[]`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":{},"method":"x"}`))
	f.Add([]byte(`{"jsonrpc":"2.0","method":"agent.hello"}`))
	p, err := policy.Parse(strings.NewReader(`{}`))
	if err != nil {
		f.Fatal(err)
	}
	s := session.NewServer(session.ServerOptions{
		Policies: policy.Fixed(p), Log: zap.NewNop(), Now: time.Now,
		Open: func(p *policy.Policy) *session.Session {
			return session.New(session.Options{
				Policy: p, Cards: card.New(nil, card.Options{}), Log: zap.NewNop(), Now: time.Now,
				Window: window.New(window.Options{Timeout: time.Second, Log: zap.NewNop()}),
			})
		},
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		here, there := net.Pipe()
		defer here.Close()
		var group sync.WaitGroup
		defer group.Wait()
		group.Go(func() {
			s.Serve(t.Context(), frame.NewChannel(there, bridge.MaxRequest), testCaller)
			there.Close()
		})
		defer here.Close()
		if err := frame.Write(here, body); err != nil {
			return
		}
		here.SetReadDeadline(time.Now().Add(10 * time.Second))
		answer, err := frame.Read(here, bridge.MaxMessage)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("no answer to %q", body)
		}
		var a struct {
			Error *struct {
				Code int              `json:"code"`
				Data bridge.ErrorData `json:"data"`
			} `json:"error"`
		}
		if err == nil && (json.Unmarshal(answer, &a) != nil || a.Error == nil || a.Error.Code != bridge.Info(a.Error.Data.Code).Number) {
			t.Errorf("%q is answered with %s", body, answer)
		}
	})
}
