package service_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/pairing"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/service"
	"github.com/odnowa/odnowa/agent/service/servicetest"
	"github.com/odnowa/odnowa/agent/session"
	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	extensionID = "abcdefghijklmnopabcdefghijklmnop"
	chromium    = "chrome-extension://" + extensionID
	firefoxID   = "odnowa@odnowa.example"
	firefox     = "moz-extension://01234567-89ab-cdef-0123-456789abcdef"
	website     = "https://ca.example"
)

func TestMain(m *testing.M) {
	windowtest.Main()
	os.Exit(subprocesstest.Main(m))
}

// machine is a computer with the service and one session, and a person at its window.
type machine struct {
	policy  *policy.Policy
	person  *windowtest.Pinentry
	address string
	// endSession ends the session and waits for it.
	endSession func()
}

func newMachine(t *testing.T, change func(*policy.Policy)) *machine {
	t.Helper()
	t.Setenv("DISPLAY", ":99")
	dir, err := os.MkdirTemp("/tmp", "sv") // short: sockets lie below it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	m := &machine{person: windowtest.New(t)}
	port := servicetest.Port(t)
	m.address = fmt.Sprintf("127.0.0.1:%d", port)
	text := fmt.Sprintf(`{"port":%d,"service":true,"serviceSocket":%q,"stateDir":%q,"pinentry":%q,"allowRoot":true,
		"extensions":{"chromium":[%q],"firefox":[%q]},"origins":[{"origin":%q}]}`,
		port, filepath.Join(dir, "service", "agent.sock"), filepath.Join(dir, "state"), m.person.Path, extensionID, firefoxID, website)
	if m.policy, err = policy.Parse(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(m.policy)
	}
	m.run(t)
	return m
}

func (m *machine) run(t *testing.T) {
	t.Helper()
	records, err := audit.Open(filepath.Join(m.policy.StateDir, "audit.jsonl"), audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		o := service.Options{Policies: policy.Fixed(m.policy), Audit: records, Log: zap.NewNop(), Version: "test", Now: time.Now}
		if err := service.Run(ctx, o); err != nil {
			t.Error(err)
		}
	})
	sessionCtx, stopSession := context.WithCancel(ctx)
	var sessions sync.WaitGroup
	cards := card.New(nil, card.Options{})
	link := session.NewLink(m.policy.ServiceSocket, zap.NewNop())
	made := session.New(session.Options{
		Policy: m.policy, Cards: cards, Audit: link, Service: link.Up, Log: zap.NewNop(), Version: "test", Now: time.Now,
		Language: window.English, Window: window.New(window.Options{Pinentry: m.policy.Pinentry, Timeout: 20 * time.Second, Log: zap.NewNop()}),
	})
	s := session.NewServer(session.ServerOptions{
		Policies: policy.Fixed(m.policy), Open: func(*policy.Policy) *session.Session { return made }, Log: zap.NewNop(), Now: time.Now,
	})
	sessions.Go(func() { link.Run(sessionCtx) })
	sessions.Go(func() { s.ServeService(sessionCtx, m.policy.ServiceSocket) })
	m.endSession = func() { stopSession(); sessions.Wait() }
	t.Cleanup(func() {
		m.endSession()
		stop()
		group.Wait()
		cards.Close()
		records.Close()
	})
	// Ready when the port answers and the session is linked.
	eventually(t, "service and session", func() bool {
		conn, err := net.Dial("tcp", m.address)
		if err == nil {
			conn.Close()
		}
		return err == nil && link.Up()
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not in time", what)
}

func (m *machine) dial(t *testing.T, origin string) *servicetest.Extension {
	t.Helper()
	return servicetest.Dial(t, m.address, origin, nil)
}

// pair has the person say yes.
func (m *machine) pair(t *testing.T, e *servicetest.Extension, claim string) servicetest.Paired {
	t.Helper()
	m.person.Plan(t, windowtest.Yes)
	p, code := e.Pair(claim)
	if shown := m.person.Asked(t)[0].Texts["SETDESC"]; !strings.Contains(shown, code) {
		t.Errorf("window shows %q, the extension %s", shown, code)
	}
	return p
}

func TestPairAndProve(t *testing.T) {
	for _, browser := range []struct{ origin, claim string }{{chromium, ""}, {firefox, firefoxID}} {
		t.Run(browser.origin, func(t *testing.T) {
			m := newMachine(t, nil)
			first := m.dial(t, browser.origin)
			p := m.pair(t, first, browser.claim)
			first.Prove(p)
			first.Hello(website)
			second := m.dial(t, browser.origin) // beside the first
			second.Prove(p)
			second.Hello(website)
		})
	}
}

func TestSessionGone(t *testing.T) {
	m := newMachine(t, nil)
	e := m.dial(t, chromium)
	p := m.pair(t, e, "")
	e.Prove(p)
	m.endSession()
	if _, _, err := e.WS.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("got %v, want close 1001", err)
	}
	e = m.dial(t, chromium)
	w, _ := e.Proof(p)
	e.Send(w)
	e.Refused(bridge.CodeNoSession)
}

