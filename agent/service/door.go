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

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/pairing"
)

const (
	path        = "/v1"
	subprotocol = "odnowa.v1"

	// maxConnections bounds all browsers of the machine together.
	maxConnections = 64
)

// door lets browsers in, or not, by the HTTP request that opens a WebSocket. One for each address.
type door struct {
	Options
	ctx      context.Context // ends all connections
	host     string          // the only Host that is served, such as 127.0.0.1:22701
	store    *pairing.Store
	sessions *sessions
	slots    chan struct{} // one for each connection
	upgrader websocket.Upgrader
}

func newDoor(ctx context.Context, o Options, store *pairing.Store, s *sessions, host string) *door {
	return &door{
		Options: o, ctx: ctx, host: host, store: store, sessions: s,
		slots: make(chan struct{}, maxConnections),
		upgrader: websocket.Upgrader{
			HandshakeTimeout: 5 * time.Second,
			Subprotocols:     []string{subprotocol},
			CheckOrigin:      func(*http.Request) bool { return true }, // admit has checked it
		},
	}
}

// caller is what the opening request says of a browser.
type caller struct {
	origin  string
	browser frame.Browser
	// extension is empty for Firefox until pairing, whose origins name no extension.
	extension string
	// user owns the connection; empty where the system does not tell.
	user string
}

// ServeHTTP refuses with a bare status: whoever is refused here is no browser of ours.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, status := d.admit(r)
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	ws, err := d.upgrader.Upgrade(w, r, nil)
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
	var c caller
	// A page that points its own name at 127.0.0.1 (DNS rebinding) sends that name as Host.
	if r.Host != d.host {
		return c, http.StatusMisdirectedRequest
	}
	if r.URL.Path != path || r.URL.RawQuery != "" || r.Method != http.MethodGet {
		return c, http.StatusNotFound
	}
	origins := r.Header.Values("Origin")
	if len(origins) != 1 || !d.known(origins[0], &c) {
		return c, http.StatusForbidden
	}
	if !slices.Contains(websocket.Subprotocols(r), subprotocol) {
		return c, http.StatusBadRequest
	}
	server, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	client, err := net.ResolveTCPAddr("tcp", r.RemoteAddr)
	if !ok || err != nil || !client.IP.IsLoopback() {
		return c, http.StatusForbidden
	}
	user, err := owner(client, server)
	if err != nil || (user == rootUser && !d.Policy.AllowRoot) {
		d.Log.Warn("owner of a connection refused", zap.String("user", user), zap.Error(err))
		return c, http.StatusForbidden
	}
	c.user = user
	return c, 0
}

// firefoxOrigin has a random UUID for each profile, so that it says nothing but that it is one.
var firefoxOrigin = regexp.MustCompile(`^moz-extension://[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// known says whether an Origin is that of an extension which the policy lists or, with Firefox, may
// turn out to list.
func (d *door) known(origin string, c *caller) bool {
	c.origin = origin
	if id, ok := strings.CutPrefix(origin, "chrome-extension://"); ok {
		c.browser, c.extension = frame.Chromium, id
		return slices.Contains(d.Policy.Extensions.Chromium, id)
	}
	c.browser = frame.Firefox
	return len(d.Policy.Extensions.Firefox) > 0 && firefoxOrigin.MatchString(origin)
}
