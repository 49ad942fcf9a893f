package rsigntest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	path, ok := strings.CutPrefix(r.URL.Path, "/csc/v2")
	if err != nil || !ok {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook != nil && hook(w, r, path, body) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP ")
	key, why := s.prove(r, body, token)
	if why != "" {
		s.refusals = append(s.refusals, path+": "+why)
		refuse(w, 401, "invalid_dpop_proof", why)
		return
	}
	switch {
	case path == "/odnowa/computers" && r.Method == http.MethodPost:
		s.register(w, body, key)
	case strings.HasPrefix(path, "/odnowa/computers/") && r.Method == http.MethodGet:
		s.state(w, r, strings.TrimPrefix(path, "/odnowa/computers/"), key)
	case strings.HasPrefix(path, "/odnowa/computers/") && strings.HasSuffix(path, "/cancel") && r.Method == http.MethodPost:
		s.cancel(w, strings.TrimSuffix(strings.TrimPrefix(path, "/odnowa/computers/"), "/cancel"), key)
	case path == "/oauth2/token" && r.Method == http.MethodPost:
		s.token(w, r, body, key)
	case r.Method == http.MethodPost:
		s.csc(w, path, body, token, key)
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) register(w http.ResponseWriter, body, key []byte) {
	var q struct {
		Key         []byte
		Name, Offer string
	}
	if json.Unmarshal(body, &q) != nil || !bytes.Equal(q.Key, key) || q.Name == "" || len([]rune(q.Name)) > 64 {
		refuse(w, 400, "invalid_request", "")
		return
	}
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce) // never fails
	c := &Computer{
		ID: "computer-" + rand.Text(), Name: q.Name, Offer: q.Offer, State: "open",
		Code: code(key, s.samKey, nonce), key: key, expires: time.Now().Add(5 * time.Minute),
	}
	s.computers[c.ID] = c
	Write(w, 201, map[string]any{"id": c.ID, "nonce": nonce, "samKey": s.samKey, "expiresAt": c.expires.UTC().Truncate(time.Second)})
}

func (s *Server) state(w http.ResponseWriter, r *http.Request, id string, key []byte) {
	c := s.computers[id]
	if c == nil || !bytes.Equal(c.key, key) {
		refuse(w, 401, "invalid_client", "")
		return
	}
	waitMs, err := strconv.Atoi(r.URL.Query().Get("waitMs"))
	if err != nil || waitMs > 25_000 {
		refuse(w, 400, "invalid_request", "")
		return
	}
	was := c.State
	s.wait(time.Duration(waitMs)*time.Millisecond, func() bool { return c.State != was || was != "open" && was != "found" })
	answer := map[string]string{"state": c.State}
	if c.State == "active" {
		answer["credentialID"] = s.Credential
	}
	Write(w, 200, answer)
}

func (s *Server) cancel(w http.ResponseWriter, id string, key []byte) {
	c := s.computers[id]
	if c == nil || !bytes.Equal(c.key, key) {
		refuse(w, 404, "not_found", "")
		return
	}
	c.State = "cancelled"
	s.changed.Broadcast()
	Write(w, 200, map[string]string{"state": "expired"})
}

