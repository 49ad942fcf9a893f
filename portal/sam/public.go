package sam

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody is the most bytes of a phone's request.
const maxBody = 16 << 10

// newPublic serves the phone app and the phone API. Each call is a POST with JSON, at most 16 KiB,
// from the app's own origin. Secrets travel in the body or the Authorization header, never in a URL.
//
//	/api/v1/scan       {token} -> Welcome
//	/api/v1/challenge  {enrolment} -> Challenge
//	/api/v1/keys       {enrolment, proof} -> CredentialKeys     signed by device, PIN and backup key
//	/api/v1/activate   {enrolment, proof} -> {code}             signed by device and PIN key
//	/api/v1/state      {enrolment, version, waitMs} -> PhoneState  long poll
//
// and, once the certificate is there:
//
//	/api/v1/computers/list     {enrolment} -> {computers: []ConnectedComputer}
//	/api/v1/computers/find     {enrolment, proof} -> FoundComputer  by the device key: "find-computer", code
//	/api/v1/computers/confirm  {enrolment, proof} -> {}  by device and PIN key: registerClaims
//	/api/v1/computers/refuse   {enrolment, proof} -> {}  by the device key: "refuse-computer", id
//	/api/v1/computers/remove   {enrolment, proof} -> {}  by the device key: "remove-computer", id
//	/api/v1/requests/approve   {enrolment, proof} -> {}  by device and PIN key: signClaims
//	/api/v1/requests/refuse    {enrolment, proof} -> {}  by the device key: "refuse-request", id
//
// and a new phone, with the backup of another one's:
//
//	/api/v1/restore/challenge  {} -> Restoration
//	/api/v1/restore            {enrolment, proof} -> {}  by device, PIN, backup and next backup key: restoreClaims
//
// All but scan and restore/challenge want "Authorization: Bearer " and the phone's secret from Welcome, or from
// Restoration.
func newPublic(r *registry, c Config, app app) http.Handler {
	api := http.NewServeMux()
	post := func(path string, h http.HandlerFunc) { api.HandleFunc("POST /api/v1/"+path, h) }
	post("scan", handle(r, http.StatusOK, func(req *http.Request, in struct {
		Token string `json:"token"`
	}) (any, error) {
		return r.scan(req.Context(), in.Token)
	}))
	post("challenge", handle(r, http.StatusOK, func(req *http.Request, in phoneCall) (any, error) {
		return r.challenge(req.Context(), callerOf(req, in.Enrolment))
	}))
	post("keys", handle(r, http.StatusOK, func(req *http.Request, in provedCall) (any, error) {
		return r.keys(req.Context(), callerOf(req, in.Enrolment), in.Proof)
	}))
	post("activate", handle(r, http.StatusOK, func(req *http.Request, in provedCall) (any, error) {
		code, err := r.prove(req.Context(), callerOf(req, in.Enrolment), in.Proof)
		return map[string]string{"code": code}, err
	}))
	post("state", handle(r, http.StatusOK, func(req *http.Request, in struct {
		phoneCall
		Version int64 `json:"version"`
		WaitMs  int64 `json:"waitMs"`
	}) (any, error) {
		return r.state(req.Context(), callerOf(req, in.Enrolment), in.Version, waitOf(in.WaitMs))
	}))
	post("restore/challenge", handle(r, http.StatusOK, func(req *http.Request, _ struct{}) (any, error) {
		return r.beginRestore(req.Context())
	}))
	post("computers/list", handle(r, http.StatusOK, func(req *http.Request, in phoneCall) (any, error) {
		out, err := r.computers(req.Context(), callerOf(req, in.Enrolment))
		return map[string]any{"computers": out}, err
	}))
	post("computers/find", handle(r, http.StatusOK, func(req *http.Request, in provedCall) (any, error) {
		return r.find(req.Context(), callerOf(req, in.Enrolment), in.Proof)
	}))
	for path, do := range map[string]func(context.Context, Caller, Proof) error{
		"computers/confirm": r.connect, "computers/refuse": r.refuseComputer, "computers/remove": r.remove,
		"requests/approve": r.approve, "requests/refuse": r.refuseRequest, "restore": r.restore,
	} {
		post(path, handle(r, http.StatusOK, func(req *http.Request, in provedCall) (any, error) {
			return struct{}{}, do(req.Context(), callerOf(req, in.Enrolment), in.Proof)
		}))
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", guardAPI(r, c.PublicURL, newLimiter(c.perMinute(), time.Now), api))
	mux.Handle("/", app)
	return guardHost(c.PublicURL, mux)
}

// phoneCall is the body of a call by a phone's secret.
type phoneCall struct {
	Enrolment string `json:"enrolment"`
}

// provedCall is the body of a call that the phone's keys have signed.
type provedCall struct {
	phoneCall
	Proof Proof `json:"proof"`
}

// guardHost answers to the app's own host name only, so that no other name that leads here (DNS
// rebinding) has an origin of its own, and sets the headers of every answer.
func guardHost(publicURL string, next http.Handler) http.Handler {
	u, _ := url.Parse(publicURL) // Config.check has read it
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if u.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=63072000")
		}
		if req.Host != u.Host {
			http.Error(w, "", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, req)
	})
}

func guardAPI(r *registry, origin string, limit *limiter, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !limit.allow(req.RemoteAddr) {
			w.Header().Set("Retry-After", "5")
			r.fail(w, refuse(CodeTooMany))
			return
		}
		// Browsers send Origin with each POST; the app has no other caller.
		if req.Header.Get("Origin") != origin {
			r.fail(w, refuse(CodeOrigin))
			return
		}
		req.Body = http.MaxBytesReader(w, req.Body, maxBody)
		next.ServeHTTP(w, req)
	})
}

func callerOf(req *http.Request, enrolment string) Caller {
	secret, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	return Caller{Enrolment: enrolment, Secret: secret}
}
