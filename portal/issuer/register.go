package issuer

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/odnowa/odnowa/portal/database"
	"github.com/odnowa/odnowa/portal/profile"
)

// ErrNotRegistered: the CA has no record of this certificate.
var ErrNotRegistered = errors.New("certificate is not registered")

// DeviceCloud is the device of certificates whose key lives in rSign.
const DeviceCloud = "cloud"

// Record is what the CA knows of a certificate that it issued. It decides, where it and the
// certificate could be read differently.
type Record struct {
	Certificate    *x509.Certificate
	Identification profile.Identification
	Device         string    // certification id of the card, or DeviceCloud
	RevokedAt      time.Time // zero: not revoked
	Reason         int       // RFC 5280 5.3.1
}

// Register is the register of certificates.
type Register struct{ db *sql.DB }

// OpenRegister opens the register in an issuer's database while no issuer runs: the sandbox fills it.
func OpenRegister(ctx context.Context, path string) (*Register, error) {
	db, err := database.Open(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Register{db}, nil
}

// Close closes the database.
func (r *Register) Close() error { return r.db.Close() }

// querier is a database or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Add registers a certificate.
func (r *Register) Add(ctx context.Context, rec Record, now time.Time) error {
	return add(ctx, r.db, rec, now)
}

func add(ctx context.Context, q querier, rec Record, now time.Time) error {
	sum, key := sha256.Sum256(rec.Certificate.Raw), sha256.Sum256(rec.Certificate.RawSubjectPublicKeyInfo)
	_, err := q.ExecContext(ctx, `INSERT INTO certificates (sha256, serial, der, spki_sha256, identification, device, registered_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		sum[:], serialText(rec.Certificate.SerialNumber), rec.Certificate.Raw, key[:], string(rec.Identification), rec.Device, now.Unix())
	if err != nil {
		return fmt.Errorf("registering certificate: %w", err)
	}
	return nil
}

// Find gives the record of exactly this certificate, or ErrNotRegistered.
func (r *Register) Find(ctx context.Context, der []byte) (*Record, error) {
	sum := sha256.Sum256(der)
	return r.find(ctx, `sha256 = $1`, sum[:])
}

// FindSerial gives the record of the certificate with this serial number, or ErrNotRegistered.
func (r *Register) FindSerial(ctx context.Context, serial *big.Int) (*Record, error) {
	return r.find(ctx, `serial = $1`, serialText(serial))
}

func (r *Register) find(ctx context.Context, where string, arg any) (*Record, error) {
	var der []byte
	var rec Record
	var at, reason sql.NullInt64
	err := r.db.QueryRowContext(ctx, `SELECT der, identification, device, revoked_at, revoked_reason FROM certificates WHERE `+where, arg).
		Scan(&der, &rec.Identification, &rec.Device, &at, &reason)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotRegistered
	}
	if err == nil {
		rec.Certificate, err = x509.ParseCertificate(der)
	}
	if err != nil {
		return nil, fmt.Errorf("reading register: %w", err)
	}
	if at.Valid {
		rec.RevokedAt, rec.Reason = time.Unix(at.Int64, 0).UTC(), int(reason.Int64)
	}
	return &rec, nil
}

// Revoke revokes a certificate for good; the first reason stays. ErrNotRegistered when it is unknown.
func (r *Register) Revoke(ctx context.Context, serial *big.Int, reason int, now time.Time) error {
	return revoke(ctx, r.db, serial, reason, now)
}

func revoke(ctx context.Context, q querier, serial *big.Int, reason int, now time.Time) error {
	err := q.QueryRowContext(ctx, `UPDATE certificates SET revoked_at = coalesce(revoked_at, $2), revoked_reason = coalesce(revoked_reason, $3)
		WHERE serial = $1 RETURNING revoked_reason`, serialText(serial), now.Unix(), reason).Scan(&reason)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotRegistered
	}
	if err != nil {
		return fmt.Errorf("revoking: %w", err)
	}
	return nil
}

// revoked lists what belongs on a CRL: all revoked ones, expired ones too (ETSI EN 319 411-2
// recommends to keep them for qualified certificates).
func (r *Register) revoked(ctx context.Context) ([]x509.RevocationListEntry, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT serial, revoked_at, revoked_reason FROM certificates WHERE revoked_at IS NOT NULL ORDER BY revoked_at, serial`)
	if err != nil {
		return nil, fmt.Errorf("listing revoked certificates: %w", err)
	}
	defer rows.Close()
	var out []x509.RevocationListEntry
	for rows.Next() {
		var serial string
		var at int64
		var e x509.RevocationListEntry
		if err := rows.Scan(&serial, &at, &e.ReasonCode); err != nil {
			return nil, fmt.Errorf("listing revoked certificates: %w", err)
		}
		e.SerialNumber, _ = new(big.Int).SetString(serial, 16)
		e.RevocationTime = time.Unix(at, 0).UTC()
		out = append(out, e)
	}
	return out, rows.Err()
}

func serialText(serial *big.Int) string { return serial.Text(16) }
