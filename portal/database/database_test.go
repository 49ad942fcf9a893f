package database

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

var migrations = fstest.MapFS{"migrations/1_first.sql": {Data: []byte("-- +goose Up\nCREATE TABLE parent (id INTEGER PRIMARY KEY);\n" +
	"CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent (id));\n")}}

// TestOpen: whatever its name, the file is the one that was named, and what it holds is held to.
func TestOpen(t *testing.T) {
	for _, name := range []string{"plain.db", "with space.db", "with ? & #.db", "with %20.db", "żółw.db"} {
		path := filepath.Join(t.TempDir(), name)
		for range 2 { // made, and then opened
			db, err := Open(t.Context(), path, migrations)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := db.ExecContext(t.Context(), "INSERT INTO child VALUES (1)"); err == nil {
				t.Errorf("%s: a child without parent", name)
			}
			var journal string
			if err := db.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&journal); err != nil || journal != "wal" {
				t.Errorf("%s: journal %s, %v", name, journal, err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "absent", "x.db")
	for _, p := range []string{path, missing} {
		if db, err := Open(t.Context(), p, migrations); err == nil || db != nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %v, %v", p, db, err)
		}
	}
}
