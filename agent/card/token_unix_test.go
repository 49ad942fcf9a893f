//go:build unix

package card_test

import (
	"context"
	"crypto/rsa"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// These tests are of tokens as they come: with other mechanisms, keys without names, several PINs, wrong certificates.

// signs makes a signature of each algorithm that is listed for the certificate, and verifies it.
func signs(t *testing.T, store *card.Store, c cardtest.Card, certificate cardtest.Certificate, want []string) {
	t.Helper()
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list.Certificates, func(b bridge.Certificate) bool { return b.ID == certificate.ID })
	if i < 0 {
		t.Fatalf("%s is not listed: %+v", certificate.Name, list.Refused)
	}
	if got := list.Certificates[i].Algorithms; !slices.Equal(got, want) {
		t.Errorf("%s: algorithms: got %v, want %v", certificate.Name, got, want)
	}
	for _, a := range list.Certificates[i].Algorithms {
		if err := signWith(t.Context(), store, certificate.Certificate, cades.Algorithm(a), typed(c.PIN)); err != nil {
			t.Errorf("%s, %s: %v", certificate.Name, a, err)
		}
	}
}

var allRSA = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}

// Every key and curve signs with every algorithm that fits.
func TestEveryAlgorithm(t *testing.T) {
	c := cardtest.New(t)
	p384 := c.Add(t, cardtest.Key{Name: "p384", Kind: "EC:secp384r1", ID: "12"})
	p521 := c.Add(t, cardtest.Key{Name: "p521", Kind: "EC:secp521r1", ID: "13"})
	rsa3072 := c.Add(t, cardtest.Key{Name: "rsa3072", Kind: "rsa:3072", ID: "14"})
	store := open(t, c)
	signs(t, store, c, c.Certificate(cardtest.Sign), allRSA)
	signs(t, store, c, rsa3072, allRSA)
	signs(t, store, c, c.Certificate(cardtest.Always), allRSA)
	signs(t, store, c, c.Certificate(cardtest.EC), []string{"ES256"})
	signs(t, store, c, p384, []string{"ES384"})
	signs(t, store, c, p521, []string{"ES512"})
}

// A token that hashes by itself and takes no digest.
func TestHashingMechanismsOnly(t *testing.T) {
	c := cardtest.New(t)
	c.Mechanisms(t, "-CKM_RSA_PKCS,CKM_RSA_PKCS_PSS,CKM_SHA512_RSA_PKCS_PSS")
	store := open(t, c)
	signs(t, store, c, c.Certificate(cardtest.Sign), []string{"RS256", "RS384", "RS512", "PS256", "PS384"})
	signs(t, store, c, c.Certificate(cardtest.Always), []string{"RS256", "RS384", "RS512", "PS256", "PS384"})
}

// SoftHSM 2.6 does not hash for ECDSA, so this is about what a token would be given: the message, or its digest.
func TestWhatTheTokenIsGiven(t *testing.T) {
	c := cardtest.New(t)
	message := []byte("a message of its own length")
	for _, test := range []struct {
		name, mechanisms, certificate string
		algorithm                     cades.Algorithm
		want                          string
	}{
		{"ECDSA that hashes", "0x1044", cardtest.EC, cades.ES256, fmt.Sprintf("C_SignInit 0x1044\nC_Sign %d bytes\n", len(message))},
		{"ECDSA of a digest", "0x1044,0x1041", cardtest.EC, cades.ES256, "C_SignInit 0x1041\nC_Sign 32 bytes\n"},
		{"RSA that hashes", "0x42,0x40", cardtest.Sign, cades.RS512, fmt.Sprintf("C_SignInit 0x42\nC_Sign %d bytes\n", len(message))},
		{"RSA of a DigestInfo", "0x1,0x42", cardtest.Sign, cades.RS512, "C_SignInit 0x1\nC_Sign 83 bytes\n"},
		{"PSS of a digest", "0xD", cardtest.Sign, cades.PS384, "C_SignInit 0xD\nC_Sign 48 bytes\n"},
		{"mechanism listed and refused", "0x1,0x40", cardtest.Sign, cades.RS256, "C_SignInit 0x1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := cardtest.NewHostile(t, c.Certificate(test.certificate))
			orders := ""
			if strings.Contains(test.name, "refused") {
				orders = "C_SignInit=rv:0x70"
			}
			store := openModules(t, card.Options{}, card.Module{Name: "hostile", Path: h.Module, Env: append(h.Env(orders, login), "HOSTILE_MECHANISMS="+test.mechanisms)})
			_, err := store.Sign(t.Context(), card.SignRequest{CertificateID: h.Certificate.ID, Algorithm: test.algorithm, ToSign: message}, typed(cardtest.PIN))
			if orders != "" {
				wantCode(t, err, bridge.CodeSigningFailed)
				test.want += "C_SignInit 0x40\n" // the other way is tried, as that costs no PIN
			} else if err != nil {
				t.Error(err)
			}
			calls := strings.TrimSuffix(strings.TrimPrefix(h.Calls(t), "C_Login user 1, PIN\n"), "C_Logout\n")
			if calls != test.want {
				t.Errorf("got\n%swant\n%s", calls, test.want)
			}
		})
	}
}

