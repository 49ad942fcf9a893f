package sam

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/odnowa/odnowa/portal/sam/statement"
)

// The vectors were made by the phone app; portal/phone/test runs them too. Argon2 and Ed25519 are
// other implementations here than there.
type vectors struct {
	Codes []struct {
		DeviceKey, PINKey, BackupKey, Key, Nonce []byte
		Code                                     string
	}
	PINKeys []struct {
		PIN            string
		Secret, Public []byte
	}
	Proofs []struct {
		Roles               []role
		Device, PIN, Backup []byte
		Next                []byte // where the phone is restored
		Claims              json.RawMessage
		Proof               Proof
	}
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	b, err := os.ReadFile("testdata/phone.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Codes) == 0 || len(v.PINKeys) == 0 || len(v.Proofs) == 0 {
		t.Fatal("no vectors")
	}
	return v
}

func TestPhoneVectors(t *testing.T) {
	v := readVectors(t)
	for i, c := range v.Codes {
		if got := statement.Code(c.DeviceKey, c.PINKey, c.BackupKey, c.Key, c.Nonce); got != c.Code {
			t.Errorf("code %d = %s, want %s", i, got, c.Code)
		}
	}
	for i, k := range v.PINKeys {
		seed := argon2.IDKey([]byte(k.PIN), k.Secret, 3, 64*1024, 1, ed25519.SeedSize)
		if got := spki(t, ed25519.NewKeyFromSeed(seed).Public()); !bytes.Equal(got, k.Public) {
			t.Errorf("PIN key %d = %x, want %x", i, got, k.Public)
		}
	}
}

func TestPhoneProofs(t *testing.T) {
	for i, p := range readVectors(t).Proofs {
		var claims map[string]any
		if err := json.Unmarshal(p.Claims, &claims); err != nil {
			t.Fatal(err)
		}
		typed := map[any]any{
			"activate": &activateClaims{}, "keys": &keysClaims{}, "register-computer": &registerClaims{}, "sign": &signClaims{},
			"restore": &restoreClaims{}, "find-computer": &deviceClaims{}, "refuse-request": &deviceClaims{},
		}[claims["type"]]
		got, err := parseProof(p.Proof, typed, p.Roles...)
		if err != nil {
			t.Fatalf("proof %d: %v", i, err)
		}
		var signed map[string]any
		if err := json.Unmarshal(got.payload, &signed); err != nil || !reflect.DeepEqual(signed, claims) {
			t.Errorf("proof %d signs %v, want %v (%v)", i, signed, claims, err)
		}
		device, _ := statement.ParseP256(p.Device)
		backup, _ := statement.ParseP256(p.Backup)
		pin, _ := statement.ParseEd25519(p.PIN)
		if !got.verifyP256(roleDevice, device) || slices.Contains(p.Roles, rolePIN) && !got.verifyEd25519(rolePIN, pin) {
			t.Errorf("proof %d does not verify", i)
		}
		if slices.Contains(p.Roles, roleBackup) && !got.verifyP256(roleBackup, backup) {
			t.Errorf("proof %d: backup key's signature does not verify", i)
		}
		if next, err := statement.ParseP256(p.Next); err == nil != slices.Contains(p.Roles, roleNext) || err == nil && !got.verifyP256(roleNext, next) {
			t.Errorf("proof %d: next backup key's signature does not verify", i)
		}
		if got.verifyP256(roleDevice, backup) {
			t.Errorf("proof %d verifies with another key", i)
		}
	}
}
