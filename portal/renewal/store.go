package renewal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// CodeLife is how long a code can be used after it was sold.
const CodeLife = 90 * 24 * time.Hour

// Limits of tries of codes; only unknown codes count.
const (
	TriesWindow    = time.Hour
	TriesPerClient = 10
	TriesOverall   = 2000
)

// SessionLife is how long a browser session may carry a renewal after entering the code.
const SessionLife = 24 * time.Hour

// Store keeps renewals in a database. It is safe for concurrent use, and so are several stores on
// one database.
type Store struct {
	db  *sql.DB
	key []byte
	hub hub
	now func() time.Time
	// holdEvery is how often a lease is prolonged.
	holdEvery time.Duration
	observer  Observer
}

// Observer is told of the transitions that a store makes, and not of repetitions.
type Observer interface {
	// Record is called with the renewal as it will be, before the transition is made. On an error it is
	// not made. It may be not made without one, when the process dies in between; so a record can be
	// of a transition that is to come, and then stands there twice, but no transition is without one.
	Record(Action, *Renewal) error
	// Made is called after the transition.
	Made(Action)
}

// Observe sets the observer. It must be called before the store is used.
func (s *Store) Observe(o Observer) { s.observer = o }

// nobody observes a store that was not given an observer.
type nobody struct{}

func (nobody) Record(Action, *Renewal) error { return nil }
func (nobody) Made(Action)                   {}

// OpenStore opens the database, making or migrating it as needed, and reads the key of the codes
// ([CreateKeyFile]).
func OpenStore(ctx context.Context, path, keyFile string) (*Store, error) {
	key, err := readKeyFile(keyFile)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("opening renewals: %w", err)
	}
	if err := migrate(ctx, db); err != nil {
		db.Close()
		return nil, err
	}
	return &Store{db: db, key: key, now: time.Now, holdEvery: LeaseLife / 3, observer: nobody{}}, nil
}

// dsn asks for a write-ahead log, so that readers don't wait for writers, for commits that survive
// a power cut, and for transactions that lock when they begin.
func dsn(path string) string {
	u := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate"}
	return u.String()
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("migrating renewals: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("migrating renewals: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating renewals: %w", err)
	}
	return nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// The targets that codes are sold for. This portal renews into the cloud; a code for a card
// answers [ErrCodeOtherProduct].
const (
	TargetCloud = "cloud"
	TargetCard  = "card"
)

// Offer is what a code buys.
type Offer struct {
	Months   int    // 12, 24 or 36
	Target   string // TargetCloud or TargetCard
	Contract *Contract
}

// Contract is what the application rests on, where there is one: "in connection with the contract
// between ... and ...".
type Contract struct{ With, About string }

// CreateCode sells a renewal: it draws a code, keeps its hash and the offer, and gives the code as
// people see it, in groups. The code cannot be read out of the database again.
func (s *Store) CreateCode(ctx context.Context, o Offer) (string, error) {
	return s.CreateCodeUntil(ctx, o, s.now().Add(CodeLife))
}

// CreateCodeUntil is CreateCode with another end, such as one that is over, for tests of what people are
// told then.
func (s *Store) CreateCodeUntil(ctx context.Context, o Offer, expires time.Time) (string, error) {
	if o.Months != 12 && o.Months != 24 && o.Months != 36 {
		return "", fmt.Errorf("creating code: %d months: must be 12, 24 or 36", o.Months)
	}
	if o.Target != TargetCloud && o.Target != TargetCard {
		return "", fmt.Errorf("creating code: target %q: must be %s or %s", o.Target, TargetCloud, TargetCard)
	}
	var c Contract
	if o.Contract != nil {
		c = *o.Contract
	}
	code, now := newCode(), s.now()
	_, err := s.db.ExecContext(ctx, `INSERT INTO renewals
		(id, code_mac, months, target, contract_with, contract_about, created, expires, state, changed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7)`,
		randomHex(16), s.mac("code", code), o.Months, o.Target, c.With, c.About,
		now.Unix(), expires.Unix(), Opened)
	if err != nil {
		return "", fmt.Errorf("creating code: %w", err)
	}
	return formatCode(code), nil
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b)
	return hex.EncodeToString(b)
}
