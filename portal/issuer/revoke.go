package issuer

import (
	"context"
	"database/sql"
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
	rec, err := s.register.FindSerial(ctx, serial)
	if errors.Is(err, ErrNotRegistered) {
		return nil, refuse(contract.CertificateUnknown)
	}
	if err == nil && rec.RevokedAt.IsZero() {
		rec, err = s.revoke(ctx, serial, in.Reason)
	}
	if err != nil {
		return nil, err
	}
	return &contract.Revocation{Serial: serialText(serial), RevokedAt: rec.RevokedAt, Reason: rec.Reason}, nil
}

func (s *Service) revoke(ctx context.Context, serial *big.Int, reason int) (*Record, error) {
	change := func(ctx context.Context, tx *sql.Tx) error { return revoke(ctx, tx, serial, reason, s.now()) }
	err := s.recorded(ctx, change, "certificate.revoked", audit.ID("serial", serialText(serial)), audit.ID("reason", strconv.Itoa(reason)))
	if err != nil {
		return nil, err
	}
	return s.register.FindSerial(ctx, serial)
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
