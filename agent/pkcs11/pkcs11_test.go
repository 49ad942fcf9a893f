package pkcs11_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/pkcs11"
)

func TestMain(m *testing.M) { cardtest.Main(m) }

// open loads SoftHSM into the test's own process, which may crash with it: SoftHSM is well behaved.
func open(t *testing.T, card cardtest.Card) *pkcs11.Module {
	t.Helper()
	for _, v := range card.Env {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	m, err := pkcs11.Open(card.Module)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Initialize(); err != nil {
		t.Fatal(err)
	}
	return m
}

// session opens one with the card's token.
func session(t *testing.T, m *pkcs11.Module) *pkcs11.Session {
	t.Helper()
	slots, err := m.Slots()
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range slots {
		if info, err := m.TokenInfo(slot); err == nil && info.Label == cardtest.Label {
			s, err := m.OpenSession(slot)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	t.Fatal("no token")
	return nil
}

func find(t *testing.T, s *pkcs11.Session, class uint, id []byte) pkcs11.Object {
	t.Helper()
	found, err := s.Find(2, pkcs11.Class(class), pkcs11.Attribute{Type: pkcs11.AttributeID, Value: id})
	if err != nil || len(found) != 1 {
		t.Fatalf("finding class %d, id %x: got %v, %v", class, id, found, err)
	}
	return found[0]
}

func TestToken(t *testing.T) {
	card := cardtest.New(t)
	m := open(t, card)
	defer m.Finalize()
	slots, err := m.Slots()
	if err != nil || len(slots) != 2 {
		t.Fatalf("slots: got %v, %v; want the token's and SoftHSM's empty one", slots, err)
	}
	info, err := m.TokenInfo(slots[0])
	if err != nil {
		t.Fatal(err)
	}
	want := pkcs11.TokenInfo{
		Label: cardtest.Label, Manufacturer: "SoftHSM project", Model: "SoftHSM v2", Serial: info.Serial,
		Flags: info.Flags, MinPIN: 4, MaxPIN: 255,
	}
	if info != want || len(info.Serial) != 16 {
		t.Errorf("token: got %+v, want %+v", info, want)
	}
	flags := pkcs11.FlagLoginRequired | pkcs11.FlagPINInitialized | pkcs11.FlagInitialized
	if !info.Flags.Has(flags) || info.Flags.Has(pkcs11.FlagProtectedPath) || info.Flags.Has(pkcs11.FlagPINLocked) {
		t.Errorf("flags: got 0x%X", info.Flags)
	}
	slot, err := m.SlotInfo(slots[0])
	if err != nil || !slot.TokenPresent || slot.Description == "" || slot.Manufacturer != "SoftHSM project" {
		t.Errorf("slot: got %+v, %v", slot, err)
	}
	mechanisms, err := m.Mechanisms(slots[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []uint{pkcs11.MechanismRSA, pkcs11.MechanismPSS, pkcs11.MechanismECDSA} {
		if can, err := m.CanSign(slots[0], one); err != nil || !can || !slices.Contains(mechanisms, one) {
			t.Errorf("mechanism 0x%X: got %v, %v", one, can, err)
		}
	}
	if _, err := m.TokenInfo(1 << 20); !errors.Is(err, pkcs11.ErrSlotIDInvalid) {
		t.Errorf("unknown slot: got %v, want CKR_SLOT_ID_INVALID", err)
	}
}

func TestObjects(t *testing.T) {
	card := cardtest.New(t)
	m := open(t, card)
	defer m.Finalize()
	s := session(t, m)
	all, err := s.Find(100, pkcs11.Class(pkcs11.ClassCertificate))
	if err != nil || len(all) != len(card.Certificates)+1 {
		t.Errorf("certificates: got %d, %v", len(all), err)
	}
	if some, err := s.Find(2, pkcs11.Class(pkcs11.ClassCertificate)); err != nil || len(some) != 2 {
		t.Errorf("at most two: got %d, %v", len(some), err)
	}
	want := card.Certificate(cardtest.EC)
	object := find(t, s, pkcs11.ClassCertificate, want.KeyID)
	if value, err := s.Attribute(object, pkcs11.AttributeValue, 1<<16); err != nil || !bytes.Equal(value, want.Raw) {
		t.Errorf("value: got %d bytes, %v", len(value), err)
	}
	if label, err := s.Attribute(object, pkcs11.AttributeLabel, 100); err != nil || string(label) != want.Name {
		t.Errorf("label: got %q, %v", label, err)
	}
	if value, err := s.Attribute(object, pkcs11.AttributeValue, 10); err == nil {
		t.Errorf("more than the limit: got %d bytes, want an error", len(value))
	}
	if _, err := s.Attribute(object, 0x7FFFFFFF, 10); !errors.Is(err, pkcs11.ErrAttributeTypeInvalid) {
		t.Errorf("unknown attribute: got %v, want CKR_ATTRIBUTE_TYPE_INVALID", err)
	}
	if flag, err := s.Flag(object, pkcs11.AttributeAlwaysAuthenticate); err != nil || flag {
		t.Errorf("a flag that the object does not have: got %v, %v", flag, err)
	}
	if keys, err := s.Find(9, pkcs11.Class(pkcs11.ClassPrivateKey)); err != nil || len(keys) != 0 {
		t.Errorf("private keys before login: got %d, %v", len(keys), err)
	}
}

// TestLongValue: one that takes a second call, its length being more than a first has room for.
func TestLongValue(t *testing.T) {
	card := cardtest.New(t)
	m := open(t, card)
	defer m.Finalize()
	s := session(t, m)
	long := bytes.Repeat([]byte("0123456789"), 490) // pkcs11-tool takes 5000 bytes
	data := writeData(t, card, s, long)
	if value, err := s.Attribute(data, pkcs11.AttributeValue, 1<<16); err != nil || !bytes.Equal(value, long) {
		t.Errorf("long value: got %d bytes, %v", len(value), err)
	}
	if value, err := s.Attribute(data, pkcs11.AttributeValue, len(long)-1); err == nil {
		t.Errorf("more than the limit: got %d bytes, want an error", len(value))
	}
}

func TestLogin(t *testing.T) {
	card := cardtest.New(t)
	m := open(t, card)
	defer m.Finalize()
	s := session(t, m)
	for _, test := range []struct {
		pin  []byte
		want pkcs11.Error
	}{
		{[]byte("000000"), pkcs11.ErrPINIncorrect},
		{[]byte{}, pkcs11.ErrPINLenRange},
		{nil, pkcs11.ErrArgumentsBad}, // no PIN pad here
	} {
		if err := s.Login(test.pin); !errors.Is(err, test.want) {
			t.Errorf("PIN of %d bytes: got %v, want %v", len(test.pin), err, test.want)
		}
	}
	if err := s.Login([]byte(card.PIN)); err != nil {
		t.Fatal(err)
	}
	if keys, err := s.Find(9, pkcs11.Class(pkcs11.ClassPrivateKey)); err != nil || len(keys) != len(card.Certificates) {
		t.Errorf("private keys after login: got %d, %v", len(keys), err)
	}
	if err := s.Logout(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Logout(); !errors.Is(err, pkcs11.ErrSessionHandleInvalid) {
		t.Errorf("closed session: got %v, want CKR_SESSION_HANDLE_INVALID", err)
	}
}

func TestAlwaysAuthenticate(t *testing.T) {
	card := cardtest.New(t)
	m := open(t, card)
	defer m.Finalize()
	s := session(t, m)
	if err := s.Login([]byte(card.PIN)); err != nil {
		t.Fatal(err)
	}
	certificate := card.Certificate(cardtest.Always)
	key := find(t, s, pkcs11.ClassPrivateKey, certificate.KeyID)
	if always, err := s.Flag(key, pkcs11.AttributeAlwaysAuthenticate); err != nil || !always {
		t.Fatalf("CKA_ALWAYS_AUTHENTICATE: got %v, %v", always, err)
	}
	digest := sha256.Sum256([]byte("1"))
	signing := prepare(t, pkcs11.PKCS1, crypto.SHA256, []byte("1"))
	if err := s.SignInit(signing, key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(signing); !errors.Is(err, pkcs11.ErrUserNotLoggedIn) {
		t.Errorf("without its login: got %v, want CKR_USER_NOT_LOGGED_IN", err)
	}
	for range 2 {
		if err := s.SignInit(signing, key); err != nil {
			t.Fatal(err)
		}
		if err := s.LoginContext([]byte(card.PIN)); err != nil {
			t.Fatal(err)
		}
		signature, err := s.Sign(signing)
		if err != nil {
			t.Fatal(err)
		}
		if err := rsa.VerifyPKCS1v15(certificate.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], signature); err != nil {
			t.Error(err)
		}
	}
}

func prepare(t *testing.T, scheme pkcs11.Scheme, hash crypto.Hash, message []byte) *pkcs11.Signing {
	t.Helper()
	signing, err := pkcs11.NewSigning(scheme, hash, scheme.Raw(), message)
	if err != nil {
		t.Fatal(err)
	}
	return signing
}

func TestOpenRefuses(t *testing.T) {
	for _, path := range []string{"", "libsofthsm2.so", "./x.so", "/nonexistent.so", os.DevNull, "/proc/self/exe"} {
		if m, err := pkcs11.Open(path); err == nil || m != nil {
			t.Errorf("%q was opened", path)
		}
	}
}

func TestNewSigningRefuses(t *testing.T) {
	for _, test := range []struct {
		scheme    pkcs11.Scheme
		hash      crypto.Hash
		mechanism uint
	}{
		{pkcs11.PKCS1, crypto.SHA1, pkcs11.MechanismRSA},
		{pkcs11.PKCS1, 0, pkcs11.MechanismRSA},
		{pkcs11.PKCS1, crypto.SHA256, 0x0006},                              // CKM_SHA1_RSA_PKCS
		{pkcs11.PKCS1, crypto.SHA256, pkcs11.PKCS1.Hashing(crypto.SHA384)}, // another hash
		{pkcs11.PKCS1, crypto.SHA256, pkcs11.MechanismPSS},
		{"none", crypto.SHA256, 0},
		{"none", crypto.SHA256, pkcs11.MechanismRSA},
	} {
		if _, err := pkcs11.NewSigning(test.scheme, test.hash, test.mechanism, []byte("1")); err == nil {
			t.Errorf("%+v was taken", test)
		}
	}
}

// A digest is signed where the token can, and the message where it cannot.
func TestUsable(t *testing.T) {
	token := []uint{0x41, pkcs11.MechanismRSA, 0x40, 0x1044, 0x44}
	for _, test := range []struct {
		scheme pkcs11.Scheme
		hash   crypto.Hash
		want   []uint
	}{
		{pkcs11.PKCS1, crypto.SHA256, []uint{pkcs11.MechanismRSA, 0x40}},
		{pkcs11.PKCS1, crypto.SHA512, []uint{pkcs11.MechanismRSA}},
		{pkcs11.PSS, crypto.SHA384, []uint{0x44}},
		{pkcs11.PSS, crypto.SHA256, nil},
		{pkcs11.ECDSA, crypto.SHA256, []uint{0x1044}},
		{"none", crypto.SHA256, nil},
	} {
		if got := test.scheme.Usable(test.hash, token); !slices.Equal(got, test.want) {
			t.Errorf("%s with %v: got %x, want %x", test.scheme, test.hash, got, test.want)
		}
	}
}

func TestErrorNames(t *testing.T) {
	for code, want := range map[pkcs11.Error]string{
		pkcs11.ErrPINIncorrect: "CKR_PIN_INCORRECT", 0x80000001: "CKR 0x80000001",
	} {
		if got := code.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// writeData puts a data object on the card, and finds it.
func writeData(t *testing.T, card cardtest.Card, s *pkcs11.Session, value []byte) pkcs11.Object {
	t.Helper()
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, value, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("pkcs11-tool", "--module", card.Module, "--write-object", file, "--type", "data", "--label", "data")
	cmd.Env = append(os.Environ(), card.Env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const data = 0 // CKO_DATA
	found, err := s.Find(2, pkcs11.Class(data))
	if err != nil || len(found) != 1 {
		t.Fatalf("data objects: got %d, %v", len(found), err)
	}
	return found[0]
}
