package web

import (
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
)

// maxRequest is the most bytes of a request's body: a CMS of 64 Ki characters, and its frame.
const maxRequest = 80 << 10

const contentPolicy = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guard is what every request goes through before anything looks at it: the host has to be ours
// (against DNS rebinding), changes have to come from our own pages, and bodies are capped.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		if strings.HasPrefix(s.cfg.Origin, "https:") {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if r.Host != s.cfg.host() {
			http.Error(w, "this host is not served here", http.StatusMisdirectedRequest)
			return
		}
		if !s.fromOurPages(r) {
			s.fail(w, r, refuse(OriginNotAllowed))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		next.ServeHTTP(w, r)
	})
}

// fromOurPages tells whether a change comes from our own origin, and that nothing of the API is
// asked for by another site. Browsers send Origin with every change, so its absence is a refusal.
func (s *server) fromOurPages(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return !strings.HasPrefix(r.URL.Path, "/api/") || site == "" || site == "same-origin" || site == "none"
	}
	origins := r.Header.Values("Origin")
	return len(origins) == 1 && origins[0] == s.cfg.Origin && (site == "" || site == "same-origin")
}

// logged writes one line a request: never a query, a header or a path that somebody made up.
func (s *server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started, rec := time.Now(), &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		_, path, ok := strings.Cut(r.Pattern, " ")
		if !ok {
			path = "unmatched"
		}
		s.log.Info("request", zap.String("method", method(r)), zap.String("path", path),
			zap.Int("status", rec.status), zap.Int64("ms", time.Since(started).Milliseconds()))
	})
}

// method is the request's method if it is one that exists; anybody can send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return r.Method
	}
	return "other"
}

// recorder remembers the status.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
