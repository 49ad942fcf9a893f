package rsign

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// jwsHeader of a DPoP proof (RFC 9449 section 4.2).
type jwsHeader struct {
	Type      string `json:"typ"`
	Algorithm string `json:"alg"`
	Key       jwk    `json:"jwk"`
}

// jwk is a public P-256 key (RFC 7518 section 6.2.1).
type jwk struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	Y     string `json:"y"`
}

// proofClaims are those of RFC 9449 and one more: bh, the hash of the body. Without it whoever carries the
// request, as the portal does, could exchange the body under the proof.
type proofClaims struct {
	ID       string `json:"jti"`
	Method   string `json:"htm"`
	URL      string `json:"htu"` // without query
	IssuedAt int64  `json:"iat"`
	Token    string `json:"ath,omitempty"`
	Body     string `json:"bh"`
}

// proof signs for one request. token is the access token that goes along, or empty.
func proof(key *ecdsa.PrivateKey, method, url, token string, body []byte, now time.Time) (string, error) {
	point, err := key.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		return "", fmt.Errorf("encoding key: %w", err)
	}
	claims := proofClaims{ID: rand.Text(), Method: method, URL: url, IssuedAt: now.Unix(), Body: hash(body)}
	if token != "" {
		claims.Token = hash([]byte(token))
	}
	header := jwsHeader{"dpop+jwt", "ES256", jwk{"EC", "P-256", b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:])}}
	var parts [2]string
	for i, part := range []any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			return "", fmt.Errorf("encoding proof: %w", err)
		}
		parts[i] = b64.EncodeToString(text)
	}
	signed := parts[0] + "." + parts[1]
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return "", fmt.Errorf("signing proof: %w", err)
	}
	var value [64]byte
	r.FillBytes(value[:32])
	s.FillBytes(value[32:])
	return signed + "." + b64.EncodeToString(value[:]), nil
}

var b64 = base64.RawURLEncoding

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return b64.EncodeToString(sum[:])
}
