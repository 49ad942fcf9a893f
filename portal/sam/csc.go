package sam

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/sam/dpop"
	"github.com/odnowa/odnowa/protocol/strictjson"
)

const (
	// signingPath is where the signing API is, at the portal and here.
	signingPath = "/csc/v2"
	// maxSigningBody is the most bytes of a computer's request.
	maxSigningBody = 64 << 10
	// checkWait is how long authorizeCheck waits for the phone.
	checkWait = 20 * time.Second
	// ClientHeader is where the portal says which network a request came to it from. It is believed
	// for limits and nothing else.
	ClientHeader = "Odnowa-Client"
)

// api is the signing API for computers: the CSC API v2.0.0.2, the part of it that fits one key whose
// use a phone authorises, and the registration of computers. The portal carries it (portal/web) and
// is trusted with none of it: a computer proves its key in each request (package dpop), the phone
// authorises each signature, and neither can be made by who carries them.
//
//	POST /csc/v2/info
//	POST /csc/v2/odnowa/computers             {key, name, offer?} -> 201 Registration
//	GET  /csc/v2/odnowa/computers/{id}?waitMs= -> RegistrationState  long poll
//	POST /csc/v2/odnowa/computers/{id}/cancel -> RegistrationState  the computer's own no, at any time
//	POST /csc/v2/oauth2/token                 grant_type=client_credentials&client_id= -> token
//	POST /csc/v2/credentials/list
//	POST /csc/v2/credentials/info
//	POST /csc/v2/credentials/authorize        -> 202 {handle}
//	POST /csc/v2/credentials/authorizeCheck   -> 202 {} or 200 {SAD, expiresIn}  long poll
//	POST /csc/v2/signatures/signHash          -> {signatures}
//
// All but info want a DPoP proof; what is under credentials and signatures an access token too.
type api struct {
	r     *registry
	limit *limiter
}

func newSigning(r *registry, c Config) http.Handler {
	a := &api{r: r, limit: newLimiter(c.perMinute(), time.Now)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+signingPath+"/info", a.info)
	mux.HandleFunc("POST "+signingPath+"/odnowa/computers", a.serve(a.newComputer))
	mux.HandleFunc("GET "+signingPath+"/odnowa/computers/{id}", a.serve(a.wait))
	mux.HandleFunc("POST "+signingPath+"/odnowa/computers/{id}/cancel", a.serve(a.cancel))
	mux.HandleFunc("POST "+signingPath+"/oauth2/token", a.serve(a.newToken))
	for path, serve := range map[string]func(*computer, *call) error{
		"credentials/list": a.list, "credentials/info": a.credential, "credentials/authorize": a.authorize,
		"credentials/authorizeCheck": a.check, "signatures/signHash": a.sign,
	} {
		mux.HandleFunc("POST "+signingPath+"/"+path, a.withToken(serve))
	}
	return a.guard(mux)
}

// call is a request that has been read.
type call struct {
	http.ResponseWriter
	req    *http.Request
	body   []byte
	client netip.Prefix
}

func (c *call) answer(status int, v any) { link.WriteJSON(c, status, v) }

func (a *api) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		client, err := clientNetwork(req.Header)
		if err != nil {
			a.fail(w, decline(errRequest, "no client"))
			return
		}
		if !a.limit.allowNetwork(client) {
			a.fail(w, decline(errTooMany, ""))
			return
		}
		req.Body = http.MaxBytesReader(w, req.Body, maxSigningBody)
		next.ServeHTTP(w, req)
	})
}

// clientNetwork reads the header in which the portal says who called it: an address, or a network.
func clientNetwork(h http.Header) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(h.Get(ClientHeader)); err == nil {
		return networkOf(p.Addr()), nil
	}
	addr, err := netip.ParseAddr(h.Get(ClientHeader))
	if err != nil {
		return netip.Prefix{}, err
	}
	return networkOf(addr), nil
}

// read takes the body in; nothing is decided before it is there, since the proof may be over it.
func read(w http.ResponseWriter, req *http.Request) (*call, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	client, err := clientNetwork(req.Header)
	return &call{w, req, body, client}, err
}

// prove holds the request's proof against the request as the computer sent it to the portal.
func (a *api) prove(c *call, token string) (*dpop.Proof, error) {
	values := c.req.Header.Values("DPoP")
	if len(values) != 1 {
		return nil, decline(errProof, "not one")
	}
	path, _ := strings.CutPrefix(c.req.URL.EscapedPath(), signingPath)
	p, err := dpop.Check(values[0], dpop.Request{Method: c.req.Method, URL: a.r.signingURL + path, Token: token, Body: c.body, Now: a.r.now()})
	if err != nil {
		return nil, decline(errProof, err.Error())
	}
	return p, nil
}

