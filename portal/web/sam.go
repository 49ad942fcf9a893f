package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/renewal"
)

// samWait is the longest that the SAM lets a long poll wait.
const samWait = 25 * time.Second

// samAPI is what the portal asks of the SAM. Refusals are *link.Problem.
type samAPI interface {
	Enrol(ctx context.Context, renewalID string) (*newEnrolment, error)
	SetApplication(ctx context.Context, id, number string) error
	// Wait answers when the version is above the given one, or the wait is over.
	Wait(ctx context.Context, id string, version int64, wait time.Duration) (*enrolment, error)
	// Confirm says that the card has signed for the phone of this statement: from then on no later
	// scan replaces it.
	Confirm(ctx context.Context, id, statement string) error
	SetCertificate(ctx context.Context, id string, certificate []byte, chain [][]byte) error
	Void(ctx context.Context, id string) error
	// Offer gives what the agent of this person's computer registers with, once the SAM has the
	// certificate.
	Offer(ctx context.Context, id string) (string, error)
	// Relay sends a computer's request as it is; path is that of the signing API, with its query. The
	// answer's body is to be closed.
	Relay(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error)
}

// newEnrolment is a freshly opened enrolment; URL is a secret and goes into the QR code.
type newEnrolment struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// enrolment is what the SAM says of one.
type enrolment struct {
	ID        string             `json:"id"`
	Version   int64              `json:"version"`
	State     renewal.PhoneState `json:"state"`
	Code      string             `json:"code"`
	Statement string             `json:"statement"`
}

func (e *enrolment) phone() renewal.Phone {
	return renewal.Phone{State: e.State, Version: e.Version, Code: e.Code, Statement: e.Statement}
}

// samClient calls the SAM's internal API (portal/sam/internal.go).
type samClient struct {
	http *http.Client
	url  string
}

func (c *samClient) Enrol(ctx context.Context, renewalID string) (*newEnrolment, error) {
	var out newEnrolment
	err := link.Do(ctx, c.http, http.MethodPost, c.url+"/v1/enrolments", map[string]string{"renewal": renewalID}, &out)
	if err != nil {
		return nil, err
	}
	return &out, nil
}

func (c *samClient) SetApplication(ctx context.Context, id, number string) error {
	return link.Do(ctx, c.http, http.MethodPut, c.enrolment(id)+"/application", map[string]string{"number": number}, nil)
}

func (c *samClient) Wait(ctx context.Context, id string, version int64, wait time.Duration) (*enrolment, error) {
	var out enrolment
	address := fmt.Sprintf("%s?version=%d&waitMs=%d", c.enrolment(id), version, wait.Milliseconds())
	if err := link.Do(ctx, c.http, http.MethodGet, address, nil, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

func (c *samClient) Confirm(ctx context.Context, id, statement string) error {
	return link.Do(ctx, c.http, http.MethodPut, c.enrolment(id)+"/confirmation", map[string]string{"statement": statement}, nil)
}

func (c *samClient) SetCertificate(ctx context.Context, id string, certificate []byte, chain [][]byte) error {
	in := struct {
		Certificate []byte   `json:"certificate"`
		Chain       [][]byte `json:"chain"`
	}{certificate, chain}
	return link.Do(ctx, c.http, http.MethodPost, c.enrolment(id)+"/certificate", in, nil)
}

func (c *samClient) Void(ctx context.Context, id string) error {
	return link.Do(ctx, c.http, http.MethodDelete, c.enrolment(id), nil, nil)
}

func (c *samClient) Offer(ctx context.Context, id string) (string, error) {
	var out struct {
		Offer string `json:"offer"`
	}
	err := link.Do(ctx, c.http, http.MethodPost, c.enrolment(id)+"/computer-offers", nil, &out)
	return out.Offer, err
}

func (c *samClient) Relay(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making request: %w", err)
	}
	req.Header = header
	return c.http.Do(req)
}

func (c *samClient) enrolment(id string) string {
	return c.url + "/v1/enrolments/" + url.PathEscape(id)
}
