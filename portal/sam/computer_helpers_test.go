package sam

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"crypto"
	"encoding/asn1"
	"math/big"

	"github.com/odnowa/odnowa/protocol/jws"
)

// fakeComputer is an agent in Go.
type fakeComputer struct {
	w      *world
	key    *ecdsa.PrivateKey
	client string
	reg    Registration
	token  string
}

func (w *world) computer() *fakeComputer {
	w.t.Helper()
	return &fakeComputer{w: w, key: newP256(w.t), client: "192.0.2.7"}
}

func (c *fakeComputer) spki() []byte { return spki(c.w.t, c.key.Public()) }

func (c *fakeComputer) code() string { return ComputerCode(c.spki(), c.reg.SAMKey, c.reg.Nonce) }

// proofClaims is a good proof's payload for a call.
func (c *fakeComputer) proofClaims(method, path, token string, body []byte) object {
	path, _, _ = strings.Cut(path, "?")
	sum := sha256.Sum256(body)
	claims := object{
		"jti": random(), "htm": method, "htu": c.w.config.SigningURL + "/" + path, "iat": c.w.r.now().Unix(),
		"bh": jws.Encode(sum[:]),
	}
	if token != "" {
		ath := sha256.Sum256([]byte(token))
		claims["ath"] = jws.Encode(ath[:])
	}
	return claims
}

// proofOf signs claims as a DPoP proof.
func proofOf(t *testing.T, key *ecdsa.PrivateKey, claims object) string {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	h, _ := json.Marshal(object{"typ": "dpop+jwt", "alg": "ES256", "jwk": object{
		"kty": "EC", "crv": "P-256", "x": jws.Encode(point[1:33]), "y": jws.Encode(point[33:]),
	}})
	p, _ := json.Marshal(claims)
	input := jws.Encode(h) + "." + jws.Encode(p)
	return input + "." + jws.Encode(signRaw(t, key, []byte(input)))
}

func signRaw(t *testing.T, key *ecdsa.PrivateKey, input []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(input)
	der, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	var s struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &s); err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 64)
	s.R.FillBytes(out[:32])
	s.S.FillBytes(out[32:])
	return out
}

// signed is an answer of the signing API.
type signed struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// wantError fails unless the answer is this error, in status, symbol and description.
func (a signed) wantError(kind *errorKind) signed {
	a.t.Helper()
	var got struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	json.Unmarshal(a.body, &got)
	if a.status != kind.status || got.Error != kind.code || got.Description != kind.description {
		a.t.Fatalf("answer = %d %s, want %d %s (%s)", a.status, a.body, kind.status, kind.code, kind.description)
	}
	return a
}

// into wants a success with this status.
func (a signed) into(status int, v any) signed {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("answer = %d %s, want %d", a.status, a.body, status)
	}
	if v != nil {
		if err := json.Unmarshal(a.body, v); err != nil {
			a.t.Fatalf("%s: %v", a.body, err)
		}
	}
	return a
}

// request makes a request as the portal relays it; path is below /csc/v2/.
func (c *fakeComputer) request(method, path, mediaType string, body []byte) *http.Request {
	c.w.t.Helper()
	req, err := http.NewRequestWithContext(c.w.t.Context(), method, c.w.internal.URL+signingPath+"/"+path, bytes.NewReader(body))
	if err != nil {
		c.w.t.Fatal(err)
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	req.Header.Set(ClientHeader, c.client)
	return req
}

func (c *fakeComputer) do(req *http.Request) signed {
	c.w.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.w.t.Fatal(err)
	}
	return signed{c.w.t, res.StatusCode, res.Header, b}
}

// call sends a JSON body with a good proof, and the token where there is one.
func (c *fakeComputer) call(method, path string, body any) signed {
	c.w.t.Helper()
	var b []byte
	if body != nil {
		b, _ = json.Marshal(body)
	}
	req := c.request(method, path, "application/json", b)
	req.Header.Set("DPoP", proofOf(c.w.t, c.key, c.proofClaims(method, path, c.token, b)))
	if c.token != "" {
		req.Header.Set("Authorization", "DPoP "+c.token)
	}
	return c.do(req)
}

func (c *fakeComputer) register(offer string) signed {
	c.w.t.Helper()
	body := object{"key": c.spki(), "name": "Dell TEST (Linux)"}
	if offer != "" {
		body["offer"] = offer
	}
	a := c.call("POST", "odnowa/computers", body)
	if a.status == http.StatusCreated {
		a.into(http.StatusCreated, &c.reg)
	}
	return a
}

func (c *fakeComputer) state() RegistrationState {
	c.w.t.Helper()
	token := c.token
	c.token = ""
	defer func() { c.token = token }()
	var s RegistrationState
	c.call("GET", "odnowa/computers/"+c.reg.ID, nil).into(http.StatusOK, &s)
	return s
}

