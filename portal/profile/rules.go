package profile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"regexp"
	"strings"
)

// rules are the ones of the profile that zlint does not have, one fault a line.
func rules(c *x509.Certificate) []string {
	var faults []string
	check := func(ok bool, fault string) {
		if !ok {
			faults = append(faults, fault)
		}
	}
	check(c.Version == 3, "not version 3")
	check(c.SerialNumber.Sign() > 0 && c.SerialNumber.BitLen() >= 64 && c.SerialNumber.BitLen() < 160, "serial number is too short or too long")
	check(c.KeyUsage == x509.KeyUsageContentCommitment && critical(c, asn1.ObjectIdentifier{2, 5, 29, 15}), "key usage is not nonRepudiation alone, critical")
	check(len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0, "has an extended key usage")
	check(!c.BasicConstraintsValid, "has basic constraints")
	check(len(c.SubjectKeyId) > 0 && len(c.AuthorityKeyId) > 0, "a key identifier is missing")
	check(len(c.Policies) > 0 && c.Policies[0].Equal(PolicyQCPnQSCD), "policy is not QCP-n-qscd")
	check(httpOnly(c.IssuingCertificateURL), "caIssuers is not one http address")
	check(httpOnly(c.OCSPServer), "OCSP is not one http address")
	check(httpOnly(c.CRLDistributionPoints), "CRL distribution point is not one http address")
	check(strongKey(c, legacyRSABits), "key is too weak or of another kind")
	check(strongSignature(c.SignatureAlgorithm), "signature algorithm is weak")
	check(len(c.UnhandledCriticalExtensions) == 0, "unknown critical extension")
	check(!c.NotAfter.Before(c.NotBefore), "ends before it starts")
	faults = append(faults, subjectRules(c)...)
	faults = append(faults, issuerRules(c)...)
	return append(faults, statementRules(c)...)
}

// personID is semantics identifier "natural person" (EN 319 412-1 section 5.1.3).
var personID = regexp.MustCompile(`^(PAS|IDC|PNO|TAX|TIN)[A-Z]{2}-[A-Za-z0-9/-]+$`)

// subjectRules are those of EN 319 412-2 section 4.2.4.
func subjectRules(c *x509.Certificate) []string {
	var faults []string
	names, err := attributes(c.RawSubject)
	if err != nil {
		return []string{"subject is malformed"}
	}
	for _, a := range []struct {
		oid  asn1.ObjectIdentifier
		name string
	}{{oidCountry, "country"}, {oidCommonName, "common name"}, {oidSerialNumber, "serial number"}, {oidGivenName, "given name"}, {oidSurname, "surname"}} {
		if v := names[a.oid.String()]; len(v) != 1 || len(v[0].Bytes) == 0 {
			faults = append(faults, "subject does not have one "+a.name)
		}
	}
	for _, v := range names[oidSerialNumber.String()] {
		if v.Tag != asn1.TagPrintableString || !personID.Match(v.Bytes) {
			faults = append(faults, "subject's serial number does not follow the semantics of natural persons")
		}
	}
	return faults
}

// issuerRules are those of EN 319 412-2 section 4.2.3.
func issuerRules(c *x509.Certificate) []string {
	names, err := attributes(c.RawIssuer)
	if err != nil {
		return []string{"issuer is malformed"}
	}
	for _, oid := range []asn1.ObjectIdentifier{oidCountry, oidOrganization, oidOrgID, oidCommonName} {
		if len(names[oid.String()]) != 1 {
			return []string{"issuer lacks country, organization, its identifier or common name"}
		}
	}
	return nil
}

func attributes(raw []byte) (map[string][]asn1.RawValue, error) {
	var rdns []asn1.RawValue
	if rest, err := asn1.Unmarshal(raw, &rdns); err != nil || len(rest) != 0 {
		return nil, asn1.SyntaxError{Msg: "name"}
	}
	out := map[string][]asn1.RawValue{}
	for _, rdn := range rdns {
		var set []struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}
		if rest, err := asn1.UnmarshalWithParams(rdn.FullBytes, &set, "set"); err != nil || len(rest) != 0 {
			return nil, asn1.SyntaxError{Msg: "relative name"}
		}
		for _, a := range set {
			out[a.Type.String()] = append(out[a.Type.String()], a.Value)
		}
	}
	return out, nil
}

// statementRules are those of EN 319 412-5 that zlint leaves: the statements are exactly these.
func statementRules(c *x509.Certificate) []string {
	ext := extension(c, extQCStatements)
	if ext == nil {
		return []string{"has no qcStatements"}
	}
	statements, err := parseStatements(ext.Value)
	if err != nil {
		return []string{err.Error()}
	}
	var faults []string
	for _, want := range []struct {
		id   asn1.ObjectIdentifier
		info []asn1.ObjectIdentifier // nil: none, or checked elsewhere
	}{
		{qcCompliance, nil}, {qcSSCD, nil}, {qcPDS, nil},
		{qcType, []asn1.ObjectIdentifier{qcTypeSignature}},
		{semanticsInformation, []asn1.ObjectIdentifier{semanticsNatural}},
	} {
		info, ok := statements[want.id.String()]
		der, err := asn1.Marshal(want.info)
		if !ok || err != nil || want.info != nil && !bytes.Equal(info.FullBytes, der) {
			faults = append(faults, "qcStatement "+want.id.String()+" is missing or says something else")
		}
	}
	if !knownMethod(statements[qcIdentMethod.String()].FullBytes) {
		faults = append(faults, "QcIdentMethod is missing or unknown")
	}
	if len(statements) > 6 {
		faults = append(faults, "has other qcStatements")
	}
	return faults
}

func knownMethod(der []byte) bool {
	for _, oid := range identMethods {
		if want, err := asn1.Marshal([]asn1.ObjectIdentifier{oid}); err == nil && bytes.Equal(der, want) {
			return true
		}
	}
	return false
}

// Sizes of RSA keys (SOG-IS agreed mechanisms, referred to by ETSI TS 119 312; checked 2026-11): the
// first is what new keys need, the second stands on cards of earlier years.
const (
	newRSABits    = 3000
	legacyRSABits = 2048
)

// strongKey wants P-256 or more, or RSA of at least so many bits.
func strongKey(c *x509.Certificate, minRSABits int) bool {
	switch k := c.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return k.Curve.Params().BitSize >= 256
	case *rsa.PublicKey:
		return k.N.BitLen() >= minRSABits
	}
	return false
}

func strongSignature(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return true
	}
	return false
}

func httpOnly(urls []string) bool {
	return len(urls) == 1 && strings.HasPrefix(urls[0], "http://")
}

func extension(c *x509.Certificate, id asn1.ObjectIdentifier) *pkix.Extension {
	for i := range c.Extensions {
		if c.Extensions[i].Id.Equal(id) {
			return &c.Extensions[i]
		}
	}
	return nil
}

func critical(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	e := extension(c, id)
	return e != nil && e.Critical
}
