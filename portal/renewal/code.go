package renewal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// A renewal code is 20 characters of Crockford's base32 (https://www.crockford.com/base32.html):
// 19 random ones, 95 bits, and a check character, shown in groups of four. Crockford's own check
// character is out of 37 and needs signs such as "$" and "*", which people can't read out on the
// phone; ours is out of the same 32.
const (
	alphabet   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength = 20
	groupSize  = 4
)

// newCode draws a code, without dashes.
func newCode() string {
	raw := make([]byte, codeLength-1)
	rand.Read(raw)
	digits := make([]byte, codeLength)
	for i, b := range raw {
		digits[i] = b & 31
	}
	digits[codeLength-1] = checkDigit(digits[:codeLength-1])
	out := make([]byte, codeLength)
	for i, d := range digits {
		out[i] = alphabet[d]
	}
	return string(out)
}

// UnsoldCode draws a code of the right form that nobody has bought, for tests of what people are told.
func UnsoldCode() string { return formatCode(newCode()) }

// formatCode puts dashes between groups.
func formatCode(code string) string {
	var groups []string
	for i := 0; i < len(code); i += groupSize {
		groups = append(groups, code[i:i+groupSize])
	}
	return strings.Join(groups, "-")
}

// parseCode reads a code as people type it: case, spaces and dashes don't count, O is 0, I and L
// are 1. The error is ErrCodeMalformed.
func parseCode(typed string) (string, error) {
	var digits []byte
	for _, c := range strings.ToUpper(typed) {
		switch c {
		case ' ', '-', '\t', '\u00a0', '\u2010', '\u2011', '\u2013':
			continue
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		d := strings.IndexRune(alphabet, c)
		if d < 0 || len(digits) == codeLength {
			return "", ErrCodeMalformed
		}
		digits = append(digits, byte(d))
	}
	if len(digits) != codeLength || checkDigit(digits[:codeLength-1]) != digits[codeLength-1] {
		return "", ErrCodeMalformed
	}
	out := make([]byte, codeLength)
	for i, d := range digits {
		out[i] = alphabet[d]
	}
	return string(out), nil
}

// checkDigit is the digit c for which the polynomial of digits and c over GF(32) is zero at the
// generator: each wrong digit and each exchange of two digits shows, for the powers of the
// generator up to the code's length all differ.
func checkDigit(digits []byte) byte {
	var sum byte
	for _, d := range digits {
		sum = double(sum ^ d)
	}
	return sum
}

// double multiplies by x in GF(32) = GF(2)[x]/(x^5+x^2+1); x generates all 31 units.
func double(a byte) byte {
	a <<= 1
	if a&32 != 0 {
		a ^= 0b100101
	}
	return a
}

// mac is what the database keeps of a code.
func (s *Store) mac(purpose, value string) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte("odnowa-" + purpose + "-v1\x00" + value))
	return h.Sum(nil)
}

const keySize = 32

// CreateKeyFile makes the key that codes are hashed with: 32 random bytes in hexadecimal, readable
// by the owner only. It refuses to replace a file, for all codes sold would be lost with the key.
func CreateKeyFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("creating code key: %w", err)
	}
	key := make([]byte, keySize)
	rand.Read(key)
	_, err = fmt.Fprintln(f, hex.EncodeToString(key))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing code key: %w", err)
	}
	return nil
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading code key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("reading code key: %s is open to others: make its mode 0600", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading code key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("reading code key: %s is not %d bytes in hexadecimal", path, keySize)
	}
	return key, nil
}