func (c *fakeComputer) newToken() signed {
	c.w.t.Helper()
	body := []byte(url.Values{"grant_type": {"client_credentials"}, "client_id": {c.reg.ID}}.Encode())
	req := c.request("POST", "oauth2/token", "application/x-www-form-urlencoded", body)
	req.Header.Set("DPoP", proofOf(c.w.t, c.key, c.proofClaims("POST", "oauth2/token", "", body)))
	a := c.do(req)
	if a.status == http.StatusOK {
		var out struct {
			Token string `json:"access_token"`
		}
		a.into(http.StatusOK, &out)
		c.token = out.Token
	}
	return a
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func (c *fakeComputer) authorizeBody(credential string, hash []byte) object {
	return object{
		"credentialID": credential, "numSignatures": 1, "hashes": []string{base64.StdEncoding.EncodeToString(hash)},
		"hashAlgorithmOID": oidSHA256, "description": "umowa TEST.pdf", "clientData": "",
	}
}

func (c *fakeComputer) authorize(credential string, hash []byte) (handle string) {
	c.w.t.Helper()
	var out struct{ Handle string }
	c.call("POST", "credentials/authorize", c.authorizeBody(credential, hash)).into(http.StatusAccepted, &out)
	return out.Handle
}

// check wants an answer to have come; it fails when the phone is still waited for.
func (c *fakeComputer) check(handle string) (sad string) {
	c.w.t.Helper()
	var out struct {
		SAD       string
		ExpiresIn int
	}
	c.call("POST", "credentials/authorizeCheck", object{"handle": handle}).into(http.StatusOK, &out)
	if out.ExpiresIn <= 0 || out.ExpiresIn > sadSeconds {
		c.w.t.Fatalf("expiresIn = %d", out.ExpiresIn)
	}
	return out.SAD
}

func (c *fakeComputer) signBody(credential, sad string, hash []byte) object {
	return object{
		"credentialID": credential, "SAD": sad, "hashes": [][]byte{hash}, "hashAlgorithmOID": oidSHA256,
		"signAlgo": oidECDSASHA256, "operationMode": "S",
	}
}

func (c *fakeComputer) sign(credential, sad string, hash []byte) signed {
	c.w.t.Helper()
	return c.call("POST", "signatures/signHash", c.signBody(credential, sad, hash))
}

// active gives a phone with a certificate.
func (w *world) active() *fakePhone {
	w.t.Helper()
	id, token := w.enrol("renewal-" + random())
	p := w.ready(token)
	cert, chain := issue(w.t, p.credential.Key)
	w.portal("POST", "/v1/enrolments/"+id+"/certificate", object{"certificate": cert, "chain": chain}).want("")
	return p
}

// deviceProof is signed by the device key alone.
func (p *fakePhone) deviceProof(kind, subject string) Proof {
	p.w.t.Helper()
	c := p.challenge()
	return p.prove(object{
		"aud": "sam", "type": kind, "enrolment": p.welcome.Enrolment, "sub": subject, "jti": c.ID, "iat": c.IssuedAt, "exp": c.ExpiresAt,
	}, roleDevice)
}

func (p *fakePhone) byDevice(path, kind, subject string) answer {
	p.w.t.Helper()
	return p.call(path, object{"enrolment": p.welcome.Enrolment, "proof": p.deviceProof(kind, subject)})
}

func (p *fakePhone) find(code string) answer {
	p.w.t.Helper()
	return p.byDevice("computers/find", "find-computer", code)
}

// both sends claims, with challenge and counter, signed by both keys; pin false is another PIN's.
func (p *fakePhone) both(path string, pin bool, claims object) answer {
	p.w.t.Helper()
	c := p.challenge()
	p.counter++
	for k, v := range (object{"aud": "sam", "enrolment": p.welcome.Enrolment, "jti": c.ID, "ctr": p.counter, "iat": c.IssuedAt, "exp": c.ExpiresAt}) {
		if _, set := claims[k]; !set {
			claims[k] = v
		}
	}
	q := *p
	if !pin {
		q.pin = p.w.phone().pin
	}
	return p.call(path, object{"enrolment": p.welcome.Enrolment, "proof": q.prove(claims, roleDevice, rolePIN)})
}

func (p *fakePhone) registerClaims(f FoundComputer) object {
	sum := sha256.Sum256(f.Key)
	return object{"type": "register-computer", "credential": p.credential.ID, "computer": f.ID, "key": jws.Encode(sum[:])}
}

// connect types the computer's code and confirms it.
func (p *fakePhone) connect(c *fakeComputer) {
	p.w.t.Helper()
	var f FoundComputer
	p.find(c.code()).want("").into(&f)
	p.both("computers/confirm", true, p.registerClaims(f)).want("")
}

func signClaimsOf(q *PendingRequest, credential string) object {
	return object{
		"type": "sign", "credentialID": credential, "hashes": q.Hashes, "hashAlgorithmOID": q.Algorithm,
		"numSignatures": q.Count, "label": q.Label, "request": q.ID,
	}
}

func (p *fakePhone) approve(pin bool) answer {
	p.w.t.Helper()
	q := p.state().Request
	if q == nil {
		p.w.t.Fatal("no request on the phone")
	}
	return p.both("requests/approve", pin, signClaimsOf(q, p.credential.ID))
}

// connected gives a phone with a certificate and a computer with a token.
func (w *world) connected() (*fakePhone, *fakeComputer) {
	w.t.Helper()
	p, c := w.active(), w.computer()
	c.register("").into(http.StatusCreated, nil)
	p.connect(c)
	c.newToken().into(http.StatusOK, nil)
	return p, c
}