// No PIN goes to a token that cannot make the signature.
func TestNoMechanism(t *testing.T) {
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	store := openModules(t, card.Options{}, card.Module{Name: "hostile", Path: h.Module, Env: append(h.Env("", login), "HOSTILE_MECHANISMS=0x40")})
	_, err := store.Sign(t.Context(), card.SignRequest{CertificateID: h.Certificate.ID, Algorithm: cades.PS256}, typed(cardtest.PIN))
	wantCode(t, err, bridge.CodeSigningFailed)
	if calls := h.Calls(t); strings.Contains(calls, "C_Login") {
		t.Errorf("calls: %q", calls)
	}
}

// Keys and certificates that CKA_ID does not connect.
func TestKeysWithoutID(t *testing.T) {
	c := cardtest.New(t)
	added := []cardtest.Certificate{
		c.Add(t, cardtest.Key{Name: "rsa without id", Kind: "rsa:2048"}),                         // by its modulus
		c.Add(t, cardtest.Key{Name: "rsa without anything", Kind: "rsa:2048", Unlabelled: true}), // the same
		c.Add(t, cardtest.Key{Name: "ec without id", Kind: "EC:prime256v1"}),                     // by its point, or the label
		c.Add(t, cardtest.Key{Name: "ec unlabelled", Kind: "EC:prime256v1", Unlabelled: true}),   // over the public key
		c.Add(t, cardtest.Key{Name: cardtest.Sign, Kind: "rsa:2048", ID: "21"}),                  // a label twice
	}
	store := open(t, c)
	for _, certificate := range added {
		want := []string{"ES256"}
		if _, ok := certificate.PublicKey.(*rsa.PublicKey); ok {
			want = allRSA
		}
		signs(t, store, c, certificate, want)
	}
	signs(t, store, c, c.Certificate(cardtest.Sign), allRSA)
}

// A key with the certificate's CKA_ID that is another's does not sign for it.
func TestKeyOfAnother(t *testing.T) {
	one := cardtest.New(t).Certificate(cardtest.Sign)
	modulus := one.PublicKey.(*rsa.PublicKey).N
	for name, n := range map[string]*big.Int{"its own": modulus, "another's": new(big.Int).Add(modulus, big.NewInt(2))} {
		h := cardtest.NewHostile(t, one)
		store := openModules(t, card.Options{}, card.Module{Name: "hostile", Path: h.Module, Env: append(h.Env("", login), fmt.Sprintf("HOSTILE_KEY=rsa:%x", n))})
		_, err := store.Sign(t.Context(), card.SignRequest{CertificateID: one.ID, Algorithm: cades.RS256}, typed(cardtest.PIN))
		if name == "its own" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name != "its own" {
			wantCode(t, err, bridge.CodeSigningFailed)
		}
	}
}

// One card with two PINs is two tokens in one reader; the PIN goes to the one that has the key, once.
func TestTwoPINsOnOneCard(t *testing.T) {
	store, request, h := openHostile(t, "", login, "HOSTILE_TWINS=1")
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if _, err := store.Sign(t.Context(), request, typed(cardtest.PIN)); err != nil {
		t.Fatal(err)
	}
	if calls := h.Calls(t); calls != "C_Login user 1, PIN\nC_Sign\nC_Logout\n" {
		t.Errorf("calls: %q", calls)
	}
	if got := list.Certificates[0]; got.Reader != "Hostile TEST reader" {
		t.Errorf("got reader %q", got.Reader)
	}
}

