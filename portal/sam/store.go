package sam

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// pragmas: a write is on the disk before it is answered, and writers wait for each other instead
// of failing (SQLite's write-ahead log has one writer).
const pragmas = "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate"

func openDatabase(ctx context.Context, path string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector("file:" + path + pragmas)
	if err != nil {
		return nil, fmt.Errorf("opening database: %w", err)
	}
	db := sql.OpenDB(connector)
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening database: %w", err), db.Close())
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err == nil {
		_, err = p.Up(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("migrating database: %w", err), db.Close())
	}
	return db, nil
}
