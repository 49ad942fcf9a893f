package service

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	writeTimeout = 30 * time.Second
	// pingEvery keeps dead connections from staying: a browser answers pings by itself.
	pingEvery   = 30 * time.Second
	pongTimeout = 75 * time.Second
)

// browser is a WebSocket in its handshake.
type browser struct {
	ws      *websocket.Conn
	pending chan read // a read under way that nobody has taken yet, or nil
}

// read is one message as it came.
type read struct {
	kind int
	data []byte
	err  error
}

func newBrowser(ws *websocket.Conn) *browser {
	ws.SetReadLimit(maxHandshake)
	return &browser{ws: ws}
}

// reading starts to read the next message, unless that is under way.
func (b *browser) reading() <-chan read {
	if b.pending == nil {
		pending := make(chan read, 1)
		b.pending = pending
		go func() {
			kind, data, err := b.ws.ReadMessage()
			pending <- read{kind, data, err}
		}()
	}
	return b.pending
}

// receive waits for the next message of the handshake.
func (b *browser) receive() (message, error) {
	var m message
	if err := b.ws.SetReadDeadline(time.Now().Add(messageTimeout)); err != nil {
		return m, err
	}
	r := <-b.reading()
	b.pending = nil
	if r.err != nil {
		return m, fmt.Errorf("reading handshake: %w", r.err)
	}
	if m, r.err = parse(r.data); r.kind != websocket.TextMessage || r.err != nil {
		return m, errHandshake
	}
	// While the window is open nothing is due.
	return m, b.ws.SetReadDeadline(time.Time{})
}

// parse reads a message strictly.
func parse(data []byte) (message, error) {
	var m message
	err := bridge.Decode(data, &m)
	return m, err
}

func (b *browser) send(m message) error {
	if err := b.ws.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return b.ws.WriteJSON(m)
}

func (b *browser) close(code int, reason string) {
	closeWith(b.ws, code, reason)
}

// closeWith says why a connection ends, to whoever still listens.
func closeWith(ws *websocket.Conn, code int, reason string) {
	_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
}

// relay hands messages on between a browser that has proved itself and its session, until one of
// them is done.
func relay(ws *websocket.Conn, session net.Conn) error {
	ws.SetReadLimit(bridge.MaxRequest)
	alive := func(string) error { return ws.SetReadDeadline(time.Now().Add(pongTimeout)) }
	ws.SetPongHandler(alive)
	if err := alive(""); err != nil {
		return err
	}
	up, down := make(chan error, 1), make(chan error, 1)
	go func() { up <- relayUp(ws, session) }()
	go func() { down <- relayDown(ws, session) }()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case err := <-up:
			session.Close()
			<-down
			return err
		case err := <-down:
			closeWith(ws, websocket.CloseGoingAway, "session ended")
			ws.Close()
			<-up
			return err
		case <-ping.C:
			if err := ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
				session.Close() // the other two end with it
			}
		}
	}
}

func relayUp(ws *websocket.Conn, session net.Conn) error {
	for {
		kind, data, err := ws.ReadMessage()
		switch {
		case websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived):
			return nil
		case err != nil:
			return err
		case kind != websocket.TextMessage:
			closeWith(ws, websocket.CloseUnsupportedData, "text only")
			return errHandshake
		}
		if err := frame.Write(session, data); err != nil {
			return err
		}
	}
}

func relayDown(ws *websocket.Conn, session net.Conn) error {
	for {
		data, err := frame.Read(session, bridge.MaxMessage)
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := ws.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		if err := ws.WriteMessage(websocket.TextMessage, data); err != nil {
			return err
		}
	}
}
