package pades

import (
	"sync"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// parsing lets one token be parsed at a time: the library counts its depth in a variable of the
// package (digitorus/pkcs7 ber.go, encodeIndent, as of 2023-07), which parallel parsers race for.
// Everything in this program that parses a token does it here. Making tokens does not parse.
var parsing sync.Mutex

// parseResponse reads an authority's answer (RFC 3161 section 2.4.2). It has to be DER.
func parseResponse(der []byte) (*timestamp.Timestamp, error) {
	parsing.Lock()
	defer parsing.Unlock()
	return timestamp.ParseResponse(der)
}

// parseToken reads a token, as what it says and as the CMS that it is. It verifies the token's
// signature if there is a certificate in it, and no more. It has to be DER.
func parseToken(der []byte) (*timestamp.Timestamp, *pkcs7.PKCS7, error) {
	parsing.Lock()
	defer parsing.Unlock()
	ts, err := timestamp.Parse(der)
	if err != nil {
		return nil, nil, err
	}
	p7, err := pkcs7.Parse(der)
	return ts, p7, err
}
