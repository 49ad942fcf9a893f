package issuer

import (
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Limits of what anybody may send, in bytes.
const (
	maxOCSPRequest = 2 << 10
	maxTSARequest  = 4 << 10
)

// newPublic serves what relying parties need: OCSP, CRLs, certificates, time-stamps. It takes no
// secret and gives none, so plain HTTP is right (RFC 6960 appendix A, RFC 5280 section 8).
func newPublic(s *Service, o *responder, c *crls, t *authority, certificates map[string]*x509.Certificate) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ocsp", o.post)
	mux.HandleFunc("GET /crl/root.crl", c.root)
	mux.HandleFunc("GET /crl/issuing.crl", c.issuing)
	mux.HandleFunc("POST /tsa", t.post)
	for name, cert := range certificates {
		mux.HandleFunc("GET /certs/"+name+".cer", func(w http.ResponseWriter, _ *http.Request) {
			deliver(w, "application/pkix-cert", cert.Raw) // RFC 2585 section 3
		})
	}
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		if err := s.db.PingContext(r.Context()); err != nil {
			s.fail(w, r, err)
			return
		}
		deliver(w, "text/plain; charset=utf-8", []byte("ok\n"))
	})
	// Beside the mux, which would take "//" in base64 for a path to be tidied.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/ocsp/") {
			o.get(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func publicServer(addr string, h http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
	}
}

// body reads a request of this media type, or answers and gives nil.
func body(w http.ResponseWriter, r *http.Request, mediaType string, limit int64) []byte {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != mediaType {
		http.Error(w, "the body has to be "+mediaType, http.StatusUnsupportedMediaType)
		return nil
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return nil
	}
	if err != nil || len(b) == 0 {
		http.Error(w, "the request has no body", http.StatusBadRequest)
		return nil
	}
	return b
}

func deliver(w http.ResponseWriter, mediaType string, b []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(b) //nolint:errcheck // the client is gone; there is nobody to tell
}

func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.log.Error("failed", zap.String("call", r.Pattern), zap.Error(err))
	http.Error(w, "the server failed", http.StatusInternalServerError)
}
