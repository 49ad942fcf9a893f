package sam

import (
	"context"
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/link"
)

// declined is an error that a computer is told, as the CSC API and OAuth 2.0 do: a symbol and a
// description, both out of the list that follows.
type declined struct {
	kind   *errorKind
	detail string // for the log of tests and of the one who reads the error here; nobody is told
}

type errorKind struct {
	status            int
	code, description string
}

func (d *declined) Error() string { return d.kind.code + ": " + d.kind.description + " " + d.detail }

func decline(kind *errorKind, detail string) error { return &declined{kind, detail} }

// The errors of the signing API. Where the specification has a description it is used word by word
// (CSC API v2.0.0.2, sections 11.4 to 11.9); programs may go by both members. The list only grows.
var (
	errRequest    = &errorKind{http.StatusBadRequest, "invalid_request", "The request is missing a required parameter or a parameter is invalid"}
	errProof      = &errorKind{http.StatusUnauthorized, "invalid_dpop_proof", "The DPoP proof is missing, malformed, used, out of time, or for another request"}
	errToken      = &errorKind{http.StatusUnauthorized, "invalid_token", "The access token is unknown, expired, or bound to another key"}
	errClient     = &errorKind{http.StatusUnauthorized, "invalid_client", "The computer is not registered, or no longer"}
	errGrant      = &errorKind{http.StatusBadRequest, "unsupported_grant_type", "The grant type is not client_credentials"}
	errNotFound   = &errorKind{http.StatusNotFound, "not_found", "There is no such registration"}
	errOffer      = &errorKind{http.StatusBadRequest, "invalid_offer", "The offer is unknown, used or expired"}
	errTooMany    = &errorKind{http.StatusTooManyRequests, "too_many_requests", "Too many requests; try again later"}
	errTooLarge   = &errorKind{http.StatusRequestEntityTooLarge, "invalid_request", "The request is too large"}
	errCredential = &errorKind{http.StatusBadRequest, "invalid_request", "Invalid parameter credentialID"}
	errHash       = &errorKind{http.StatusBadRequest, "invalid_request", "Invalid parameter hashes"}
	errCount      = &errorKind{http.StatusBadRequest, "invalid_request", "Numbers of signatures is too high"}
	errAlgorithm  = &errorKind{http.StatusBadRequest, "invalid_request", "Invalid parameter hashAlgorithmOID or signAlgo"}
	errMode       = &errorKind{http.StatusBadRequest, "invalid_request", "Invalid parameter operationMode"}
	errLabel      = &errorKind{http.StatusBadRequest, "invalid_request", "Invalid parameter description"}
	errLocked     = &errorKind{http.StatusBadRequest, "invalid_request", "Credential locked"}
	errValidity   = &errorKind{http.StatusBadRequest, "invalid_request", "The certificate is not valid now"}
	errPending    = &errorKind{http.StatusBadRequest, "invalid_request", "Another request is waiting for the phone"}
	errHandle     = &errorKind{http.StatusBadRequest, "invalid_request", "Invalid parameter handle"}
	errOver       = &errorKind{http.StatusBadRequest, "invalid_request", "The request has expired"}
	errRefused    = &errorKind{http.StatusBadRequest, "access_denied", "The request was refused on the phone"}
	errSAD        = &errorKind{http.StatusBadRequest, "invalid_request", "Invalid parameter SAD"}
	errSADExpired = &errorKind{http.StatusBadRequest, "invalid_request", "SAD expired"}
	errOtherHash  = &errorKind{http.StatusBadRequest, "invalid_request", "Hash is not authorized by the SAD"}
	errServer     = &errorKind{http.StatusInternalServerError, "server_error", "Something failed that should not have"}
)

// decline answers a computer. What is no refusal is logged and says nothing.
func (a *api) fail(w http.ResponseWriter, err error) {
	kind := errServer
	var d *declined
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &d):
		kind = d.kind
	case errors.As(err, &tooLarge):
		kind = errTooLarge
	case !errors.Is(err, context.Canceled):
		a.r.log.Error("signing API failed", zap.Error(err))
	}
	switch kind.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `DPoP error="`+kind.code+`", algs="ES256"`)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "60")
	}
	link.WriteJSON(w, kind.status, map[string]string{"error": kind.code, "error_description": kind.description})
}
