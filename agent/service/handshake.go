package service

import (
	"bytes"
	"errors"
	"net"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/pairing"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	// messageTimeout bounds the wait for each of the browser's messages before it has proved
	// itself.
	messageTimeout = 10 * time.Second
	// maxHandshake is the most bytes of such a message.
	maxHandshake = 4 << 10
)

// message is any of the handshake, see PAIRING.md.
type message struct {
	Type       string      `json:"type"`
	Nonce      []byte      `json:"nonce,omitempty"`
	Pairing    string      `json:"pairing,omitempty"`
	Proof      []byte      `json:"proof,omitempty"`
	Key        []byte      `json:"key,omitempty"`
	Commitment []byte      `json:"commitment,omitempty"`
	Extension  string      `json:"extension,omitempty"`
	Code       bridge.Code `json:"code,omitempty"`
}

var errHandshake = bridge.Errorf(bridge.CodeInvalidRequest, errors.New("unexpected message"))

// greet takes a browser through the handshake, then relays it to its session.
func (d *door) greet(b *browser, c caller) error {
	session, err := d.handshake(b, c)
	if err == nil {
		defer session.Close()
		return relay(b.ws, session)
	}
	code := bridge.CodeInternal
	var be *bridge.Error
	if errors.As(err, &be) {
		code = be.Code
	}
	// The browser may be gone: then nobody is to be told.
	if b.send(message{Type: "refused", Code: code}) == nil {
		b.close(websocket.ClosePolicyViolation, string(code))
	}
	return err
}

func (d *door) handshake(b *browser, c caller) (net.Conn, error) {
	serverNonce := pairing.NewNonce()
	if err := b.send(message{Type: "challenge", Nonce: serverNonce}); err != nil {
		return nil, err
	}
	m, err := b.receive()
	if err != nil {
		return nil, err
	}
	if m.Type == "pair" {
		if err := d.pair(b, c, m); err != nil {
			return nil, err
		}
		if m, err = b.receive(); err != nil {
			return nil, err
		}
	}
	if m.Type != "prove" || len(m.Nonce) != pairing.NonceSize {
		return nil, errHandshake
	}
	return d.prove(b, c, m, serverNonce)
}

// prove checks the browser's proof, shows the service's own, and takes a connection of the session
// that the pairing names.
func (d *door) prove(b *browser, c caller, m message, serverNonce []byte) (net.Conn, error) {
	if err := d.rules().Decide(c.Caller, access.Prove); err != nil {
		return nil, err
	}
	p, ok := d.store.Find(m.Pairing, c.origin)
	challenge := pairing.Challenge{Origin: c.origin, Pairing: m.Pairing, ServerNonce: serverNonce, ClientNonce: m.Nonce}
	if !ok || !p.Secret.CheckClient(challenge, m.Proof) {
		return nil, bridge.Errorf(bridge.CodeNotPaired, nil)
	}
	c.Kind, c.Owner, c.Browser, c.Extension = access.Paired, p.User, p.Browser, p.Extension
	if err := d.rules().Decide(c.Caller, access.Relay); err != nil {
		return nil, err
	}
	session, err := d.sessions.take(d.ctx, p.User, frame.Preface{Role: frame.RoleWebSocket, Browser: p.Browser, Extension: p.Extension})
	if err != nil {
		return nil, err
	}
	if err := b.send(message{Type: "proved", Proof: p.Secret.ServerProof(challenge)}); err != nil {
		session.Close()
		return nil, err
	}
	return session, nil
}

// pair makes a pairing, after the person said in the session's window that both codes are the same.
func (d *door) pair(b *browser, c caller, m message) error {
	if c.Browser == frame.Firefox {
		c.Extension = m.Extension
	} else if m.Extension != "" {
		return errHandshake
	}
	if err := d.rules().Decide(c.Caller, access.Pair); err != nil {
		return err
	}
	user := c.User
	if user == "" {
		if user, _ = d.sessions.only(); user == "" {
			return bridge.Errorf(bridge.CodeNoSession, nil)
		}
	}
	if !d.limits.Allow(user, access.Pair) {
		return bridge.Errorf(bridge.CodeRateLimited, nil)
	}
	secret, code, err := agree(b, c, m)
	if err != nil {
		return err
	}
	if err := d.ask(b, user, frame.Preface{Role: frame.RolePair, Browser: c.Browser, Extension: c.Extension, Code: code}); err != nil {
		return err
	}
	p, err := d.store.Add(pairing.Pairing{
		User: user, Origin: c.origin, Browser: c.Browser, Extension: c.Extension, Secret: secret, CreatedAt: d.Now().UTC(),
	})
	if err != nil {
		return err
	}
	d.Log.Info("paired", zap.String("user", user), zap.String("origin", c.origin), zap.String("extension", c.Extension))
	return b.send(message{Type: "paired", Pairing: p.ID})
}

// agree runs the key agreement with the browser up to the code.
func agree(b *browser, c caller, m message) (pairing.Secret, string, error) {
	var none pairing.Secret
	key, err := pairing.NewKey()
	if err != nil {
		return none, "", err
	}
	e := pairing.Exchange{Origin: c.origin, ClientKey: m.Key, ServerKey: key.PublicKey().Bytes(), ServerNonce: pairing.NewNonce()}
	if err := b.send(message{Type: "key", Key: e.ServerKey, Nonce: e.ServerNonce}); err != nil {
		return none, "", err
	}
	reveal, err := b.receive()
	if err != nil {
		return none, "", err
	}
	e.ClientNonce = reveal.Nonce
	if reveal.Type != "reveal" || len(reveal.Nonce) != pairing.NonceSize || !bytes.Equal(pairing.Commitment(m.Key, reveal.Nonce), m.Commitment) {
		return none, "", bridge.Errorf(bridge.CodePairingRefused, errors.New("commitment does not fit"))
	}
	secret, err := e.Secret(key, m.Key)
	if err != nil {
		return none, "", bridge.Errorf(bridge.CodePairingRefused, err)
	}
	return secret, e.Code(), nil
}

// ask has the user's session ask the person. When the browser goes away meanwhile, so does the
// window.
func (d *door) ask(b *browser, user string, p frame.Preface) error {
	conn, err := d.sessions.take(d.ctx, user, p)
	if err != nil {
		return err
	}
	defer conn.Close()
	type answer struct {
		frame.PairAnswer
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		a.err = frame.NewChannel(conn, frame.MaxPreface).RecvJSON(&a.PairAnswer)
		answers <- a
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return bridge.Errorf(bridge.CodeNoSession, a.err)
		}
		if a.Code != "" {
			return bridge.Errorf(a.Code, nil)
		}
		return nil
	case r := <-b.reading():
		return bridge.Errorf(bridge.CodeInvalidRequest, r.err) // it has nothing to say now, or is gone
	}
}
