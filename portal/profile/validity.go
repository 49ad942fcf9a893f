package profile

import (
	"crypto/x509"
	"errors"
	"time"
)

// ErrBeyondCA: the certificate would outlive the CA's own.
var ErrBeyondCA = errors.New("certificate would be valid longer than the CA's")

// Validity gives the period of so many calendar months from start, in UTC and whole seconds: it ends
// one second before the same day and time, or before the month's last day where there is no such day.
// A period beyond the CA's own is refused rather than cut: the person has paid for the months.
func Validity(start time.Time, months int, ca *x509.Certificate) (notBefore, notAfter time.Time, err error) {
	notBefore = start.UTC().Truncate(time.Second)
	notAfter = addMonths(notBefore, months).Add(-time.Second)
	if notBefore.Before(ca.NotBefore) || notAfter.After(ca.NotAfter) {
		return notBefore, notAfter, ErrBeyondCA
	}
	return notBefore, notAfter, nil
}

// addMonths is time.AddDate without its overflow: 31 August and six months is the end of February.
func addMonths(t time.Time, months int) time.Time {
	firstOfNext := time.Date(t.Year(), t.Month()+time.Month(months)+1, 1, 0, 0, 0, 0, time.UTC)
	last := firstOfNext.AddDate(0, 0, -1).Day()
	return time.Date(t.Year(), t.Month()+time.Month(months), min(t.Day(), last),
		t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}
