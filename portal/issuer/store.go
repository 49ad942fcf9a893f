package issuer

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	_ "modernc.org/sqlite" // the driver

	"github.com/odnowa/odnowa/portal/audit"
)

//go:embed migrations/*.sql
var migrations embed.FS

// recorded makes a change after its audit record is on the disk: no change is without one. A record can be of a change
// that a crash prevented. Once begun it does not end with ctx, with whose caller the record would be lost.
func (s *Service) recorded(ctx context.Context, change func(context.Context, *sql.Tx) error, event string, fields ...audit.Field) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	return inTx(ctx, s.db, func(tx *sql.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		return s.audit.Append(event, fields...)
	})
}

// inTx runs f in one transaction.
func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning transaction: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}