// Several tokens, each in a reader of its own: each signs with its own certificate, and is named.
func TestSeveralTokens(t *testing.T) {
	first, second := cardtest.New(t), cardtest.New(t)
	other := second.Add(t, cardtest.Key{Name: "other", Kind: "rsa:2048", ID: "31"})
	h := cardtest.NewHostile(t, other)
	store := openModules(t, card.Options{},
		card.Module{Name: "one", Path: first.Module, Env: first.Env},
		card.Module{Name: "two", Path: h.Module, Env: h.Env("", login)})
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != len(first.Certificates)+1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	readers := make(map[string]bool)
	for _, c := range list.Certificates {
		readers[c.Reader] = true
	}
	if len(readers) != 2 || !readers["Hostile TEST reader"] {
		t.Errorf("readers: got %v", readers)
	}
	for _, id := range []string{first.Certificate(cardtest.Sign).ID, other.ID} {
		if _, err := store.Sign(t.Context(), card.SignRequest{CertificateID: id, Algorithm: cades.RS256}, typed(cardtest.PIN)); err != nil {
			t.Error(err)
		}
	}
}

// A token without login whose key everybody sees.
func TestTokenWithoutLogin(t *testing.T) {
	store, request, h := openHostile(t, "", noLogin, "HOSTILE_KEY=visible")
	list, err := store.List(t.Context(), bridge.Filter{})
	if err != nil || len(list.Certificates) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if _, err := store.Sign(t.Context(), request, neverAsked(t)); err != nil {
		t.Error(err)
	}
	if calls := h.Calls(t); strings.Contains(calls, "C_Login") {
		t.Errorf("calls: %q", calls)
	}
}

// A person who does not type on the reader's pad: the deadline is not the module's fault, and cancelling works.
func TestPINPadUnused(t *testing.T) {
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	store := openModules(t, card.Options{Worker: worker.Options{PadTimeout: 300 * time.Millisecond}},
		card.Module{Name: "hostile", Path: h.Module, Env: h.Env("C_Login=hang", pad)})
	request := card.SignRequest{CertificateID: h.Certificate.ID, Algorithm: cades.RS256}
	_, err := store.Sign(t.Context(), request, neverAsked(t))
	wantCode(t, err, bridge.CodeTimeout)

	patient := openModules(t, card.Options{}, card.Module{Name: "hostile", Path: h.Module, Env: h.Env("C_Login=hang", pad)})
	ctx, cancel := context.WithCancel(t.Context())
	request.Progress = func(bridge.ProgressState) { time.AfterFunc(50*time.Millisecond, cancel) }
	began := time.Now()
	_, err = patient.Sign(ctx, request, neverAsked(t))
	wantCode(t, err, bridge.CodeRequestCancelled)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("cancelled after %v", took)
	}
	h.Mend(t)
	if _, err := patient.Sign(t.Context(), card.SignRequest{CertificateID: h.Certificate.ID, Algorithm: cades.RS256}, neverAsked(t)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// What lies on a token and is no certificate hides no other and breaks nothing.
func TestObjectsThatAreNone(t *testing.T) {
	other := cardtest.New(t)
	sequence := []byte{0x30, 0x03, 0x02, 0x01, 0x05}
	for name, test := range map[string]struct {
		orders string
		der    []byte
		want   string
	}{
		"DER, no certificate": {"", sequence, "refused key_type"},
		"no DER":              {"", []byte("\xFF\xFFnonsense"), "nothing"},
		"empty":               {"", nil, "nothing"},
		"cut off":             {"", other.CA.Raw[:100], "nothing"},
		"padded":              {"", append(slices.Clone(other.Certificate(cardtest.Sign).Raw), make([]byte, 700)...), "listed"},
		"random attributes":   {"C_GetAttributeValue=garbage", nil, "nothing"},
		"10,000 objects":      {"C_FindObjects=objects", other.Certificate(cardtest.Sign).Raw, "listed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := cardtest.NewHostile(t, other.Certificate(cardtest.Sign))
			file := filepath.Join(t.TempDir(), "der")
			if err := os.WriteFile(file, test.der, 0o600); err != nil {
				t.Fatal(err)
			}
			store := openModules(t, card.Options{},
				card.Module{Name: "hostile", Path: h.Module, Env: append(h.Env(test.orders, login), "HOSTILE_CERT="+file)},
				card.Module{Name: "SoftHSM", Path: other.Module, Env: other.Env})
			began := time.Now()
			list, err := store.List(t.Context(), bridge.Filter{})
			if took := time.Since(began); err != nil || took > 2*time.Second {
				t.Fatalf("got %v after %v", err, took)
			}
			if len(list.Certificates) != len(other.Certificates) {
				t.Errorf("got %d certificates, want SoftHSM's %d", len(list.Certificates), len(other.Certificates))
			}
			got := "nothing"
			if len(list.Refused) > 0 {
				got = "refused " + string(list.Refused[0].Reason)
			}
			if slices.ContainsFunc(list.Certificates, func(b bridge.Certificate) bool { return b.Token == "Hostile TEST card" }) {
				got = "listed"
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
