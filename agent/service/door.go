package service

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/pairing"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	path        = "/v1"
	subprotocol = "odnowa.v1"
)

// door lets browsers in, or not, by the HTTP request that opens a WebSocket. One for each address.
type door struct {
	Options
	ctx      context.Context // ends all connections
	host     string          // the only Host that is served, such as 127.0.0.1:22701
	store    *pairing.Store
	sessions *sessions
	limits   *access.Limiter
}

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 5 * time.Second,
	Subprotocols:     []string{subprotocol},
	CheckOrigin:      func(*http.Request) bool { return true }, // admit has checked it
}

// rules are those of the policy in force.
func (d *door) rules() access.Rules { return access.Rules{Policy: d.Policies.Current()} }

// caller is what the opening request says of a browser. Its Extension is empty for Firefox until pairing, whose
// origins name no extension.
type caller struct {
	access.Caller
	origin string
}

// ServeHTTP refuses with a bare status: whoever is refused here is no browser of ours.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, status := d.admit(r)
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	defer ws.Close()
	stop := context.AfterFunc(d.ctx, func() { ws.Close() })
	defer stop()
	if err := d.greet(newBrowser(ws), c); err != nil {
		d.Log.Info("browser's connection ended", zap.String("origin", c.origin), zap.Error(err))
	}
}

// admit checks what comes before the first message, cheapest first. Status 0 lets the caller in.
func (d *door) admit(r *http.Request) (caller, int) {
	c := caller{Caller: access.Caller{Kind: access.Program}}
	// A page that points its own name at 127.0.0.1 (DNS rebinding) sends that name as Host.
	if r.Host != d.host {
		return c, http.StatusMisdirectedRequest
	}
	if r.URL.Path != path || r.URL.RawQuery != "" || r.Method != http.MethodGet {
		return c, http.StatusNotFound
	}
	origins := r.Header.Values("Origin")
	if len(origins) != 1 || !c.read(origins[0]) {
		return c, http.StatusForbidden
	}
	if !slices.Contains(websocket.Subprotocols(r), subprotocol) {
		return c, http.StatusBadRequest
	}
	conn, ok := r.Context().Value(ownerKey{}).(*ownedConn)
	client, err := net.ResolveTCPAddr("tcp", r.RemoteAddr)
	if !ok || err != nil || !client.IP.IsLoopback() {
		return c, http.StatusForbidden
	}
	c.User = conn.user
	refused := d.rules().Decide(c.Caller, access.OpenBrowser)
	if conn.err != nil || refused != nil {
		d.Log.Warn("browser refused", zap.String("user", conn.user), zap.NamedError("owner", conn.err), zap.NamedError("decision", asError(refused)))
		return c, http.StatusForbidden
	}
	c.Kind = access.Unpaired
	return c, 0
}

// asError keeps a nil pointer from becoming an error.
func asError(e *bridge.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// firefoxOrigin has a random UUID for each profile, so that it says nothing but that it is one.
var firefoxOrigin = regexp.MustCompile(`^moz-extension://[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// read takes browser and extension from an Origin; false where it is no extension's.
func (c *caller) read(origin string) bool {
	c.origin = origin
	if id, ok := strings.CutPrefix(origin, "chrome-extension://"); ok {
		c.Browser, c.Extension = frame.Chromium, id
		return true
	}
	c.Browser = frame.Firefox
	return firefoxOrigin.MatchString(origin)
}
