package profile

import (
	"crypto/x509"
)

// Qualified tells whether a certificate says that it is an EU qualified certificate for electronic
// signatures with its key in a qualified device. It believes the certificate; who issued it is the
// caller's to check.
func Qualified(c *x509.Certificate) bool {
	ext := extension(c, extQCStatements)
	if ext == nil {
		return false
	}
	statements, err := parseStatements(ext.Value)
	if err != nil {
		return false
	}
	for _, id := range []string{qcCompliance.String(), qcSSCD.String()} {
		if _, ok := statements[id]; !ok {
			return false
		}
	}
	for _, p := range c.Policies {
		if p.Equal(PolicyQCPnQSCD) {
			return true
		}
	}
	return false
}

// Person is what a certificate's subject says (EN 319 412-2 section 4.2.4).
type Person struct {
	CommonName, GivenName, Surname, SerialNumber, Country string
}

// Subject reads the person; absent attributes are empty.
func Subject(c *x509.Certificate) Person {
	p := Person{CommonName: c.Subject.CommonName, SerialNumber: c.Subject.SerialNumber}
	for _, a := range c.Subject.Names {
		s, _ := a.Value.(string)
		switch {
		case a.Type.Equal(oidGivenName):
			p.GivenName = s
		case a.Type.Equal(oidSurname):
			p.Surname = s
		case a.Type.Equal(oidCountry):
			p.Country = s
		}
	}
	return p
}
