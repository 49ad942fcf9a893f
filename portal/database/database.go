// Package database opens a role's own SQLite database, in one file that no other role opens.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver
)

// pragmas: readers don't wait for the writer (write-ahead log), writers wait for each other instead of failing, what
// was answered survives a power cut, and a transaction locks when it begins.
const pragmas = "_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate"

// Open opens the database and brings it up to the last of the migrations (goose, *.sql in a folder of that name).
// The file is made when it is absent; its directory has to be there.
func Open(ctx context.Context, path string, migrations fs.FS) (*sql.DB, error) {
	dsn := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: pragmas}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	if err := migrate(ctx, db, migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("migrating database %s: %w", path, err), db.Close())
	}
	return db, nil
}

func migrate(ctx context.Context, db *sql.DB, migrations fs.FS) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}
