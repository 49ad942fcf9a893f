package rsign

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

const (
	oidSHA256          = "2.16.840.1.101.3.4.2.1"
	oidECDSAWithSHA256 = "1.2.840.10045.4.3.2"
)

// maxLabel is the most characters of what a signature is called on the phone.
const maxLabel = 100

// approvalTime bounds the wait for the phone; the service gives up sooner.
const approvalTime = 10 * time.Minute

// SignRequest asks for one signature.
type SignRequest struct {
	// Portals may be used.
	Portals []string
	// CertificateID is bridge.Certificate.ID.
	CertificateID string
	// Digest is the SHA-256 of a CMS's signed attributes, never one that a website chose.
	Digest []byte
	// Label says on the phone what is signed. It may hold anything; what can't be shown is left out.
	Label string
	// Progress, when not nil, is told when the phone is waited for and when the service signs.
	Progress func(bridge.ProgressState)
}

// Sign has the service sign after the person approved on the phone, and gives the signature in ASN.1 form.
// It has not been verified.
//
// Every error is a *bridge.Error: certificate_unknown, rsign_unavailable, rsign_refused, rsign_expired,
// rsign_locked, rsign_busy, rate_limited, or ctx's cause.
func (s *Store) Sign(ctx context.Context, q SignRequest) ([]byte, error) {
	r, err := s.find(q.Portals, q.CertificateID)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, approvalTime, bridge.Errorf(bridge.CodeRSignExpired, nil))
	defer cancel()
	c, err := s.open(ctx, r)
	if err != nil {
		return nil, err
	}
	handle, err := c.authorize(ctx, r.Credential, q)
	if err != nil {
		return nil, err
	}
	q.progress(bridge.WaitingForPhone)
	sad, err := c.approval(ctx, handle)
	if err != nil {
		return nil, err
	}
	q.progress(bridge.Signing)
	return c.signHash(ctx, r.Credential, sad, q.Digest)
}

func (q SignRequest) progress(state bridge.ProgressState) {
	if q.Progress != nil {
		q.Progress(state)
	}
}

// open gives a client with an access token, which is good for some minutes.
func (s *Store) open(ctx context.Context, r *registration) (*client, error) {
	c, err := newClient(r.Portal, r.key, s.Now)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {r.Computer}}
	if _, err := c.post(ctx, "/oauth2/token", form, &answer); err != nil {
		return nil, err
	}
	if answer.Type != "DPoP" || !isToken(answer.Token) {
		return nil, unavailable(errors.New("not a token for DPoP"))
	}
	c.token = answer.Token
	return c, nil
}

// isToken wants what may stand in a header (RFC 6750 section 2.1, b64token).
func isToken(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 4096
}

// credential is what the service says of one.
type credential struct {
	chain  []*x509.Certificate
	usable bool
}

// credential asks for a certificate and its chain (CSC API v2 section 11.5).
func (c *client) credential(ctx context.Context, id string) (*credential, error) {
	var answer struct {
		Key struct {
			Status string `json:"status"`
		} `json:"key"`
		Cert struct {
			Status       string   `json:"status"`
			Certificates [][]byte `json:"certificates"`
		} `json:"cert"`
	}
	question := map[string]any{"credentialID": id, "certificates": "chain", "certInfo": true, "authInfo": true}
	if _, err := c.post(ctx, "/credentials/info", question, &answer); err != nil {
		return nil, err
	}
	chain, err := parseChain(answer.Cert.Certificates)
	if err != nil {
		return nil, unavailable(err)
	}
	status := answer.Cert.Status
	return &credential{chain, answer.Key.Status == "enabled" && (status == "valid" || status == "")}, nil
}

// parseChain wants a certificate that this program can sign with, and CA certificates behind it.
func parseChain(all [][]byte) ([]*x509.Certificate, error) {
	if len(all) == 0 || len(all) > cades.MaxCertificates {
		return nil, errors.New("no certificate, or too many")
	}
	var chain []*x509.Certificate
	for i, der := range all {
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("parsing certificate: %w", err)
		}
		if parsed.IsCA != (i > 0) {
			return nil, errors.New("certificates are not a chain")
		}
		chain = append(chain, parsed)
	}
	if !slices.Contains(cades.AlgorithmsFor(chain[0].PublicKey), Algorithm) {
		return nil, errors.New("certificate has a key of another type")
	}
	return chain, nil
}

func sameCertificate(a, b *x509.Certificate) bool { return a.Equal(b) }

// authorize asks for the authorisation of one hash (CSC API v2 section 11.6), which the phone gives.
func (c *client) authorize(ctx context.Context, id string, q SignRequest) (string, error) {
	var answer struct {
		Handle string `json:"handle"`
	}
	status, err := c.post(ctx, "/credentials/authorize", map[string]any{
		"credentialID": id, "numSignatures": 1, "hashes": [][]byte{q.Digest}, "hashAlgorithmOID": oidSHA256,
		"description": shorten(q.Label, maxLabel),
	}, &answer)
	if err != nil {
		return "", err
	}
	if status != http.StatusAccepted || answer.Handle == "" {
		return "", unavailable(errors.New("an authorisation that no phone was asked for"))
	}
	return answer.Handle, nil
}

// approval waits until the phone has answered and gives the signature activation data.
func (c *client) approval(ctx context.Context, handle string) (string, error) {
	for {
		var answer struct {
			SAD string `json:"SAD"`
		}
		status, err := c.post(ctx, "/credentials/authorizeCheck", map[string]any{"handle": handle}, &answer)
		var api *apiError
		switch {
		case errors.As(err, &api) && api.Code == "invalid_request" && codeOf(err) == bridge.CodeRSignUnavailable:
			return "", bridge.Errorf(bridge.CodeRSignExpired, err)
		case errors.Is(err, errUnanswered):
			if err := pause(ctx); err != nil {
				return "", err
			}
		case err != nil:
			return "", err
		case status == http.StatusOK && answer.SAD != "":
			return answer.SAD, nil
		case status != http.StatusAccepted:
			return "", unavailable(errors.New("an approval without data"))
		}
	}
}

// signHash uses the SAD up (CSC API v2 section 11.10). It is not asked again: the SAD may be used already.
func (c *client) signHash(ctx context.Context, id, sad string, digest []byte) ([]byte, error) {
	var answer struct {
		Signatures [][]byte `json:"signatures"`
	}
	_, err := c.post(ctx, "/signatures/signHash", map[string]any{
		"credentialID": id, "SAD": sad, "hashes": [][]byte{digest}, "hashAlgorithmOID": oidSHA256,
		"signAlgo": oidECDSAWithSHA256, "operationMode": "S",
	}, &answer)
	if err != nil {
		return nil, err
	}
	if len(answer.Signatures) != 1 {
		return nil, unavailable(errors.New("not one signature"))
	}
	return answer.Signatures[0], nil
}