func (a *api) serve(serve func(*call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		c, err := read(w, req)
		if err == nil {
			err = serve(c)
		}
		if err != nil {
			a.fail(w, err)
		}
	}
}

// withToken serves a call of a registered computer.
func (a *api) withToken(serve func(*computer, *call) error) http.HandlerFunc {
	return a.serve(func(c *call) error {
		who, err := a.caller(c)
		if err != nil {
			return err
		}
		return serve(who, c)
	})
}

func (a *api) caller(c *call) (*computer, error) {
	values := c.req.Header.Values("Authorization")
	if len(values) != 1 {
		return nil, decline(errToken, "none")
	}
	token, ok := strings.CutPrefix(values[0], "DPoP ")
	if !ok || token == "" {
		return nil, decline(errToken, "other scheme")
	}
	p, err := a.prove(c, token)
	if err != nil {
		return nil, err
	}
	return a.r.authenticate(c.req.Context(), token, p)
}

// parse reads a JSON body strictly.
func (c *call) parse(into any) error {
	if t, _, err := mime.ParseMediaType(c.req.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return decline(errRequest, "not JSON")
	}
	if err := strictjson.Read(c.body, into); err != nil {
		return decline(errRequest, err.Error())
	}
	return nil
}

func (a *api) newComputer(c *call) error {
	var in struct {
		Key   []byte `json:"key"`
		Name  string `json:"name"`
		Offer string `json:"offer"`
	}
	if err := c.parse(&in); err != nil {
		return err
	}
	p, err := a.prove(c, "")
	if err != nil {
		return err
	}
	if !bytes.Equal(p.Key, in.Key) {
		return decline(errProof, "another key")
	}
	ctx := c.req.Context()
	if err := a.r.spendProof(ctx, a.r.db, p); err != nil {
		return err
	}
	out, err := a.r.register(ctx, newComputer{in.Key, in.Name, in.Offer, c.client})
	if err != nil {
		return err
	}
	c.answer(http.StatusCreated, out)
	return nil
}

func (a *api) wait(c *call) error {
	ms, err := number(c.req.URL.Query().Get("waitMs"))
	if err != nil {
		return decline(errRequest, "waitMs")
	}
	p, err := a.prove(c, "")
	if err != nil {
		return err
	}
	ctx, id := c.req.Context(), c.req.PathValue("id")
	if _, err := a.r.registration(ctx, id, p.Key, 0); err != nil {
		return err
	}
	if err := a.r.spendProof(ctx, a.r.db, p); err != nil {
		return err
	}
	out, err := a.r.registration(ctx, id, p.Key, waitOf(ms))
	if err != nil {
		return err
	}
	c.answer(http.StatusOK, out)
	return nil
}

// cancel ends a registration for the computer whose key it is.
func (a *api) cancel(c *call) error {
	p, err := a.prove(c, "")
	if err != nil {
		return err
	}
	ctx, id := c.req.Context(), c.req.PathValue("id")
	if err := a.r.cancel(ctx, id, p); err != nil {
		return err
	}
	out, err := a.r.registration(ctx, id, p.Key, 0)
	if err != nil {
		return err
	}
	c.answer(http.StatusOK, out)
	return nil
}

// newToken is OAuth 2.0's token endpoint (RFC 6749 section 4.4): the proof by the registered key is what
// authenticates the computer.
func (a *api) newToken(c *call) error {
	t, _, err := mime.ParseMediaType(c.req.Header.Get("Content-Type"))
	form, errForm := url.ParseQuery(string(c.body))
	if err != nil || errForm != nil || t != "application/x-www-form-urlencoded" || len(form["grant_type"]) != 1 || len(form["client_id"]) != 1 {
		return decline(errRequest, "form")
	}
	if form.Get("grant_type") != "client_credentials" {
		return decline(errGrant, "")
	}
	p, err := a.prove(c, "")
	if err != nil {
		return err
	}
	token, err := a.r.token(c.req.Context(), form.Get("client_id"), p)
	if err != nil {
		return err
	}
	c.answer(http.StatusOK, map[string]any{"access_token": token, "token_type": "DPoP", "expires_in": tokenSeconds})
	return nil
}

// The hashes of the CSC API are standard base64 of raw bytes.
func parseHashes(hashes []string, algorithm string) ([]byte, error) {
	if algorithm != oidSHA256 {
		return nil, decline(errAlgorithm, "")
	}
	if len(hashes) > 1 {
		return nil, decline(errCount, "")
	} else if len(hashes) == 0 {
		return nil, decline(errHash, "none")
	}
	hash, err := base64.StdEncoding.Strict().DecodeString(hashes[0])
	if err != nil || len(hash) != 32 || strings.ContainsAny(hashes[0], "\r\n") {
		return nil, decline(errHash, "")
	}
	return hash, nil
}