// TestDoor is the table of who is let in before the first message.
func TestDoor(t *testing.T) {
	m := newMachine(t, nil)
	noRoot := newMachine(t, func(p *policy.Policy) { p.AllowRoot = false })
	noFirefox := newMachine(t, func(p *policy.Policy) { p.Extensions.Firefox = nil })
	_, port, _ := net.SplitHostPort(m.address)
	root := http.StatusSwitchingProtocols
	if os.Getuid() == 0 {
		root = http.StatusForbidden
	}
	for _, c := range []struct {
		name    string
		machine *machine
		change  func(http.Header)
		host    string
		path    string
		want    int
	}{
		{name: "listed extension", want: http.StatusSwitchingProtocols},
		{name: "Firefox", change: set("Origin", firefox), want: http.StatusSwitchingProtocols},
		{name: "no Origin", change: func(h http.Header) { h.Del("Origin") }, want: http.StatusForbidden},
		{name: "two Origins", change: func(h http.Header) { h.Add("Origin", chromium) }, want: http.StatusForbidden},
		{name: "null Origin", change: set("Origin", "null"), want: http.StatusForbidden},
		{name: "listed website", change: set("Origin", website), want: http.StatusForbidden},
		{name: "loopback website", change: set("Origin", "http://"+m.address), want: http.StatusForbidden},
		{name: "other extension", change: set("Origin", "chrome-extension://"+strings.Repeat("a", 32)), want: http.StatusForbidden},
		{name: "prefix of an extension", change: set("Origin", chromium+".evil.example"), want: http.StatusForbidden},
		{name: "extension in capitals", change: set("Origin", strings.ToUpper(chromium)), want: http.StatusForbidden},
		{name: "Firefox without UUID", change: set("Origin", "moz-extension://evil"), want: http.StatusForbidden},
		{name: "Firefox not listed", machine: noFirefox, change: set("Origin", firefox), want: http.StatusForbidden},
		{name: "localhost as Host", host: "localhost:" + port, want: http.StatusMisdirectedRequest},
		{name: "rebound name as Host", host: "evil.example:" + port, want: http.StatusMisdirectedRequest},
		{name: "Host without port", host: "127.0.0.1", want: http.StatusMisdirectedRequest},
		{name: "other loopback address as Host", host: "127.0.0.2:" + port, want: http.StatusMisdirectedRequest},
		{name: "no subprotocol", change: func(h http.Header) { h.Del("Sec-WebSocket-Protocol") }, want: http.StatusBadRequest},
		{name: "other subprotocol", change: set("Sec-WebSocket-Protocol", "odnowa.v2"), want: http.StatusBadRequest},
		{name: "other path", path: "/", want: http.StatusNotFound},
		{name: "query", path: "/v1?x=1", want: http.StatusNotFound},
		{name: "no upgrade", change: func(h http.Header) { h.Del("Upgrade") }, want: http.StatusBadRequest},
		{name: "root's browser", machine: noRoot, want: root},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.machine == nil {
				c.machine = m
			}
			if c.path == "" {
				c.path = "/v1"
			}
			if got := knock(t, c.machine.address, c.path, c.host, c.change); got != c.want {
				t.Errorf("got status %d, want %d", got, c.want)
			}
		})
	}
}

func set(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }

// knock asks for a WebSocket and gives the status. Header names are written as they stand.
func knock(t *testing.T, address, path, host string, change func(http.Header)) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	for name, value := range map[string]string{
		"Origin": chromium, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "odnowa.v1",
	} {
		r.Header.Set(name, value)
	}
	if change != nil {
		change(r.Header)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	a, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	return a.StatusCode
}

