package profile

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
)

// qcStatement is that of RFC 3739 section 3.2.6.
type qcStatement struct {
	ID   asn1.ObjectIdentifier
	Info asn1.RawValue `asn1:"optional"`
}

// location is a PdsLocation (EN 319 412-5 section 4.3.4).
type location struct {
	URL      string `asn1:"ia5"`
	Language string `asn1:"printable"`
}

// qcStatements says: qualified, key in a qualified device, for electronic signatures, where the
// disclosure statements are, semantics of the subject's serial number, how the person was identified.
// QcCClegislation and QcQSCDlegislation are absent: they are for certificates outside the EU.
func (a *Authority) qcStatements(method Identification) (pkix.Extension, error) {
	var locations []location
	for _, d := range a.Disclosures {
		locations = append(locations, location(d))
	}
	identMethod, ok := identMethods[method]
	if !ok {
		return pkix.Extension{}, fmt.Errorf("identification %q is unknown", method)
	}
	statements := []qcStatement{{ID: qcCompliance}, {ID: qcSSCD}}
	for _, s := range []struct {
		id   asn1.ObjectIdentifier
		info any
	}{
		{qcType, []asn1.ObjectIdentifier{qcTypeSignature}},
		{qcPDS, locations},
		{semanticsInformation, []asn1.ObjectIdentifier{semanticsNatural}},
		{qcIdentMethod, []asn1.ObjectIdentifier{identMethod}},
	} {
		der, err := asn1.Marshal(s.info)
		if err != nil {
			return pkix.Extension{}, err
		}
		statements = append(statements, qcStatement{s.id, asn1.RawValue{FullBytes: der}})
	}
	der, err := asn1.Marshal(statements)
	return pkix.Extension{Id: extQCStatements, Value: der}, err
}

// parseStatements gives the statements by the dotted form of their ids; a repeated one is an error.
func parseStatements(der []byte) (map[string]asn1.RawValue, error) {
	var list []qcStatement
	if rest, err := asn1.Unmarshal(der, &list); err != nil || len(rest) != 0 {
		return nil, fmt.Errorf("qcStatements are malformed")
	}
	out := map[string]asn1.RawValue{}
	for _, s := range list {
		if _, twice := out[s.ID.String()]; twice {
			return nil, fmt.Errorf("qcStatement %s stands there twice", s.ID)
		}
		out[s.ID.String()] = s.Info
	}
	return out, nil
}