// wait lets others in until done, the time is over or the server closes.
func (s *Server) wait(limit time.Duration, done func() bool) {
	timer := time.AfterFunc(limit, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer timer.Stop()
	for end := time.Now().Add(limit); !done() && time.Now().Before(end) && !s.closed; {
		s.changed.Wait()
	}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request, body, key []byte) {
	form, err := url.ParseQuery(string(body))
	c := s.computers[form.Get("client_id")]
	switch {
	case err != nil || form.Get("grant_type") != "client_credentials" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded":
		refuse(w, 400, "invalid_request", "")
	case c == nil || c.State != "active" || !bytes.Equal(c.key, key):
		refuse(w, 401, "invalid_client", "")
	default:
		token := rand.Text()
		s.tokens[token] = c.ID
		Write(w, 200, map[string]any{"access_token": token, "token_type": "DPoP", "expires_in": 600})
	}
}

// question has the members of all of the API's requests.
type question struct {
	CredentialID     string
	NumSignatures    int
	Hashes           [][]byte
	HashAlgorithmOID string
	Description      string
	Handle, SAD      string
	SignAlgo         string
	OperationMode    string
}

func (s *Server) csc(w http.ResponseWriter, path string, body []byte, token string, key []byte) {
	c := s.computers[s.tokens[token]]
	if c == nil || c.State != "active" || !bytes.Equal(c.key, key) {
		refuse(w, 401, "invalid_token", "")
		return
	}
	var q question
	if err := json.Unmarshal(body, &q); err != nil || path != "/credentials/authorizeCheck" && q.CredentialID != s.Credential {
		refuse(w, 400, "invalid_request", "")
		return
	}
	switch path {
	case "/credentials/info":
		Write(w, 200, s.Info())
	case "/credentials/authorize":
		s.authorize(w, c, q)
	case "/credentials/authorizeCheck":
		s.check(w, c, q)
	case "/signatures/signHash":
		s.signHash(w, c, q)
	default:
		refuse(w, 404, "invalid_request", "")
	}
}

// Info is the answer of credentials/info.
func (s *Server) Info() map[string]any {
	return map[string]any{
		"key":  map[string]any{"status": "enabled", "algo": []string{"1.2.840.10045.4.3.2"}, "len": 256, "curve": "1.2.840.10045.3.1.7"},
		"cert": map[string]any{"status": "valid", "certificates": [][]byte{s.Person.Raw, s.CA.Raw}},
		"auth": map[string]any{"mode": "explicit"}, "SCAL": "2", "multisign": 1,
	}
}

func (s *Server) authorize(w http.ResponseWriter, c *Computer, q question) {
	if q.NumSignatures != 1 || len(q.Hashes) != 1 || len(q.Hashes[0]) != 32 || q.HashAlgorithmOID != "2.16.840.1.101.3.4.2.1" || len([]rune(q.Description)) > 100 {
		refuse(w, 400, "invalid_request", "")
		return
	}
	r := &Request{Handle: rand.Text(), Label: q.Description, State: "pending", Hash: q.Hashes[0], computer: c.ID}
	s.requests[r.Handle] = r
	Write(w, 202, map[string]string{"handle": r.Handle})
}

func (s *Server) check(w http.ResponseWriter, c *Computer, q question) {
	r := s.requests[q.Handle]
	if r == nil || r.computer != c.ID {
		refuse(w, 400, "invalid_request", "")
		return
	}
	s.wait(20*time.Second, func() bool { return r.State != "pending" })
	switch r.State {
	case "pending":
		Write(w, 202, map[string]string{})
	case "approved":
		r.sad = rand.Text()
		Write(w, 200, map[string]any{"SAD": r.sad, "expiresIn": 120})
	case "refused":
		refuse(w, 400, "access_denied", "")
	default:
		refuse(w, 400, "invalid_request", "expired")
	}
}

func (s *Server) signHash(w http.ResponseWriter, c *Computer, q question) {
	for _, r := range s.requests {
		if r.sad == "" || r.sad != q.SAD || r.computer != c.ID {
			continue
		}
		r.sad, r.State = "", "signed"
		if len(q.Hashes) == 1 && bytes.Equal(q.Hashes[0], r.Hash) && q.SignAlgo == "1.2.840.10045.4.3.2" && q.OperationMode == "S" {
			Write(w, 200, map[string]any{"signatures": [][]byte{s.Sign(r.Hash)}})
			return
		}
	}
	refuse(w, 400, "invalid_request", "Hash is not authorized by the SAD")
}

// certificates makes an authority and a person's certificate for a key.
func certificates(t testing.TB, key *ecdsa.PublicKey) (ca, person *x509.Certificate) {
	t.Helper()
	authority := newKey(t)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "TEST rSign CA"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	issue := func(template, parent *x509.Certificate, key *ecdsa.PublicKey) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key, authority)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ca = issue(template, template, &authority.PublicKey)
	return ca, issue(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Żaneta TESTOWA"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(23 * time.Hour), KeyUsage: x509.KeyUsageContentCommitment, BasicConstraintsValid: true,
	}, ca, key)
}
