package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/odnowa/odnowa/protocol/conformance"
	"github.com/odnowa/odnowa/protocol/seal"
)

// row is one fault and the checks that have to fail for it, all others passing. also are those that
// cannot but fail with it.
type row struct {
	check, scene string
	also         []string
	bend         func(x *transit)               // bends an answer
	ask          func(r *http.Request)          // bends a request
	stream       func(nth int, b []byte) []byte // bends a piece of the event stream
	tls          bool                           // the server is reached over TLS
	limits       bool                           // the limit of tries is asked for
}

// proxy stands before the portal and does what a row says.
type proxy struct {
	w      *world
	kit    *kit
	row    row
	nth    int
	secure string // origin over TLS

	mu    sync.Mutex        // guards the fields that follow
	last  map[string][]byte // the last renewal of a session
	count map[string]int    // answers by route and status
	notes map[string]string
}

// run runs the row's scene through the proxy.
func (p *proxy) run(ctx context.Context, code string) (*conformance.Report, error) {
	p.last, p.count, p.notes = map[string][]byte{}, map[string]int{}, map[string]string{}
	server := httptest.NewUnstartedServer(p)
	codes := maps.Clone(p.kit.config["codes"].(map[string]any))
	delete(codes, "freshCommand")
	codes["fresh"] = code
	change := map[string]any{"codes": codes, "tryLimits": p.row.limits, "connect": server.Listener.Addr().String()}
	name := fmt.Sprintf("row-%d", p.nth)
	if p.row.tls {
		server.StartTLS()
		p.secure = "https://" + server.Listener.Addr().String()
		change["baseUrl"], change["roots"] = p.secure, name+".pem"
		roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(filepath.Join(p.kit.dir, name+".pem"), roots, 0o600); err != nil {
			return nil, err
		}
	} else {
		server.Start()
	}
	defer server.Close()
	defer server.CloseClientConnections() // streams
	path, err := p.kit.write(name, change)
	if err != nil {
		return nil, err
	}
	return p.kit.run(ctx, path, "--only", p.row.scene)
}

// transit is an exchange on its way back.
type transit struct {
	p      *proxy
	r      *http.Request
	asked  []byte
	status int
	header http.Header
	body   []byte
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if p.row.ask != nil {
		p.row.ask(r)
	}
	out := r.Clone(r.Context())
	portal := strings.TrimPrefix(p.w.box.URLs.Portal, "http://")
	_, port, _ := strings.Cut(portal, ":")
	out.RequestURI, out.URL.Scheme, out.URL.Host = "", "http", "127.0.0.1:"+port
	out.Body = io.NopCloser(bytes.NewReader(asked))
	out.ContentLength = int64(len(asked))
	out.Header.Set("X-Forwarded-For", fmt.Sprintf("10.0.0.%d", p.nth))
	if r.Host == "" {
		out.Host = portal
	}
	if p.secure != "" && "https://"+r.Host == p.secure {
		out.Host = portal
		if out.Header.Get("Origin") == p.secure {
			out.Header.Set("Origin", p.w.box.URLs.Portal)
		}
	}
	res, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer res.Body.Close()
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		p.pipe(w, res)
		return
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return
	}
	x := &transit{p, r, asked, res.StatusCode, res.Header, body}
	p.pass(x)
	x.header.Del("Content-Length")
	for name, values := range x.header {
		w.Header()[name] = values
	}
	w.WriteHeader(x.status)
	w.Write(x.body) //nolint:errcheck // the kit is gone
}

// pass makes what a good server of this origin would send, remembers it, and bends it.
func (p *proxy) pass(x *transit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.secure != "" {
		x.body = bytes.ReplaceAll(x.body, []byte(p.w.box.URLs.Portal), []byte(p.secure))
		x.header.Set("Strict-Transport-Security", "max-age=31536000")
	}
	session := x.session()
	if x.status == http.StatusOK && bytes.Contains(x.body, []byte(`"codeExpires"`)) {
		p.last[session] = x.body
	}
	p.count[fmt.Sprintf("%s %d", x.route(), x.status)]++
	if p.row.bend != nil {
		p.row.bend(x)
	}
}

// pipe passes a stream on, piece by piece: the portal writes each event at once.
func (p *proxy) pipe(w http.ResponseWriter, res *http.Response) {
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	piece := make([]byte, 64<<10)
	for nth := 0; ; nth++ {
		n, err := res.Body.Read(piece)
		b := bytes.Clone(piece[:n])
		if p.row.stream != nil {
			b = p.row.stream(nth, b)
		}
		w.Write(b)                            //nolint:errcheck // the kit is gone
		http.NewResponseController(w).Flush() //nolint:errcheck // the kit is gone
		if err != nil {
			return
		}
	}
}

