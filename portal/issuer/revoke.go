package issuer

import (
	"context"
	"errors"
	"math/big"
	"strconv"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
)

// Revoke revokes a certificate at once and for good: OCSP says so from the next request, and so does
// the next CRL, which is made anew.
func (s *Service) Revoke(ctx context.Context, in contract.RevocationRequest) (*contract.Revocation, error) {
	serial, ok := new(big.Int).SetString(in.Serial, 16)
	if !ok || len(in.Serial) > 40 || !revocable(in.Reason) {
		return nil, refuse(contract.RevocationMalformed)
	}
	if err := s.register.Revoke(ctx, serial, in.Reason, s.now()); errors.Is(err, ErrNotRegistered) {
		return nil, refuse(contract.CertificateUnknown)
	} else if err != nil {
		return nil, err
	}
	rec, err := s.register.FindSerial(ctx, serial)
	if err != nil {
		return nil, err
	}
	out := &contract.Revocation{Serial: serialText(serial), RevokedAt: rec.RevokedAt, Reason: rec.Reason}
	return out, s.audit.Append("certificate.revoked", audit.ID("serial", out.Serial), audit.ID("reason", strconv.Itoa(rec.Reason)))
}

// revocable are the reasons of RFC 5280 5.3.1 that end a person's certificate for good. Suspension
// (6) is not: eIDAS Art. 28(5) leaves it to national law, and this CA does not offer it.
func revocable(reason int) bool {
	switch reason {
	case 0, 1, 3, 4, 5, 9:
		return true
	}
	return false
}
