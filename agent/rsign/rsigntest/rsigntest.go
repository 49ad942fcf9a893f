// Package rsigntest plays the portal and the signing service behind it in tests of rSign, as one HTTP server on
// loopback, and the person with the phone. It holds every request to its DPoP proof strictly, and can be told to
// answer what a hostile server would.
package rsigntest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a CSC API with one credential.
type Server struct {
	// Base is the API's address, at a name below localhost.
	Base string
	// Person is the holder's certificate, CA its issuer's.
	Person, CA *x509.Certificate
	// Credential is its id.
	Credential string

	t       testing.TB
	samKey  []byte
	key     *ecdsa.PrivateKey
	proofs  map[string]bool
	tokens  map[string]string // computer, by token
	changed *sync.Cond

	mu        sync.Mutex // guards the fields that follow and the maps above
	hook      Hook
	computers map[string]*Computer
	requests  map[string]*Request
	refusals  []string
	closed    bool
}

// Hook may answer a request, by its path behind Base, instead of the service; it then says true.
type Hook func(w http.ResponseWriter, r *http.Request, path string, body []byte) bool

// Computer is a registration.
type Computer struct {
	ID, Name, Offer, State, Code string

	key     []byte
	expires time.Time
}

// Request is one for a signature.
type Request struct {
	Handle, Label, State string
	Hash                 []byte

	computer string
	sad      string
}

// New starts a server, which ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		t: t, Credential: "TEST-credential-1", proofs: map[string]bool{}, tokens: map[string]string{},
		computers: map[string]*Computer{}, requests: map[string]*Request{},
	}
	s.changed = sync.NewCond(&s.mu)
	s.key = newKey(t)
	s.CA, s.Person = certificates(t, &s.key.PublicKey)
	s.samKey = spki(t, &newKey(t).PublicKey)
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.mu.Lock()
		s.closed = true
		s.changed.Broadcast()
		s.mu.Unlock()
		server.Close()
		if len(s.refusals) > 0 {
			t.Errorf("proofs refused: %q", s.refusals)
		}
	})
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.Base = "http://odnowa.localhost:" + u.Port() + "/csc/v2"
	return s
}

// Hook sets what answers first; nil ends that.
func (s *Server) Hook(h Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = h
}

// Computers gives all registrations.
func (s *Server) Computers() []Computer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Computer
	for _, c := range s.computers {
		all = append(all, *c)
	}
	return all
}

// Type has the person type a code on the phone; the answer is whether there is such a computer. Its state is
// then state: "found", "active" or "refused".
func (s *Server) Type(code, state string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.computers {
		if c.Code == code && (c.State == "open" || c.State == "found") {
			c.State = state
			s.changed.Broadcast()
			return true
		}
	}
	return false
}

// Set puts every registration into a state, such as "removed".
func (s *Server) Set(state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.computers {
		c.State = state
	}
	s.changed.Broadcast()
}

// Pending waits for a request for a signature and gives it.
func (s *Server) Pending() Request {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		for _, r := range s.requests {
			if r.State == "pending" {
				defer s.mu.Unlock()
				return *r
			}
		}
		s.mu.Unlock()
	}
	s.t.Fatal("the phone was not asked")
	return Request{}
}

// Answer has the person answer on the phone: "approved", "refused" or "expired".
func (s *Server) Answer(handle, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[handle].State = state
	s.changed.Broadcast()
}

// Sign signs a hash with the credential's key.
func (s *Server) Sign(hash []byte) []byte {
	value, err := ecdsa.SignASN1(rand.Reader, s.key, hash)
	if err != nil {
		panic(err)
	}
	return value
}

// Write answers with JSON.
func Write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

func refuse(w http.ResponseWriter, status int, code, description string) {
	Write(w, status, map[string]string{"error": code, "error_description": description})
}

// code is written anew here and not taken from the package under test.
func code(parts ...[]byte) string {
	h := sha256.New()
	h.Write([]byte("odnowa-computer-v1"))
	for _, p := range parts {
		var length [4]byte
		binary.BigEndian.PutUint32(length[:], uint32(len(p)))
		h.Write(length[:])
		h.Write(p)
	}
	n := new(big.Int).SetBytes(h.Sum(nil)[:8])
	return fmt.Sprintf("%06s", n.Mod(n, big.NewInt(1_000_000)).String())
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func spki(t testing.TB, key *ecdsa.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// prove checks a DPoP proof and gives the key that made it; why it is refused, else.
func (s *Server) prove(r *http.Request, body []byte, token string) (key []byte, why string) {
	headers := r.Header.Values("DPoP")
	if len(headers) != 1 {
		return nil, "not one DPoP header"
	}
	parts := strings.Split(headers[0], ".")
	if len(parts) != 3 {
		return nil, "not a compact JWS"
	}
	var raw [3][]byte
	for i, p := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.Strict().DecodeString(p); err != nil {
			return nil, "not base64url"
		}
	}
	var header struct {
		Type, Algorithm string
		Key             map[string]string
	}
	var members map[string]json.RawMessage
	var claims map[string]any
	if json.Unmarshal(raw[0], &members) != nil || json.Unmarshal(members["jwk"], &header.Key) != nil || json.Unmarshal(raw[1], &claims) != nil {
		return nil, "not JSON"
	}
	if string(members["typ"]) != `"dpop+jwt"` || string(members["alg"]) != `"ES256"` || len(members) != 3 {
		return nil, "header is not a proof's"
	}
	x, errX := base64.RawURLEncoding.DecodeString(header.Key["x"])
	y, errY := base64.RawURLEncoding.DecodeString(header.Key["y"])
	if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 || header.Key["kty"] != "EC" || header.Key["crv"] != "P-256" || len(header.Key) != 4 {
		return nil, "not a public P-256 key and no more"
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		return nil, "not a point"
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if len(raw[2]) != 64 || !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])) {
		return nil, "signature"
	}
	return spki(s.t, public), s.hold(claims, r, body, token)
}

func (s *Server) hold(claims map[string]any, r *http.Request, body []byte, token string) string {
	hash := func(b []byte) string {
		sum := sha256.Sum256(b)
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	id, _ := claims["jti"].(string)
	issued, _ := claims["iat"].(float64)
	ath, hasToken := claims["ath"]
	switch {
	case claims["htm"] != r.Method:
		return "htm"
	case claims["htu"] != strings.TrimSuffix(s.Base, "/csc/v2")+r.URL.Path:
		return "htu"
	case time.Since(time.Unix(int64(issued), 0)).Abs() > 120*time.Second:
		return "iat"
	case len(id) < 16 || s.proofs[id]:
		return "jti"
	case hasToken != (token != "") || hasToken && ath != hash([]byte(token)):
		return "ath"
	case claims["bh"] != hash(body):
		return "bh"
	}
	s.proofs[id] = true
	return ""
}
