package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"

	"go.uber.org/zap"
)

// maxSigning is the most bytes of a request to the signing API, and of an answer.
const maxSigning = 64 << 10

// relayed are the headers that the signing API knows; nothing else gets through, in either direction.
var (
	relayedRequest = []string{"Authorization", "Dpop", "Content-Type"}
	relayedAnswer  = []string{"Content-Type", "Www-Authenticate", "Retry-After"}
)

// clientHeader tells the SAM which network a request came from, for its limits (portal/sam, csc.go).
const clientHeader = "Odnowa-Client"

// signingPath is what paths of the signing API may look like.
var signingPath = regexp.MustCompile(`^/csc/v2(/[A-Za-z0-9_-]{1,64}){1,4}$`)

// waiting is the only query of the signing API.
var waiting = regexp.MustCompile(`^(waitMs=[0-9]{1,6})?$`)

// addRelay carries the signing API (CSC API v2) between computers and the SAM. Its callers are
// programs: they prove themselves to the SAM in each request, and the portal decides nothing. It can
// read what passes. It can't make a request, since each carries a proof by a key that it hasn't, nor
// change one whose proof covers the body (portal/sam/dpop, bh).
func (s *server) addRelay(site *http.ServeMux) {
	site.HandleFunc("POST /csc/v2/", s.relay)
	site.HandleFunc("GET /csc/v2/", s.relay)
}

func (s *server) relay(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	if r.Host != s.cfg.host() {
		http.Error(w, "this host is not served here", http.StatusMisdirectedRequest)
		return
	}
	// No page has business here: browsers say where they come from, programs don't.
	if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
		relayError(w, http.StatusForbidden, "access_denied", "This API is not for pages")
		return
	}
	if !signingPath.MatchString(r.URL.EscapedPath()) || !waiting.MatchString(r.URL.RawQuery) {
		relayError(w, http.StatusNotFound, "not_found", "There is nothing at this address")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSigning))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		relayError(w, http.StatusRequestEntityTooLarge, "invalid_request", "The request is too large")
		return
	} else if err != nil {
		relayError(w, http.StatusBadRequest, "invalid_request", "The request could not be read")
		return
	}
	answer, err := s.sam.Relay(r.Context(), r.Method, target(r.URL), s.relayHeader(r), body)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			s.log.Error("call failed", zap.String("path", "/csc/v2/"), zap.String("code", string(SamUnavailable)), zap.Error(withoutURL(err)))
		}
		relayError(w, http.StatusServiceUnavailable, "temporarily_unavailable", "The signature activation module can't be reached")
		return
	}
	defer answer.Body.Close()
	for _, name := range relayedAnswer {
		if v := answer.Header.Get(name); v != "" {
			h.Set(name, v)
		}
	}
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, io.LimitReader(answer.Body, maxSigning)) //nolint:errcheck // one of the two is gone
}

func target(u *url.URL) string {
	if u.RawQuery == "" {
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + u.RawQuery
}

// relayHeader keeps repeated headers as they are: the SAM refuses them.
func (s *server) relayHeader(r *http.Request) http.Header {
	out := http.Header{clientHeader: {s.clientOf(r)}}
	for _, name := range relayedRequest {
		if v := r.Header.Values(name); len(v) > 0 {
			out[name] = v
		}
	}
	return out
}

// withoutURL drops the address from an error of the HTTP client: it names a registration.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func relayError(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description}) //nolint:errcheck // the client is gone
}
