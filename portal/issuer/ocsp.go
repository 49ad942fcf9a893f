package issuer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

// ocspLife is how long an answer may be believed. Answers are signed one by one from the register,
// so a revocation shows at once to whoever asks.
const ocspLife = time.Hour

// responder answers for the issuing CA as its delegate (RFC 6960 4.2.2.2). Of a request with several
// certificates the first is answered, as RFC 5019 2.1.1 lets it; nonces are not echoed (2.2.1).
type responder struct {
	service *Service
	cert    *x509.Certificate
	key     crypto.Signer
}

func (o *responder) post(w http.ResponseWriter, r *http.Request) {
	if b := body(w, r, "application/ocsp-request", maxOCSPRequest); b != nil {
		o.answer(w, r, b)
	}
}

// get takes the request as base64 in the path (RFC 6960 appendix A.1). Slashes of base64 may come
// escaped or not.
func (o *responder) get(w http.ResponseWriter, r *http.Request) {
	text, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/ocsp/"))
	if err != nil || len(text) > base64.StdEncoding.EncodedLen(maxOCSPRequest) {
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		deliver(w, "application/ocsp-response", ocsp.MalformedRequestErrorResponse)
		return
	}
	o.answer(w, r, b)
}

func (o *responder) answer(w http.ResponseWriter, r *http.Request, request []byte) {
	response, err := o.respond(r.Context(), request)
	if err != nil {
		o.service.fail(w, r, err)
		return
	}
	deliver(w, "application/ocsp-response", response)
}

func (o *responder) respond(ctx context.Context, request []byte) ([]byte, error) {
	req, err := ocsp.ParseRequest(request)
	if err != nil || !req.HashAlgorithm.Available() {
		return ocsp.MalformedRequestErrorResponse, nil
	}
	ca := o.service.authority.Certificate
	if name, key := issuerHashes(ca, req.HashAlgorithm); !bytes.Equal(name, req.IssuerNameHash) || !bytes.Equal(key, req.IssuerKeyHash) {
		return ocsp.UnauthorizedErrorResponse, nil // RFC 5019 2.2.3: not this responder's CA
	}
	now := o.service.now().UTC().Truncate(time.Second)
	answer := ocsp.Response{
		Status: ocsp.Good, SerialNumber: req.SerialNumber, IssuerHash: req.HashAlgorithm,
		ThisUpdate: now, NextUpdate: now.Add(ocspLife), Certificate: o.cert,
	}
	rec, err := o.service.register.FindSerial(ctx, req.SerialNumber)
	switch {
	case errors.Is(err, ErrNotRegistered):
		answer.Status = ocsp.Unknown
	case err != nil:
		return nil, err
	case !rec.RevokedAt.IsZero():
		answer.Status, answer.RevokedAt, answer.RevocationReason = ocsp.Revoked, rec.RevokedAt, rec.Reason
	}
	return ocsp.CreateResponse(ca, o.cert, answer, o.key)
}

// issuerHashes are issuerNameHash and issuerKeyHash of RFC 6960 4.1.1.
func issuerHashes(ca *x509.Certificate, h crypto.Hash) (name, key []byte) {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(ca.RawSubjectPublicKeyInfo, &spki); err != nil {
		return nil, nil
	}
	sum := func(b []byte) []byte {
		d := h.New()
		d.Write(b)
		return d.Sum(nil)
	}
	return sum(ca.RawSubject), sum(spki.Key.RightAlign())
}
