package rsign

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	// maxBody is the most bytes of an answer: a certificate with its chain is the longest.
	maxBody = 256 << 10
	// requestTimeout bounds a request; the service holds some for up to 25 s.
	requestTimeout = 45 * time.Second
	// holdMs is how long the service is asked to hold a request that waits for the phone. It looks for
	// changes while it holds; one that comes just between two requests is seen with the next, so this is
	// shorter than the service would hold.
	holdMs = "10000"
	// retryPause is what passes before a question is put again that got no answer.
	retryPause = time.Second
)

// client speaks to one CSC API with one computer's key.
type client struct {
	base  string
	key   *ecdsa.PrivateKey
	http  *http.Client
	now   func() time.Time
	token string // access token, once there is one
}

// newClient refuses an address that the policy would refuse, too.
func newClient(base string, key *ecdsa.PrivateKey, now func() time.Time) (*client, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, unavailable(err)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !policy.Loopback(u.Hostname())) {
		return nil, unavailable(errors.New("neither https nor this computer"))
	}
	return &client{base: base, key: key, now: now, http: httpClient}, nil
}

// httpClient is shared for its connections.
var httpClient = &http.Client{
	Timeout: requestTimeout,
	// A proof is for one address, and a service that has moved is the administrator's to follow.
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		DialContext:            dial,
		Proxy:                  proxy,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        30 * time.Second,
	},
}

// dial connects; localhost and the names below it are this computer, whatever a resolver says (RFC 6761
// section 6.3). Not every system's resolver knows them.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if !policy.Loopback(host) || net.ParseIP(host) != nil {
		return d.DialContext(ctx, network, address)
	}
	conn, err := d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	if err == nil {
		return conn, nil
	}
	if conn, err6 := d.DialContext(ctx, network, net.JoinHostPort("::1", port)); err6 == nil {
		return conn, nil
	}
	return nil, err
}

func proxy(r *http.Request) (*url.URL, error) {
	if policy.Loopback(r.URL.Hostname()) {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}

// apiError is a refusal in the API's own words (CSC API v2 section 10, RFC 6749 section 5.2). Only the code
// decides; the description is for the log.
type apiError struct {
	Status      int
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *apiError) Error() string {
	return fmt.Sprintf("service answers %d %.40q: %.100q", e.Status, e.Code, e.Description)
}

// errUnanswered means that the service was not reached or failed, so that asking again may help.
var errUnanswered = errors.New("no answer")

// post sends JSON, or a form where body is url.Values, and reads the answer into answer. It gives the HTTP
// status, one of 200, 201 and 202.
func (c *client) post(ctx context.Context, path string, body, answer any) (int, error) {
	contentType := "application/json"
	var data []byte
	if form, ok := body.(url.Values); ok {
		contentType, data = "application/x-www-form-urlencoded", []byte(form.Encode())
	} else {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return 0, fmt.Errorf("encoding request: %w", err)
		}
	}
	return c.do(ctx, http.MethodPost, path, "", contentType, data, answer)
}

func (c *client) get(ctx context.Context, path, query string, answer any) error {
	_, err := c.do(ctx, http.MethodGet, path, query, "", nil, answer)
	return err
}

func (c *client) do(ctx context.Context, method, path, query, contentType string, body []byte, answer any) (int, error) {
	address := c.base + path
	signed, err := proof(c.key, method, address, c.token, body, c.now())
	if err != nil {
		return 0, err
	}
	if query != "" {
		address += "?" + query
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, unavailable(err)
	}
	r.Header.Set("DPoP", signed)
	r.Header.Set("User-Agent", "odnowa-agent")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "DPoP "+c.token)
	}
	response, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return 0, unavailable(fmt.Errorf("%w: %w", errUnanswered, err))
	}
	defer response.Body.Close()
	return response.StatusCode, read(response, answer)
}

// read takes an answer in, or the refusal in it.
func read(response *http.Response, answer any) error {
	data, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return unavailable(fmt.Errorf("%w: %w", errUnanswered, err))
	case len(data) > maxBody:
		return unavailable(errors.New("answer is too long"))
	case response.StatusCode >= 500:
		return unavailable(fmt.Errorf("%w: HTTP status %d", errUnanswered, response.StatusCode))
	case response.StatusCode >= 400:
		e := &apiError{}
		_ = json.Unmarshal(data, e) // what can't be read has no code
		e.Status = response.StatusCode
		return refusal(e)
	case response.StatusCode < 200 || response.StatusCode > 202:
		return unavailable(fmt.Errorf("HTTP status %d", response.StatusCode))
	}
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); kind != "application/json" {
		return unavailable(errors.New("answer is not JSON"))
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return unavailable(errors.New("answer cannot be read"))
	}
	return nil
}

// refusal maps the API's codes to the bridge's.
func refusal(e *apiError) error {
	switch {
	case e.Status == http.StatusTooManyRequests:
		return bridge.Errorf(bridge.CodeRateLimited, e)
	case e.Code == "access_denied", e.Code == "invalid_client", e.Code == "invalid_token":
		return bridge.Errorf(bridge.CodeRSignRefused, e)
	case e.Code != "invalid_request":
		return unavailable(e)
	}
	// The API has one code for all of these and tells them apart by the description.
	switch e.Description {
	case "Credential locked", "The certificate is not valid now":
		return bridge.Errorf(bridge.CodeRSignLocked, e)
	case "Another request is waiting for the phone":
		return bridge.Errorf(bridge.CodeRSignBusy, e)
	}
	return unavailable(e)
}

// pause waits before a question is put again. The error is ctx's cause.
func pause(ctx context.Context) error {
	timer := time.NewTimer(retryPause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
