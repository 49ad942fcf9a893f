package pades

import (
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxDepth is more than a token needs, whose certificates nest the deepest.
const maxDepth = 24

// isDER tells whether the data is one DER element whose elements are DER to the last. Tokens and
// answers are DER (RFC 3161 section 3); the library converts BER first, and malformed input makes
// its conversion panic, so it never gets to see any.
func isDER(data []byte) bool {
	in := cryptobyte.String(data)
	return elements(&in, 0) == 1
}

// elements counts the elements of a constructed one's content; -1 if they are not DER.
func elements(in *cryptobyte.String, depth int) int {
	n := 0
	for ; !in.Empty(); n++ {
		var content cryptobyte.String
		var tag casn1.Tag
		if depth > maxDepth || !in.ReadAnyASN1(&content, &tag) {
			return -1
		}
		if tag&constructed != 0 && elements(&content, depth+1) < 0 {
			return -1
		}
	}
	return n
}

const constructed casn1.Tag = 0x20
