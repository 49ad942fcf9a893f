package pades

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
)

const (
	// maxAnswer is the most bytes of an authority's answer that are read: a token and its frame.
	maxAnswer = 32 << 10
	// clockTolerance is how far the authority's clock and this machine's may be apart.
	clockTolerance = 5 * time.Minute
	// answerTimeout bounds one exchange; the caller's context may be shorter.
	answerTimeout = 15 * time.Second
)

// Client is a TimeStamper that asks an authority by RFC 3161 section 3.4, over HTTP. Its fields do
// not change while it is used; any number of goroutines may use it.
type Client struct {
	URL   string
	Trust Trust
	// Transport is for tests and proxies; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// TimeStamp gets a token over the digest and checks it: Trust, the nonce, and that its time is now.
// Errors of the exchange wrap their cause, all others ErrTimeStamp.
func (c *Client) TimeStamp(ctx context.Context, digestSHA256 []byte) ([]byte, error) {
	if len(digestSHA256) != crypto.SHA256.Size() {
		return nil, errors.New("time-stamping: digest is not a SHA-256")
	}
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, fmt.Errorf("time-stamping: %w", err)
	}
	request := timestamp.Request{
		HashAlgorithm: crypto.SHA256, HashedMessage: digestSHA256,
		Certificates: true, Nonce: nonce, TSAPolicyOID: c.Trust.Policy,
	}
	query, err := request.Marshal()
	if err != nil {
		return nil, fmt.Errorf("time-stamping: %w", err)
	}
	answer, err := c.exchange(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("time-stamping: %w", err)
	}
	token, err := c.open(answer, digestSHA256, nonce)
	if err != nil {
		return nil, fmt.Errorf("time-stamping: %w: %w", ErrTimeStamp, err)
	}
	return token, nil
}

func (c *Client) exchange(ctx context.Context, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/timestamp-query")
	client := http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the address is configured; another is not followed
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK || kind != "application/timestamp-reply" {
		return nil, fmt.Errorf("%w: authority answered with status %d", ErrTimeStamp, response.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading answer: %w", err)
	}
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("%w: answer is too large", ErrTimeStamp)
	}
	return answer, nil
}

func (c *Client) open(answer, digest []byte, nonce *big.Int) ([]byte, error) {
	if !isDER(answer) {
		return nil, errors.New("answer is not DER")
	}
	parsed, err := parseResponse(answer)
	if err != nil {
		return nil, err
	}
	ts, err := c.Trust.check(parsed.RawToken, digest)
	if err != nil {
		return nil, err
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	switch {
	case ts.Nonce == nil || ts.Nonce.Cmp(nonce) != 0:
		return nil, errors.New("it answers another request")
	case now().Sub(ts.Time).Abs() > clockTolerance:
		return nil, errors.New("its time is not now")
	}
	return ts.RawToken, nil
}
