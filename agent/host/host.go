// Package host is the native messaging host: what a browser starts and speaks to over standard
// input and output. It hands frames on between the browser and the session of its own login, which
// it starts when there is none.
//
// It believes its arguments, by which the browser says which extension asks, and passes them to the
// session, which decides. It reads no message. Nothing but frames ever goes to standard output.
package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// startTimeout bounds the wait for a session that was just started.
const startTimeout = 10 * time.Second

// socketBuffer lets a document go to the session in few pieces: each of them wakes it.
const socketBuffer = 1 << 20

const chromiumID = 32 // letters

var chromiumOrigin = regexp.MustCompile(`^chrome-extension://([a-p]+)/$`)

// Recognise says whether the program's arguments are those of a browser that starts a native host,
// and which extension it is. Chromium gives the extension's origin (and on Windows a window's
// handle after it), Firefox the path of the host's manifest and the extension's id.
func Recognise(args []string) (frame.Preface, bool) {
	p := frame.Preface{Role: frame.RoleHost}
	if len(args) == 0 {
		return p, false
	}
	if m := chromiumOrigin.FindStringSubmatch(args[0]); m != nil && len(m[1]) == chromiumID {
		p.Browser, p.Extension = frame.Chromium, m[1]
		return p, true
	}
	if len(args) == 2 && filepath.IsAbs(args[0]) && strings.HasSuffix(args[0], ".json") {
		p.Browser, p.Extension = frame.Firefox, args[1]
		return p, true
	}
	return p, false
}

// Host relays between one browser and the session.
type Host struct {
	// Preface names the caller.
	Preface frame.Preface
	// Socket is the session's.
	Socket string
	// Start starts a session; nil starts none.
	Start func() error
}

// Run relays until the browser or the session closes its end. The error is nil when the browser
// closed it.
func (h *Host) Run(ctx context.Context, stdin io.ReadCloser, stdout io.Writer) error {
	conn, err := h.connect(ctx)
	if err != nil {
		// The browser gets an answer that it can explain, rather than a host that died.
		return errors.Join(err, refuse(stdin, stdout, codeOf(err)))
	}
	defer conn.Close()
	if socket, ok := conn.(*net.UnixConn); ok {
		_ = socket.SetWriteBuffer(socketBuffer) // the system may give less
	}
	letInFront(conn)
	preface, err := json.Marshal(h.Preface)
	if err != nil {
		return fmt.Errorf("encoding preface: %w", err)
	}
	if err := frame.Write(conn, preface); err != nil {
		return fmt.Errorf("writing preface: %w", err)
	}
	up, down := make(chan error, 1), make(chan error, 1)
	go func() { up <- relay(conn, stdin, bridge.MaxRequest) }()
	go func() { down <- relay(stdout, conn, bridge.MaxMessage) }()
	select {
	case err = <-up: // the browser is done: so is the session, and its window
	case err = <-down:
	case <-ctx.Done():
		return nil
	}
	return err
}

func (h *Host) connect(ctx context.Context) (net.Conn, error) {
	conn, err := local.DialPrivate(ctx, h.Socket)
	if err == nil || h.Start == nil || errors.Is(err, local.ErrPeer) {
		return conn, err
	}
	if err := h.Start(); err != nil {
		return nil, fmt.Errorf("starting a session: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err = local.DialPrivate(ctx, h.Socket); err == nil {
			return conn, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the session: %w", err)
		}
	}
}

// codeOf is no_session, but where starting one says better.
func codeOf(err error) bridge.Code {
	var be *bridge.Error
	if errors.As(err, &be) {
		return be.Code
	}
	return bridge.CodeNoSession
}

// refuse answers the browser's first request.
func refuse(stdin io.Reader, stdout io.Writer, code bridge.Code) error {
	body, err := frame.Read(stdin, bridge.MaxRequest)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading frame: %w", err)
	}
	var request struct {
		ID json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(body, &request); err != nil || len(request.ID) == 0 {
		request.ID = json.RawMessage("null")
	}
	info := bridge.Info(code)
	answer, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": request.ID,
		"error": map[string]any{"code": info.Number, "message": info.Cause, "data": bridge.ErrorData{Code: info.Code}},
	})
	if err != nil {
		return fmt.Errorf("encoding answer: %w", err)
	}
	return frame.Write(stdout, answer)
}
