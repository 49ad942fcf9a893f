package profile

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

// ErrLint: a certificate does not follow the profile.
var ErrLint = errors.New("certificate does not follow the profile")

// Lint checks a certificate that this authority issued: everything that [Lint] does, and that what
// the authority puts into all of its certificates is there. The error wraps ErrLint and lists every fault.
func (a *Authority) Lint(cert *x509.Certificate) error {
	faults := append(lintAll(cert), a.own(cert)...)
	return asError(faults)
}

// Lint checks a qualified certificate of any authority with this profile: own rules, and those rules
// of zlint that come from ETSI and the RFCs.
func Lint(cert *x509.Certificate) error {
	return asError(lintAll(cert))
}

func asError(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	sort.Strings(faults)
	return fmt.Errorf("%w: %s", ErrLint, strings.Join(slices.Compact(faults), "; "))
}

func lintAll(cert *x509.Certificate) []string {
	faults := rules(cert)
	z, err := zx509.ParseCertificate(cert.Raw)
	if err != nil {
		return append(faults, "zlint can't read it")
	}
	results := zlint.LintCertificateEx(z, registry)
	if results == nil {
		return append(faults, "zlint gave no result")
	}
	for name, r := range results.Results {
		// Notices are advice; warnings count, since nobody reads them after issue. Details may quote the
		// subject, and errors get logged: the rule's name has to do.
		if r.Status >= lint.Warn {
			faults = append(faults, name)
		}
	}
	return faults
}

// registry leaves out the rules for web servers, e-mail and code signing, and those of browsers.
var registry = func() lint.Registry {
	r, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{lint.EtsiEsi, lint.RFC3279, lint.RFC5280, lint.RFC5480, lint.RFC5891, lint.RFC8813, lint.Community},
	})
	if err != nil {
		panic(err)
	}
	return r
}()

// own are the rules that need to know the authority.
func (a *Authority) own(cert *x509.Certificate) []string {
	var faults []string
	check := func(ok bool, fault string) {
		if !ok {
			faults = append(faults, fault)
		}
	}
	ca := a.Certificate
	check(a.LegacyRSA || strongKey(cert, newRSABits), "key is too weak or of another kind")
	check(bytes.Equal(cert.RawIssuer, ca.RawSubject), "issuer is not the CA's subject")
	check(len(ca.SubjectKeyId) > 0 && bytes.Equal(cert.AuthorityKeyId, ca.SubjectKeyId), "authority key identifier is not the CA's")
	check(!cert.NotBefore.Before(ca.NotBefore) && !cert.NotAfter.After(ca.NotAfter), "valid beyond the CA's certificate")
	check(slices.Equal(cert.IssuingCertificateURL, []string{a.IssuerURL}), "caIssuers is not the CA's")
	check(slices.Equal(cert.OCSPServer, []string{a.OCSPURL}), "OCSP is not the CA's")
	check(slices.Equal(cert.CRLDistributionPoints, []string{a.CRLURL}), "CRL distribution point is not the CA's")
	check(len(cert.Policies) == 2 && cert.Policies[1].Equal(a.Policy), "the CA's own policy is missing")
	return faults
}
