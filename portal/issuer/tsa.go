package issuer

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
)

// authority is a time-stamping authority (RFC 3161). Its clock is the machine's.
type authority struct {
	service *Service
	cert    *x509.Certificate
	key     crypto.Signer
	policy  asn1.ObjectIdentifier
}

func (t *authority) post(w http.ResponseWriter, r *http.Request) {
	b := body(w, r, "application/timestamp-query", maxTSARequest)
	if b == nil {
		return
	}
	response, err := t.respond(b)
	if err != nil {
		t.service.fail(w, r, err)
		return
	}
	deliver(w, "application/timestamp-reply", response)
}

func (t *authority) respond(query []byte) ([]byte, error) {
	req, err := timestamp.ParseRequest(query)
	if err != nil {
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadDataFormat)
	}
	switch {
	case req.HashAlgorithm != crypto.SHA256 && req.HashAlgorithm != crypto.SHA384 && req.HashAlgorithm != crypto.SHA512:
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadAlgorithm)
	case len(req.HashedMessage) != req.HashAlgorithm.Size():
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadDataFormat)
	case len(req.TSAPolicyOID) > 0 && !req.TSAPolicyOID.Equal(t.policy):
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.UnacceptedPolicy)
	case len(req.Extensions) > 0:
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.UnacceptedExtension)
	}
	token := timestamp.Timestamp{
		HashAlgorithm: req.HashAlgorithm, HashedMessage: req.HashedMessage,
		Time: t.service.now().UTC().Truncate(time.Second), Accuracy: time.Second,
		Policy: t.policy, Nonce: req.Nonce, AddTSACertificate: req.Certificates,
	}
	return token.CreateResponseWithOpts(t.cert, t.key, crypto.SHA256)
}
