// Package servicetest plays the browser's extension at the service's WebSocket, in tests. It speaks the
// handshake of service/PAIRING.md on its own, so that it can also speak it wrong.
package servicetest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/odnowa/odnowa/agent/pairing"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// patience is how long a message is waited for.
const patience = 20 * time.Second

// Extension is one connection of an extension.
type Extension struct {
	// WS is for what the extension would never send.
	WS *websocket.Conn
	// Nonce is the service's challenge.
	Nonce []byte

	t      *testing.T
	origin string
	lastID int
}

// Wire is any message of the handshake.
type Wire struct {
	Type       string      `json:"type"`
	Nonce      []byte      `json:"nonce,omitempty"`
	Pairing    string      `json:"pairing,omitempty"`
	Proof      []byte      `json:"proof,omitempty"`
	Key        []byte      `json:"key,omitempty"`
	Commitment []byte      `json:"commitment,omitempty"`
	Extension  string      `json:"extension,omitempty"`
	Code       bridge.Code `json:"code,omitempty"`
}

// Paired is what an extension keeps.
type Paired struct {
	ID     string
	Secret pairing.Secret
}

// Dialler opens the connection, as some user perhaps; nil for this process.
type Dialler func(network, address string) (net.Conn, error)

// Knock asks for a WebSocket and gives it, or the status of the refusal (0 where there was no answer).
func Knock(address, origin string, dial Dialler) (*websocket.Conn, int) {
	d := websocket.Dialer{Subprotocols: []string{"odnowa.v1"}, NetDial: dial, HandshakeTimeout: patience}
	ws, r, err := d.Dial("ws://"+address+"/v1", http.Header{"Origin": {origin}})
	switch {
	case err == nil:
		return ws, http.StatusSwitchingProtocols
	case r == nil:
		return nil, 0
	}
	return nil, r.StatusCode
}

// Dial connects and takes the challenge.
func Dial(t *testing.T, address, origin string, dial Dialler) *Extension {
	t.Helper()
	ws, status := Knock(address, origin, dial)
	if ws == nil {
		t.Fatalf("no WebSocket, but status %d", status)
	}
	t.Cleanup(func() { ws.Close() })
	e := &Extension{t: t, WS: ws, origin: origin}
	c := e.Receive()
	if c.Type != "challenge" || len(c.Nonce) != pairing.NonceSize {
		t.Fatalf("got %+v, want a challenge", c)
	}
	e.Nonce = c.Nonce
	return e
}

// Send sends v as JSON.
func (e *Extension) Send(v any) {
	e.t.Helper()
	if err := e.WS.WriteJSON(v); err != nil {
		e.t.Fatal(err)
	}
}

// Receive waits for the next message of the handshake.
func (e *Extension) Receive() Wire {
	e.t.Helper()
	var w Wire
	e.WS.SetReadDeadline(time.Now().Add(patience))
	if err := e.WS.ReadJSON(&w); err != nil {
		e.t.Fatal(err)
	}
	return w
}

// Refused wants the service to refuse with this code and close.
func (e *Extension) Refused(code bridge.Code) {
	e.t.Helper()
	if w := e.Receive(); w.Type != "refused" || w.Code != code {
		e.t.Fatalf("got %+v, want refused with %s", w, code)
	}
	if _, _, err := e.WS.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		e.t.Errorf("got %v, want close 1008", err)
	}
}

// Offer pairs up to the code; claim is what a Firefox extension says that it is, and bend may spoil the reveal.
func (e *Extension) Offer(claim string, bend func(*Wire)) (secret func() (pairing.Secret, error), code string) {
	e.t.Helper()
	key, err := pairing.NewKey()
	if err != nil {
		e.t.Fatal(err)
	}
	x := pairing.Exchange{Origin: e.origin, ClientKey: key.PublicKey().Bytes(), ClientNonce: pairing.NewNonce()}
	e.Send(Wire{Type: "pair", Key: x.ClientKey, Commitment: pairing.Commitment(x.ClientKey, x.ClientNonce), Extension: claim})
	w := e.Receive()
	if w.Type != "key" {
		e.t.Fatalf("got %+v, want a key", w)
	}
	x.ServerKey, x.ServerNonce = w.Key, w.Nonce
	reveal := Wire{Type: "reveal", Nonce: x.ClientNonce}
	if bend != nil {
		bend(&reveal)
	}
	e.Send(reveal)
	return func() (pairing.Secret, error) { return x.Secret(key, x.ServerKey) }, x.Code()
}

// Pair pairs with a person who says yes, and gives the code that the person must have seen, in two groups.
func (e *Extension) Pair(claim string) (p Paired, code string) {
	e.t.Helper()
	secret, code := e.Offer(claim, nil)
	w := e.Receive()
	if w.Type != "paired" {
		e.t.Fatalf("got %+v, want paired", w)
	}
	s, err := secret()
	if err != nil {
		e.t.Fatal(err)
	}
	return Paired{w.Pairing, s}, code[:3] + " " + code[3:]
}

// Proof is the message that proves a pairing, and what it is over.
func (e *Extension) Proof(p Paired) (Wire, pairing.Challenge) {
	c := pairing.Challenge{Origin: e.origin, Pairing: p.ID, ServerNonce: e.Nonce, ClientNonce: pairing.NewNonce()}
	return Wire{Type: "prove", Pairing: p.ID, Nonce: c.ClientNonce, Proof: p.Secret.ClientProof(c)}, c
}

// Prove wants to be let in.
func (e *Extension) Prove(p Paired) {
	e.t.Helper()
	w, c := e.Proof(p)
	e.Send(w)
	if r := e.Receive(); r.Type != "proved" || string(r.Proof) != string(p.Secret.ServerProof(c)) {
		e.t.Fatalf("got %+v, want the service's proof", r)
	}
}

// Hello opens the bridge protocol for a website.
func (e *Extension) Hello(website string) {
	e.t.Helper()
	var r bridge.HelloResult
	params := bridge.HelloParams{Caller: bridge.Caller{Origin: website}, Client: bridge.Client{Name: "t", Version: "1"}, Versions: []int{1}, Language: "en"}
	if code := e.Call(bridge.MethodHello, params, &r); code != "" || r.Version != bridge.Version {
		e.t.Fatalf("hello: %s %+v", code, r)
	}
}

// Call speaks the bridge protocol and gives the code of a refusal. Notifications are passed over.
func (e *Extension) Call(method string, params, result any) bridge.Code {
	e.t.Helper()
	e.lastID++
	e.Send(map[string]any{"jsonrpc": "2.0", "id": fmt.Sprint(e.lastID), "method": method, "params": params})
	for {
		var a struct {
			Method string          `json:"method"`
			Result json.RawMessage `json:"result"`
			Error  *struct {
				Data bridge.ErrorData `json:"data"`
			} `json:"error"`
		}
		e.WS.SetReadDeadline(time.Now().Add(patience))
		if err := e.WS.ReadJSON(&a); err != nil {
			e.t.Fatal(err)
		}
		switch {
		case a.Method != "":
			continue
		case a.Error != nil:
			return a.Error.Data.Code
		}
		if err := json.Unmarshal(a.Result, result); err != nil {
			e.t.Fatal(err)
		}
		return ""
	}
}
