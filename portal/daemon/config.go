package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
)

// LoadConfig reads a configuration file, JSON, strictly and checks it.
func LoadConfig[C any](path string, check func(*C) error) (C, error) {
	var c C
	b, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("reading configuration: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("reading configuration %s: %w", path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("reading configuration %s: something follows the object", path)
	}
	if err := check(&c); err != nil {
		return c, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

// Missing is an error that names all fields that are empty; fields are by their names in the file.
func Missing(fields map[string]string) error {
	var names []string
	for name, value := range fields {
		if value == "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("missing: %s", strings.Join(names, ", "))
}

// IsOrigin says whether s is what browsers call an origin: scheme://host or scheme://host:port.
func IsOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && u.Scheme+"://"+u.Host == s
}
