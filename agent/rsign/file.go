package rsign

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// registration is one computer's key and what it is good for. It is open until the phone has confirmed it, and
// active from then on.
//
// Each lies in a file of its own, named by its key: on Linux and macOS one that only its user can read (mode 0600
// in a folder of 0700; files with more rights are refused), on macOS encrypted under a key in the user's Keychain
// besides, on Windows encrypted for the user by the system (DPAPI). A key in hardware would be better and has no
// common API; the phone decides in any case.
type registration struct {
	Portal   string `json:"portal"`
	Computer string `json:"computer"`
	// Code and ExpiresAt are of the registration while it is open.
	Code      string    `json:"code,omitempty"`
	ExpiresAt time.Time `json:"expiresAt"`
	// Credential and the rest are there once it is active.
	Credential   string    `json:"credential,omitempty"`
	Since        time.Time `json:"since,omitzero"`
	Certificates [][]byte  `json:"certificates,omitempty"`
	Key          []byte    `json:"key"` // PKCS #8

	key   *ecdsa.PrivateKey
	chain []*x509.Certificate
}

const (
	ending      = ".json"
	maxFile     = 256 << 10
	maxKeyFiles = 100
)

func (r *registration) active() bool            { return r.Credential != "" }
func (r *registration) leaf() *x509.Certificate { return r.chain[0] }

func (r *registration) sameCredential(other *registration) bool {
	return r.Portal == other.Portal && r.Credential == other.Credential
}

func thumbprint(spki []byte) string {
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:])
}

func (r *registration) name() (string, error) {
	spki, err := x509.MarshalPKIXPublicKey(&r.key.PublicKey)
	if err != nil {
		return "", fmt.Errorf("encoding key: %w", err)
	}
	return thumbprint(spki)[:32] + ending, nil
}

// load gives the registrations that can be read, the newest first. The error says that one could not be read,
// or the folder.
func (s *Store) load() ([]*registration, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = checkFolder(s.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the folder of keys: %w", err)
	}
	var all []*registration
	var failed error
	for _, e := range entries[:min(len(entries), maxKeyFiles)] {
		if !strings.HasSuffix(e.Name(), ending) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		r, err := loadFile(filepath.Join(s.Dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("reading %s: %w", e.Name(), err))
			continue
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b *registration) int { return b.Since.Compare(a.Since) })
	return all, failed
}

func loadFile(path string) (*registration, error) {
	data, err := readPrivate(path, maxFile)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	r := &registration{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, errors.New("not a registration")
	}
	defer clear(r.Key)
	parsed, err := x509.ParsePKCS8PrivateKey(r.Key)
	if err != nil {
		return nil, errors.New("not a key")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("not a P-256 key")
	}
	r.key, r.Key = key, nil
	if !r.active() {
		return r, nil
	}
	r.chain, err = parseChain(r.Certificates)
	return r, err
}

// save writes the file whole or not at all.
func (s *Store) save(r *registration) error {
	kept := *r
	var err error
	if kept.Key, err = x509.MarshalPKCS8PrivateKey(r.key); err != nil {
		return fmt.Errorf("encoding key: %w", err)
	}
	defer clear(kept.Key)
	kept.Certificates = nil
	for _, c := range r.chain {
		kept.Certificates = append(kept.Certificates, c.Raw)
	}
	if r.active() {
		kept.Code = ""
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encoding registration: %w", err)
	}
	defer clear(data)
	name, err := r.name()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of keys: %w", err)
	}
	if err := checkFolder(s.Dir); err != nil {
		return fmt.Errorf("checking the folder of keys: %w", err)
	}
	temporary := filepath.Join(s.Dir, "."+rand.Text())
	if err := writePrivate(temporary, data); err != nil {
		return errors.Join(fmt.Errorf("writing key: %w", err), os.Remove(temporary))
	}
	if err := os.Rename(temporary, filepath.Join(s.Dir, name)); err != nil {
		return errors.Join(fmt.Errorf("writing key: %w", err), os.Remove(temporary))
	}
	return nil
}

func (s *Store) remove(r *registration) error {
	name, err := r.name()
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(s.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing key: %w", err)
	}
	return nil
}

// writeSynced writes a new file, which must not exist, and brings it to the disk.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