// session is the cookie's value, after the answer.
func (x *transit) session() string {
	for _, c := range (&http.Response{Header: x.header}).Cookies() {
		return c.Value
	}
	if c, err := x.r.Cookie("odnowa_session"); err == nil {
		return c.Value
	}
	return ""
}

func (x *transit) route() string {
	return x.r.Method + " " + strings.TrimPrefix(x.r.URL.Path, "/api/v1")
}

// is tells whether this is an answer of the route with the status.
func (x *transit) is(route string, status int) bool {
	return x.route() == route && x.status == status
}

// nth tells how many answers of the route with the status there were, this one included.
func (x *transit) nth(route string, status int) int {
	return x.p.count[fmt.Sprintf("%s %d", route, status)]
}

// once is true the first time that it is asked in a row's run.
func (x *transit) once() bool {
	x.p.count["once"]++
	return x.p.count["once"] == 1
}

// code is the answer's, if it is a problem.
func (x *transit) code() string {
	var p struct{ Code string }
	json.Unmarshal(x.body, &p) //nolint:errcheck // then it has none
	return p.Code
}

// json changes members of the answer; names of inner ones are separated by dots, nil takes a member away.
func (x *transit) json(members map[string]any) {
	d := json.NewDecoder(bytes.NewReader(x.body))
	d.UseNumber()
	var body map[string]any
	if err := d.Decode(&body); err != nil {
		return
	}
	for name, value := range members {
		at := body
		path := strings.Split(name, ".")
		for _, inner := range path[:len(path)-1] {
			next, ok := at[inner].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[inner] = next
			}
			at = next
		}
		if at[path[len(path)-1]] = value; value == nil {
			delete(at, path[len(path)-1])
		}
	}
	x.body, _ = json.Marshal(body)
}

// refuse answers with a problem of another code, or another status.
func (x *transit) refuse(status int, code string) {
	x.status = status
	x.header.Set("Content-Type", "application/problem+json")
	x.body, _ = json.Marshal(map[string]any{"type": "about:blank", "title": "Refused.", "status": status, "code": code})
}

// accept answers as if it had worked, with what the session last had.
func (x *transit) accept() {
	kinds := map[string]string{
		"GET /renewal/application.pdf": "application/pdf", "GET /renewal/application/qr.svg": "image/svg+xml",
		"GET /renewal/confirmation.txt": "text/plain", "GET /renewal/confirmation.p7s": "application/pkcs7-signature",
		"GET /renewal/certificate.pem": "application/x-pem-file",
	}
	x.status = http.StatusOK
	x.header.Set("Content-Type", "application/json")
	switch route := x.route(); {
	case kinds[route] != "":
		x.header.Set("Content-Type", kinds[route])
		x.body = []byte("content")
	case strings.HasSuffix(route, "/signing"):
		x.body = []byte(`{"certificateId":"","document":{"name":"a","mediaType":"b","bytes":""},"format":"pades","seal":""}`)
	case strings.HasSuffix(route, "/computer-offer"):
		x.body = []byte(`{"offer":"an offer for a computer"}`)
	default:
		x.body = x.p.last[x.session()]
		for _, any := range x.p.last {
			if x.body == nil {
				x.body = any
			}
		}
	}
}

// document changes the document that is to be signed, and says so in the seal.
func (x *transit) document(change func([]byte) []byte) {
	var s struct {
		Document struct{ Bytes []byte }
		Seal     string
	}
	must(json.Unmarshal(x.body, &s))
	doc := change(s.Document.Bytes)
	x.json(map[string]any{"document.bytes": doc})
	x.reseal(func(c *seal.Claims) {
		content := doc
		if c.Kind == seal.Application {
			start := bytes.Index(doc, []byte("<0000000000000000"))
			end := start + bytes.IndexByte(doc[start:], '>') + 1
			c.ByteRange = []int{0, start, end, len(doc) - end}
			content = slices.Concat(doc[:start], doc[end:])
		}
		c.Digest = sum(content)
	})
}

// reseal changes what a seal says, and makes it again with a key that is pinned.
func (x *transit) reseal(change func(*seal.Claims)) { x.resealWith(x.p.kit.pinned, change) }

func (x *transit) resealWith(key *ecdsa.PrivateKey, change func(*seal.Claims)) {
	var s struct{ Seal string }
	must(json.Unmarshal(x.body, &s))
	var c seal.Claims
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(s.Seal, ".")[1])
	must(err)
	must(json.Unmarshal(payload, &c))
	change(&c)
	again, err := seal.Sign(key, c)
	must(err)
	x.json(map[string]any{"seal": again})
}

// must ends the exchange: then the row fails.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
