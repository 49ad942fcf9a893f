package sam

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"errors"

	"github.com/odnowa/odnowa/protocol/jws"
	"github.com/odnowa/odnowa/protocol/strictjson"
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
	payload, err := jws.Decode(p.Payload)
	if err != nil {
		return nil, err
	}
	if len(p.Signatures) != len(roles) {
		return nil, errors.New("not one signature for each key")
	}
	out := &proof{payload: payload, signed: map[role]signedInput{}}
	for i, s := range p.Signatures {
		h, err := jws.Decode(s.Protected)
		if err != nil {
			return nil, err
		}
		var got proofHeader
		if err := strictjson.Read(h, &got); err != nil {
			return nil, err
		}
		if got != (proofHeader{Algorithm: algorithmOf(roles[i]), KeyID: roles[i], Type: proofType}) {
			return nil, errors.New("header is not of this signature")
		}
		signature, err := jws.Decode(s.Signature)
		if err != nil || len(signature) != 64 {
			return nil, errors.New("signature is not 64 bytes")
		}
		out.signed[roles[i]] = signedInput{[]byte(s.Protected + "." + p.Payload), signature}
	}
	return out, strictjson.Read(payload, claims)
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
	return jws.VerifyES256(key, s.input, s.signature)
}

func (p *proof) verifyEd25519(r role, key ed25519.PublicKey) bool {
	s := p.signed[r]
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, s.input, s.signature)
}
