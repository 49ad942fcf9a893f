package pairing

import (
	"bytes"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors from their inputs")

const vectorsFile = "../../protocol/vectors/pairing/pairing.json"

// vector is one pairing and one connection, both sides of it. The private keys are inputs, and so are
// the nonces, the origin and the id; the rest follows.
type vector struct {
	Name             string `json:"name"`
	Origin           string `json:"origin"`
	ClientPrivate    []byte `json:"clientPrivate"`
	ServerPrivate    []byte `json:"serverPrivate"`
	ClientKey        []byte `json:"clientKey"`
	ServerKey        []byte `json:"serverKey"`
	ClientNonce      []byte `json:"clientNonce"`
	ServerNonce      []byte `json:"serverNonce"`
	Commitment       []byte `json:"commitment"`
	Code             string `json:"code"`
	Secret           []byte `json:"secret"`
	Pairing          string `json:"pairing"`
	ProveClientNonce []byte `json:"proveClientNonce"`
	ProveServerNonce []byte `json:"proveServerNonce"`
	ClientProof      []byte `json:"clientProof"`
	ServerProof      []byte `json:"serverProof"`
}

// inputs makes a vector's inputs from its name, so that everybody gets the same.
func inputs(name, origin string) vector {
	of := func(what string) []byte {
		d := sha256.Sum256([]byte("odnowa test vector: " + name + ": " + what))
		return d[:]
	}
	return vector{
		Name: name, Origin: origin, Pairing: "00112233445566778899aabbccddeeff",
		ClientPrivate: of("client key"), ServerPrivate: of("server key"),
		ClientNonce: of("client nonce"), ServerNonce: of("server nonce"),
		ProveClientNonce: of("client nonce of the proof"), ProveServerNonce: of("server nonce of the proof"),
	}
}

// complete computes what follows from the inputs, as the client does.
func (v vector) complete(t *testing.T) vector {
	t.Helper()
	own, err := ecdh.X25519().NewPrivateKey(v.ClientPrivate)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdh.X25519().NewPrivateKey(v.ServerPrivate)
	if err != nil {
		t.Fatal(err)
	}
	v.ClientKey, v.ServerKey = own.PublicKey().Bytes(), other.PublicKey().Bytes()
	e := Exchange{Origin: v.Origin, ClientKey: v.ClientKey, ServerKey: v.ServerKey, ClientNonce: v.ClientNonce, ServerNonce: v.ServerNonce}
	secret, err := e.Secret(own, v.ServerKey)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := e.Secret(other, v.ClientKey); err != nil || s != secret {
		t.Fatalf("%s: the service has another secret (%v)", v.Name, err)
	}
	c := Challenge{Origin: v.Origin, Pairing: v.Pairing, ServerNonce: v.ProveServerNonce, ClientNonce: v.ProveClientNonce}
	v.Commitment, v.Code, v.Secret = Commitment(v.ClientKey, v.ClientNonce), e.Code(), secret[:]
	v.ClientProof, v.ServerProof = secret.ClientProof(c), secret.ServerProof(c)
	return v
}

// TestVectors holds this package and the extension (extension/test/pairing.test.ts) to the same bytes.
func TestVectors(t *testing.T) {
	var want []vector
	for _, v := range []vector{
		inputs("chromium", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"),
		inputs("firefox", "moz-extension://01234567-89ab-cdef-0123-456789abcdef"),
		inputs("code with leading zeros, number 242", "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba"),
	} {
		want = append(want, v.complete(t))
	}
	data, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, '\n')
	if *update {
		if err := os.WriteFile(vectorsFile, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Errorf("%s is not what this package computes", vectorsFile)
	}
}
