package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer is the most bytes of an answer that are read.
const maxAnswer = 8 << 20

// client speaks HTTP with the server under test and keeps no state but what was last sent.
type client struct {
	config  *Config
	http    *http.Client
	seen    func(*exchange) // told of every exchange
	lastOne *exchange
}

func newClient(c *Config) *client {
	base, _ := url.Parse(c.BaseURL)
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &client{config: c, http: &http.Client{
		Timeout:       90 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: c.roots, ServerName: base.Hostname()},
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if c.Connect != "" {
					address = c.Connect
				} else if host, port, err := net.SplitHostPort(address); err == nil && loopbackName(host) {
					address = net.JoinHostPort("127.0.0.1", port) // RFC 6761 section 6.3; resolvers often don't
				}
				return dialer.DialContext(ctx, network, address)
			},
		},
	}}
}

// loopbackName tells whether a name leads to this machine (RFC 6761 section 6.3).
func loopbackName(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "127.0.0.1" || host == "::1"
}

// request is what is sent; its zero value has the headers that the extension's requests have.
type request struct {
	method, path string // path from the root of the origin
	body         any    // JSON, unless raw
	raw          []byte
	contentType  string // "-" for none
	origin       string // "-" for none
	fetchSite    string
	host         string
}

// exchange is a request and its answer.
type exchange struct {
	request
	op      *operation // nil outside of the contract
	browser *browser
	status  int
	header  http.Header
	cookies []*http.Cookie
	answer  []byte
	// shown: the browser session has shown the certificate, so that personal data may come.
	shown bool
}

func (e *exchange) String() string { return fmt.Sprintf("%s %s: %d", e.method, e.path, e.status) }

func (c *client) last() string {
	if c.lastOne == nil {
		return ""
	}
	return c.lastOne.String()
}

// browser is a browser with its cookies.
type browser struct {
	client  *client
	cookies map[string]string
	shown   bool
}

func (c *client) browser() *browser { return &browser{client: c, cookies: map[string]string{}} }

// twin is another tab: the same cookies.
func (b *browser) twin() *browser {
	t := b.client.browser()
	for name, value := range b.cookies {
		t.cookies[name] = value
	}
	t.shown = b.shown
	return t
}

// build makes the HTTP request.
func (b *browser) build(ctx context.Context, r request) (*http.Request, error) {
	body := r.raw
	if body == nil && r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, err
		}
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	base := b.client.config.BaseURL
	q, err := http.NewRequestWithContext(ctx, r.method, base+r.path, reader)
	if err != nil {
		return nil, err
	}
	header := func(name, value, usual string) {
		if value == "" {
			value = usual
		}
		if value != "" && value != "-" {
			q.Header.Set(name, value)
		}
	}
	changing, json := "", ""
	if r.method != http.MethodGet && r.method != http.MethodHead {
		changing = base
	}
	if body != nil {
		json = "application/json"
	}
	header("Origin", r.origin, changing)
	header("Sec-Fetch-Site", r.fetchSite, "same-origin")
	header("Content-Type", r.contentType, json)
	q.Header.Set("User-Agent", "odnowa-conformance")
	if r.host != "" {
		q.Host = r.host
	}
	for name, value := range b.cookies {
		q.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return q, nil
}

// send makes an exchange. The error is one of the network: then there is nothing to look at.
func (b *browser) send(ctx context.Context, r request) (*exchange, error) {
	q, err := b.build(ctx, r)
	if err != nil {
		return nil, err
	}
	res, err := b.client.http.Do(q)
	if err != nil {
		return nil, wanted("an answer", "none to %s %s: %v", r.method, r.path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, wanted("a whole answer", "%s %s: %v", r.method, r.path, err)
	}
	return b.took(r, res, body), nil
}

// took keeps cookies as a browser does and tells the watches.
func (b *browser) took(r request, res *http.Response, body []byte) *exchange {
	e := &exchange{
		request: r, op: operationFor(r.method, r.path), browser: b,
		status: res.StatusCode, header: res.Header, cookies: res.Cookies(), answer: body,
	}
	if r.host != "" {
		e.op = nil // it is not for this website to answer
	}
	for _, c := range e.cookies {
		if c.MaxAge < 0 || c.Value == "" {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	b.track(e)
	b.client.lastOne = e
	b.client.seen(e)
	return e
}

// track follows whether this session may know who the person is: from the accepted certificate until
// the renewal is back at the start.
func (b *browser) track(e *exchange) {
	if e.op == nil || e.status != http.StatusOK {
		e.shown = b.shown
		return
	}
	switch e.op.id {
	case "setCertificate":
		b.shown = true
	case "openRenewal", "withdrawApplication":
		if e.state() == "opened" { // else the same session goes on where it was
			b.shown = false
		}
	}
	e.shown = b.shown
}

// do sends a request of the contract.
func (b *browser) do(ctx context.Context, op string, body any) (*exchange, error) {
	o := operations[op]
	return b.send(ctx, request{method: o.method, path: o.path, body: body})
}

// problem is a problem document (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Field  string `json:"field"`
	State  string `json:"state"`
}

func (e *exchange) problem() (p problem) {
	json.Unmarshal(e.answer, &p) //nolint:errcheck // a watch says what is wrong with it
	return p
}

func (e *exchange) renewal() (r renewal) {
	json.Unmarshal(e.answer, &r) //nolint:errcheck // a watch says what is wrong with it
	return r
}

func (e *exchange) state() string { return e.renewal().State }

// said is what came, in short and without anything that must not be in a report.
func (e *exchange) said() string {
	if p := e.problem(); e.status >= 400 && p.Code != "" {
		return fmt.Sprintf("%d %.40q", e.status, p.Code)
	}
	if s := e.state(); e.status == http.StatusOK && s != "" {
		return fmt.Sprintf("%d with the renewal in state %.40q", e.status, s)
	}
	return fmt.Sprintf("%d", e.status)
}

// refused fails unless the answer is this refusal.
func (e *exchange) refused(status int, code string) error {
	if e.status != status || e.problem().Code != code {
		return wanted(fmt.Sprintf("%d %q", status, code), "%s", e.said())
	}
	return nil
}

// reached fails unless the answer is the renewal in this state.
func (e *exchange) reached(state string) error {
	if e.status != http.StatusOK || e.state() != state {
		return wanted(fmt.Sprintf("200 with the renewal in state %q", state), "%s", e.said())
	}
	return nil
}
