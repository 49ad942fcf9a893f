package sam

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
)

// proofType is the JWS header's typ of everything that a phone signs.
const proofType = "odnowa-phone+jws"

// role names a key of a phone; it is the JWS header's kid.
type role string

const (
	roleDevice role = "device"
	rolePIN    role = "pin"
	roleBackup role = "backup"
	roleNext   role = "next-backup" // of a phone that is being restored: its own backup's
)

// Proof is a JWS in general serialisation (RFC 7515 section 7.2.1), without unprotected headers.
type Proof struct {
	Payload    string           `json:"payload"`
	Signatures []ProofSignature `json:"signatures"`
}

// ProofSignature is one of a Proof's signatures.
type ProofSignature struct {
	Protected string `json:"protected"`
	Signature string `json:"signature"`
}

type proofHeader struct {
	Algorithm string `json:"alg"`
	KeyID     role   `json:"kid"`
	Type      string `json:"typ"`
}

// proof is a Proof that has the wanted form. Nothing of it is verified yet.
type proof struct {
	payload []byte
	signed  map[role]signedInput
}

type signedInput struct{ input, signature []byte }

// parseProof wants exactly one signature of each role, in this order, and reads the payload into
// claims, strictly.
func parseProof(p Proof, claims any, roles ...role) (*proof, error) {
	payload, err := decodeB64(p.Payload)
	if err != nil {
		return nil, err
	}
	if len(p.Signatures) != len(roles) {
		return nil, errors.New("not one signature for each key")
	}
	out := &proof{payload: payload, signed: map[role]signedInput{}}
	for i, s := range p.Signatures {
		h, err := decodeB64(s.Protected)
		if err != nil {
			return nil, err
		}
		var got proofHeader
		if err := decodeStrict(h, &got); err != nil {
			return nil, err
		}
		if got != (proofHeader{Algorithm: algorithmOf(roles[i]), KeyID: roles[i], Type: proofType}) {
			return nil, errors.New("header is not of this signature")
		}
		signature, err := decodeB64(s.Signature)
		if err != nil || len(signature) != 64 {
			return nil, errors.New("signature is not 64 bytes")
		}
		out.signed[roles[i]] = signedInput{[]byte(s.Protected + "." + p.Payload), signature}
	}
	return out, decodeStrict(payload, claims)
}

// algorithmOf fixes the algorithm by the role, never by the header (RFC 8725 section 3.1).
func algorithmOf(r role) string {
	if r == rolePIN {
		return "EdDSA"
	}
	return "ES256"
}

func (p *proof) verifyP256(r role, key *ecdsa.PublicKey) bool {
	s := p.signed[r]
	digest := sha256.Sum256(s.input)
	return len(s.signature) == 64 &&
		ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(s.signature[:32]), new(big.Int).SetBytes(s.signature[32:]))
}

func (p *proof) verifyEd25519(r role, key ed25519.PublicKey) bool {
	s := p.signed[r]
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, s.input, s.signature)
}

// decodeB64 takes the one base64url form of some bytes: no padding, no line breaks, no loose bits.
func decodeB64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("line break in base64url")
	}
	return b64.DecodeString(s)
}

// decodeStrict reads one JSON object without unknown fields, trailing data or a name given twice.
func decodeStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("trailing data")
	}
	return noTwins(data)
}

// noTwins refuses a flat object that names a member twice: two readers could take different ones.
func noTwins(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not an object")
	}
	var seen []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		// encoding/json matches names without regard to case.
		n := strings.ToLower(name.(string))
		if slices.Contains(seen, n) {
			return errors.New("a name is given twice")
		}
		seen = append(seen, n)
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return err
		}
	}
	return nil
}
