package pairing

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
)

// maxPairings bounds what a machine keeps; the oldest goes first.
const maxPairings = 1000

// Pairing is one browser of one user.
type Pairing struct {
	ID string `json:"id"` // 128 random bits, hexadecimal
	// User is the operating system's user whose session the pairing leads to.
	User string `json:"user"`
	// Origin is the extension's, exactly as the browser sends it.
	Origin    string        `json:"origin"`
	Browser   frame.Browser `json:"browser"`
	Extension string        `json:"extension"`
	Secret    Secret        `json:"secret"`
	CreatedAt time.Time     `json:"createdAt"`
}

// MarshalText writes a secret as hexadecimal, for the store's file only.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(s[:])), nil }

// UnmarshalText reads it.
func (s *Secret) UnmarshalText(text []byte) error {
	if len(text) != 2*len(s) {
		return errors.New("secret of wrong length")
	}
	_, err := hex.Decode(s[:], text)
	return err
}

// String keeps secrets out of logs.
func (s Secret) String() string { return "[secret]" }

// Store keeps pairings in a file that only the service's user reads.
type Store struct {
	path string

	mu  sync.Mutex // guards the field that follows
	all []Pairing
}

// OpenStore reads the file, if there is one, in a folder that it makes private.
func OpenStore(path string) (*Store, error) {
	s := &Store{path: path}
	if err := local.MakePrivate(filepath.Dir(path)); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading pairings: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s.all); err != nil {
		return nil, fmt.Errorf("reading pairings: %w", err)
	}
	return s, nil
}

// Find gives the pairing with this id, if it is this extension's.
func (s *Store) Find(id, origin string) (Pairing, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.all, func(p Pairing) bool { return p.ID == id && p.Origin == origin })
	if i < 0 {
		return Pairing{}, false
	}
	return s.all[i], true
}

// Add gives the pairing an id and keeps it. The same user's older pairing with the same extension
// goes: its secret may have been lost with the browser's profile.
func (s *Store) Add(p Pairing) (Pairing, error) {
	id := make([]byte, 16)
	rand.Read(id) // never fails (crypto/rand)
	p.ID = hex.EncodeToString(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(s.all), func(old Pairing) bool { return old.User == p.User && old.Origin == p.Origin })
	all = append(all, p)
	all = all[max(0, len(all)-maxPairings):]
	if err := write(s.path, all); err != nil {
		return Pairing{}, err
	}
	s.all = all
	return p, nil
}

// write replaces the file at once, so that a crash leaves the old one or the new one.
func write(path string, all []Pairing) error {
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding pairings: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".pairings-") // mode 0600
	if err != nil {
		return fmt.Errorf("writing pairings: %w", err)
	}
	defer os.Remove(f.Name()) // is gone once it was renamed
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing pairings: %w", err)
	}
	return nil
}
