package profile

import (
	"crypto/x509"
	"encoding/asn1"
)

// PolicyQCPnQSCD is QCP-n-qscd: qualified, natural person, key in a qualified device (EN 319 411-2
// section 5.3).
var PolicyQCPnQSCD = mustOID(0, 4, 0, 194112, 1, 2)

var (
	extQCStatements = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}

	// EN 319 412-5 section 4.
	qcCompliance    = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 1}
	qcSSCD          = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 4}
	qcPDS           = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 5}
	qcType          = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6}
	qcTypeSignature = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6, 1}
	qcIdentMethod   = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 8}

	// EN 319 412-1 section 5.1 by way of RFC 3739 section 3.2.6.1.
	semanticsInformation = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 11, 2}
	semanticsNatural     = asn1.ObjectIdentifier{0, 4, 0, 194121, 1, 1}

	// identMethods: points (a), (c) and (d) of Art. 24(1a) share one id, point (b) has its own.
	identMethods = map[Identification]asn1.ObjectIdentifier{
		ElectronicIdentification: {0, 4, 0, 1862, 1, 8, 3},
		OtherMeans:               {0, 4, 0, 1862, 1, 8, 3},
		InPerson:                 {0, 4, 0, 1862, 1, 8, 3},
		QualifiedSignature:       {0, 4, 0, 1862, 1, 8, 4},
	}

	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidOrgID        = asn1.ObjectIdentifier{2, 5, 4, 97}
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSurname      = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidGivenName    = asn1.ObjectIdentifier{2, 5, 4, 42}
	oidSerialNumber = asn1.ObjectIdentifier{2, 5, 4, 5}
)

func mustOID(ints ...uint64) x509.OID {
	oid, err := x509.OIDFromInts(ints)
	if err != nil {
		panic(err)
	}
	return oid
}