// TestHandshakeRefused is what a listed extension's Origin alone does not get through with.
func TestHandshakeRefused(t *testing.T) {
	m := newMachine(t, nil)
	first := m.dial(t, chromium)
	p := m.pair(t, first, "")
	replayed, _ := first.Proof(p)
	first.Send(replayed)
	first.Receive()
	for _, c := range []struct {
		name   string
		origin string
		send   func(*servicetest.Extension)
		want   bridge.Code
	}{
		{"wrong secret", chromium, func(e *servicetest.Extension) { w, _ := e.Proof(servicetest.Paired{ID: p.ID}); e.Send(w) }, bridge.CodeNotPaired},
		{"unknown pairing", chromium, func(e *servicetest.Extension) {
			w, _ := e.Proof(servicetest.Paired{ID: "00", Secret: p.Secret})
			e.Send(w)
		}, bridge.CodeNotPaired},
		{"replayed proof", chromium, func(e *servicetest.Extension) { e.Send(replayed) }, bridge.CodeNotPaired},
		{"another extension's pairing", firefox, func(e *servicetest.Extension) { w, _ := e.Proof(p); e.Send(w) }, bridge.CodeNotPaired},
		{"the service's own nonce", chromium, func(e *servicetest.Extension) {
			w, c := e.Proof(p)
			c.ClientNonce = e.Nonce
			w.Nonce, w.Proof = e.Nonce, p.Secret.ServerProof(c)
			e.Send(w)
		}, bridge.CodeNotPaired},
		{"short nonce", chromium, func(e *servicetest.Extension) { w, _ := e.Proof(p); w.Nonce = w.Nonce[:31]; e.Send(w) }, bridge.CodeInvalidRequest},
		{"no proof at all", chromium, func(e *servicetest.Extension) {
			e.Send(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "agent.hello"})
		}, bridge.CodeInvalidRequest},
		{"unknown member", chromium, func(e *servicetest.Extension) { e.Send(map[string]any{"type": "prove", "root": true}) }, bridge.CodeInvalidRequest},
		{"binary", chromium, func(e *servicetest.Extension) { e.WS.WriteMessage(websocket.BinaryMessage, []byte(`{"type":"pair"}`)) }, bridge.CodeInvalidRequest},
		{"commitment to something else", chromium, func(e *servicetest.Extension) {
			e.Offer("", func(w *servicetest.Wire) { w.Nonce = pairing.NewNonce() })
		}, bridge.CodePairingRefused},
		{"low-order key", chromium, func(e *servicetest.Extension) {
			nonce, key := pairing.NewNonce(), make([]byte, 32)
			e.Send(servicetest.Wire{Type: "pair", Key: key, Commitment: pairing.Commitment(key, nonce)})
			e.Receive()
			e.Send(servicetest.Wire{Type: "reveal", Nonce: nonce})
		}, bridge.CodePairingRefused},
		{"Firefox extension that is not listed", firefox, func(e *servicetest.Extension) {
			e.Send(servicetest.Wire{Type: "pair", Extension: "evil@evil.example", Key: make([]byte, 32), Commitment: make([]byte, 32)})
		}, bridge.CodePairingRefused},
		{"the person says no", chromium, func(e *servicetest.Extension) { m.person.Plan(t, windowtest.No); e.Offer("", nil) }, bridge.CodePairingRefused},
		{"the person cancels", chromium, func(e *servicetest.Extension) { m.person.Plan(t, windowtest.Cancel); e.Offer("", nil) }, bridge.CodePairingRefused},
		{"talking while the window is open", chromium, func(e *servicetest.Extension) {
			m.person.Plan(t, windowtest.Hang)
			e.Offer("", nil)
			e.Send(servicetest.Wire{Type: "prove"})
		}, bridge.CodeInvalidRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := m.dial(t, c.origin)
			c.send(e)
			e.Refused(c.want)
		})
	}
}

func TestTooLarge(t *testing.T) {
	m := newMachine(t, nil)
	e := m.dial(t, chromium)
	e.WS.WriteMessage(websocket.TextMessage, make([]byte, 5<<10))
	if _, _, err := e.WS.ReadMessage(); err == nil {
		t.Error("handshake takes more than its limit")
	}
	e = m.dial(t, chromium)
	e.Prove(m.pair(t, e, ""))
	e.Hello(website)
	e.WS.WriteMessage(websocket.TextMessage, make([]byte, bridge.MaxRequest+1))
	if _, _, err := e.WS.ReadMessage(); err == nil {
		t.Error("the service takes more than its limit")
	}
}

func TestBinaryAfterProof(t *testing.T) {
	m := newMachine(t, nil)
	e := m.dial(t, chromium)
	e.Prove(m.pair(t, e, ""))
	e.WS.WriteMessage(websocket.BinaryMessage, []byte("{}"))
	if _, _, err := e.WS.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseUnsupportedData) {
		t.Errorf("got %v, want close 1003", err)
	}
}

// TestWindowGoesWithBrowser: a browser that leaves while the window is open takes it along.
func TestWindowGoesWithBrowser(t *testing.T) {
	m := newMachine(t, nil)
	m.person.Plan(t, windowtest.Hang)
	e := m.dial(t, chromium)
	e.Offer("", nil)
	m.person.WaitAsked(t, 1)
	pid := m.person.PID(t)
	e.WS.Close()
	eventually(t, "window gone", func() bool { return syscall.Kill(pid, 0) != nil })
}
