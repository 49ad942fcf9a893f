//go:build wine && linux

package wine

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/pairing"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// browser plays an extension, at a native host or on a WebSocket.
type browser struct {
	write func([]byte) error
	end   func()

	ws        *websocket.Conn // nil at a native host
	challenge []byte

	mu      sync.Mutex
	nextID  int
	waiting map[string]chan answer
	ended   chan struct{} // closed at the end of what comes in
}

type answer struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int              `json:"code"`
		Message string           `json:"message"`
		Data    bridge.ErrorData `json:"data"`
	} `json:"error"`
}

func (a answer) code() bridge.Code {
	if a.Error == nil {
		return ""
	}
	return a.Error.Data.Code
}

// browse starts a native host as a browser does.
func (m *machine) browse(t *testing.T, args ...string) *browser {
	t.Helper()
	p := &process{cmd: m.command(args...)}
	m.collect(t, p)
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &browser{waiting: map[string]chan answer{}, ended: make(chan struct{})}
	b.write = func(body []byte) error { return frame.Write(in, body) }
	b.end = sync.OnceFunc(func() {
		in.Close()
		select {
		case <-b.ended:
		case <-time.After(10 * time.Second):
			t.Error("the host does not end with its input")
			p.cmd.Process.Kill()
		}
		p.cmd.Wait()
	})
	t.Cleanup(b.end)
	go b.read(t, func() ([]byte, error) { return frame.Read(out, bridge.MaxMessage) })
	return b
}

func (b *browser) close() { b.end() }

func (b *browser) read(t *testing.T, next func() ([]byte, error)) {
	defer close(b.ended)
	for {
		body, err := next()
		if err != nil {
			if b.ws == nil && err != io.EOF {
				t.Errorf("reading from the host: %v", err)
			}
			return
		}
		var a answer
		if err := json.Unmarshal(body, &a); err != nil {
			t.Errorf("not JSON: %q", body)
			return
		}
		b.mu.Lock()
		ch := b.waiting[string(a.ID)]
		delete(b.waiting, string(a.ID))
		b.mu.Unlock()
		if ch != nil {
			ch <- a
		}
	}
}

// send starts a call and gives its id and where its answer comes.
func (b *browser) send(t *testing.T, method string, params any) (string, <-chan answer) {
	t.Helper()
	b.mu.Lock()
	b.nextID++
	id := fmt.Sprintf("r%d", b.nextID)
	ch := make(chan answer, 1)
	b.waiting[`"`+id+`"`] = ch
	b.mu.Unlock()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.write(body); err != nil {
		t.Fatal(err)
	}
	return id, ch
}

func (b *browser) wait(t *testing.T, ch <-chan answer) answer {
	t.Helper()
	select {
	case a := <-ch:
		return a
	case <-time.After(60 * time.Second):
		t.Fatal("no answer")
	case <-b.ended:
		t.Fatal("the connection ended")
	}
	return answer{}
}

// call wants a result.
func (b *browser) call(t *testing.T, method string, params, result any) {
	t.Helper()
	_, ch := b.send(t, method, params)
	a := b.wait(t, ch)
	if a.Error != nil {
		t.Fatalf("%s: %+v", method, *a.Error)
	}
	if err := json.Unmarshal(a.Result, result); err != nil {
		t.Fatal(err)
	}
}

// refused wants an error and gives its code.
func (b *browser) refused(t *testing.T, method string, params any) bridge.Code {
	t.Helper()
	_, ch := b.send(t, method, params)
	return b.wait(t, ch).code()
}

func (b *browser) hello(t *testing.T, language string) {
	t.Helper()
	var r bridge.HelloResult
	b.call(t, bridge.MethodHello, helloParams(language), &r)
	if r.Version != bridge.Version {
		t.Fatalf("hello: %+v", r)
	}
}

// wire is a message of the WebSocket's handshake (agent/service/PAIRING.md).
type wire struct {
	Type       string      `json:"type"`
	Nonce      []byte      `json:"nonce,omitempty"`
	Pairing    string      `json:"pairing,omitempty"`
	Proof      []byte      `json:"proof,omitempty"`
	Key        []byte      `json:"key,omitempty"`
	Commitment []byte      `json:"commitment,omitempty"`
	Code       bridge.Code `json:"code,omitempty"`
}

const wsOrigin = "chrome-extension://" + extension

// dial opens a WebSocket up to the service's challenge.
func (m *machine) dial(t *testing.T) *browser {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"odnowa.v1"}}
	if _, r, err := d.Dial("ws://"+m.address()+"/v1", http.Header{"Origin": {"https://evil.example"}}); err == nil || r == nil || r.StatusCode != http.StatusForbidden {
		t.Errorf("a website's WebSocket: got %v, %v, want 403", r, err)
	}
	ws, r, err := d.Dial("ws://"+m.address()+"/v1", http.Header{"Origin": {wsOrigin}})
	if err != nil {
		t.Fatalf("%v (%v)", err, r)
	}
	t.Cleanup(func() { ws.Close() })
	b := &browser{ws: ws, waiting: map[string]chan answer{}, ended: make(chan struct{})}
	b.write = func(body []byte) error { return ws.WriteMessage(websocket.TextMessage, body) }
	b.end = func() { ws.Close() }
	b.challenge = b.receive(t, "challenge").Nonce
	return b
}

func (b *browser) receive(t *testing.T, kind string) (w wire) {
	t.Helper()
	b.ws.SetReadDeadline(time.Now().Add(60 * time.Second))
	if err := b.ws.ReadJSON(&w); err != nil || w.Type != kind {
		t.Fatalf("got %+v, %v, want %s", w, err, kind)
	}
	return w
}

func (b *browser) post(t *testing.T, w wire) {
	t.Helper()
	if err := b.ws.WriteJSON(w); err != nil {
		t.Fatal(err)
	}
}

// paired is what an extension keeps.
type paired struct {
	id     string
	secret pairing.Secret
}

// pair pairs while the person compares the codes.
func (b *browser) pair(t *testing.T, agree func()) paired {
	t.Helper()
	key, err := pairing.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	x := pairing.Exchange{Origin: wsOrigin, ClientKey: key.PublicKey().Bytes(), ClientNonce: pairing.NewNonce()}
	b.post(t, wire{Type: "pair", Key: x.ClientKey, Commitment: pairing.Commitment(x.ClientKey, x.ClientNonce)})
	w := b.receive(t, "key")
	x.ServerKey, x.ServerNonce = w.Key, w.Nonce
	b.post(t, wire{Type: "reveal", Nonce: x.ClientNonce})
	agree()
	id := b.receive(t, "paired").Pairing
	secret, err := x.Secret(key, x.ServerKey)
	if err != nil {
		t.Fatal(err)
	}
	return paired{id, secret}
}

// prove proves the pairing, wants the service's proof, and goes on to the bridge protocol.
func (b *browser) prove(t *testing.T, p paired) {
	t.Helper()
	c := pairing.Challenge{Origin: wsOrigin, Pairing: p.id, ServerNonce: b.challenge, ClientNonce: pairing.NewNonce()}
	b.post(t, wire{Type: "prove", Pairing: p.id, Nonce: c.ClientNonce, Proof: p.secret.ClientProof(c)})
	if w := b.receive(t, "proved"); string(w.Proof) != string(p.secret.ServerProof(c)) {
		t.Fatal("the service does not know the secret")
	}
	b.ws.SetReadDeadline(time.Time{})
	go b.read(t, func() ([]byte, error) {
		_, body, err := b.ws.ReadMessage()
		return body, err
	})
}
