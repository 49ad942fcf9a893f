package profile

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"
)

func TestValidity(t *testing.T) {
	ca := &x509.Certificate{
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:  time.Date(2030, 6, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, tt := range []struct {
		start  string
		months int
		end    string
		err    error
	}{
		{"2026-11-23T10:20:30Z", 24, "2028-11-23T10:20:29Z", nil},
		{"2026-11-23T10:20:30.9Z", 12, "2027-11-23T10:20:29Z", nil},
		{"2026-08-31T00:00:00Z", 6, "2027-02-27T23:59:59Z", nil},
		{"2024-02-29T12:00:00Z", 12, "2025-02-28T11:59:59Z", nil},
		{"2024-02-29T12:00:00Z", 48, "2028-02-29T11:59:59Z", nil},
		{"2026-12-31T23:59:59Z", 2, "2027-02-28T23:59:58Z", nil},
		{"2027-01-01T00:30:00+01:00", 12, "2027-12-31T23:29:59Z", nil}, // counted in UTC
		{"2029-06-01T00:00:00Z", 12, "2030-05-31T23:59:59Z", nil},
		{"2029-06-01T00:00:01Z", 12, "2030-06-01T00:00:00Z", nil},
		{"2029-06-01T00:00:02Z", 12, "2030-06-01T00:00:01Z", ErrBeyondCA},
		{"2019-12-31T23:59:59Z", 12, "2020-12-31T23:59:58Z", ErrBeyondCA},
	} {
		start, err := time.Parse(time.RFC3339Nano, tt.start)
		if err != nil {
			t.Fatal(err)
		}
		notBefore, notAfter, err := Validity(start, tt.months, ca)
		if !errors.Is(err, tt.err) || notAfter.Format(time.RFC3339Nano) != tt.end || !notBefore.Equal(start.Truncate(time.Second)) {
			t.Errorf("%s + %d: %v - %v, %v; want %s, %v", tt.start, tt.months, notBefore, notAfter, err, tt.end, tt.err)
		}
	}
}
