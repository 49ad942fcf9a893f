package pdf

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// SignatureCapacity is the most bytes of CMS that fit the placeholder: a signature with a chain of
// certificates and a time-stamp token takes 7 to 12 kB.
const SignatureCapacity = 24 << 10

// ErrPlaceholder is a document whose byte range does not enclose an empty placeholder.
var ErrPlaceholder = errors.New("document has no empty signature placeholder")

// Reopen makes a Prepared of stored bytes. It checks that the byte range covers the whole document
// and that its gap is one hexadecimal string of zeros; the document itself is not looked into.
func Reopen(document []byte, byteRange [4]int) (*Prepared, error) {
	start, end := byteRange[1], byteRange[2]
	if byteRange[0] != 0 || start < 1 || end > len(document) || end-start != 2*SignatureCapacity+2 ||
		byteRange[3] != len(document)-end {
		return nil, fmt.Errorf("%w: byte range does not cover the document", ErrPlaceholder)
	}
	gap := string(document[start:end])
	if gap[0] != '<' || gap[len(gap)-1] != '>' || strings.Trim(gap[1:len(gap)-1], "0") != "" {
		return nil, fmt.Errorf("%w: the gap holds something else", ErrPlaceholder)
	}
	return &Prepared{PDF: document, ByteRange: byteRange}, nil
}

// Insert gives a copy of the document with the CMS in its placeholder. No other byte changes.
func Insert(document []byte, byteRange [4]int, cms []byte) ([]byte, error) {
	if _, err := Reopen(document, byteRange); err != nil {
		return nil, err
	}
	if len(cms) == 0 || len(cms) > SignatureCapacity {
		return nil, fmt.Errorf("%w: %d bytes do not fit the placeholder", ErrTooLong, len(cms))
	}
	out := append([]byte(nil), document...)
	hex.Encode(out[byteRange[1]+1:], cms)
	return out, nil
}
