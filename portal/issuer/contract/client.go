package contract

import (
	"context"
	"net/http"
	"net/url"

	"github.com/odnowa/odnowa/portal/link"
)

// Peer is the issuer's name in link certificates.
const Peer = "issuer"

// Client calls the issuer. Refusals are *link.Problem.
type Client struct {
	HTTP *http.Client // of link.Config.Client(Peer)
	URL  string       // such as https://127.0.0.1:8703
}

// Check asks whether a certificate may carry a renewal.
func (c *Client) Check(ctx context.Context, in CheckRequest) (*Check, error) {
	return post[Check](ctx, c, "/v1/checks", in)
}

// DrawUp has an application drawn up and sealed.
func (c *Client) DrawUp(ctx context.Context, in ApplicationRequest) (*Application, error) {
	return post[Application](ctx, c, "/v1/applications", in)
}

// Void withdraws an application; doing so twice, or for an unknown number, is no error.
func (c *Client) Void(ctx context.Context, number string) error {
	return link.Do(ctx, c.HTTP, http.MethodDelete, c.URL+"/v1/applications/"+url.PathEscape(number), nil, nil)
}

// Confirm has a confirmation drawn up and sealed.
func (c *Client) Confirm(ctx context.Context, in ConfirmationRequest) (*Confirmation, error) {
	return post[Confirmation](ctx, c, "/v1/confirmations", in)
}

// Issue asks for the certificate. After a lost answer it is asked again with the same values.
func (c *Client) Issue(ctx context.Context, in CertificateRequest) (*Certificate, error) {
	return post[Certificate](ctx, c, "/v1/certificates", in)
}

// Revoke revokes a certificate for good.
func (c *Client) Revoke(ctx context.Context, in RevocationRequest) (*Revocation, error) {
	return post[Revocation](ctx, c, "/v1/revocations", in)
}

func post[Out, In any](ctx context.Context, c *Client, path string, in In) (*Out, error) {
	var out Out
	if err := link.Do(ctx, c.HTTP, http.MethodPost, c.URL+path, in, &out); err != nil {
		return nil, err
	}
	return &out, nil
}
