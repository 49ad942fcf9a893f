package pairing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// exchange runs a pairing without anybody in between.
func exchange(t *testing.T) (client, server Secret, code string) {
	t.Helper()
	a, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	e := Exchange{Origin: "chrome-extension://x", ClientKey: a.PublicKey().Bytes(), ServerKey: b.PublicKey().Bytes(),
		ClientNonce: NewNonce(), ServerNonce: NewNonce()}
	if client, err = e.Secret(a, e.ServerKey); err != nil {
		t.Fatal(err)
	}
	if server, err = e.Secret(b, e.ClientKey); err != nil {
		t.Fatal(err)
	}
	return client, server, e.Code()
}

func TestExchange(t *testing.T) {
	client, server, code := exchange(t)
	if client != server || client == (Secret{}) {
		t.Error("the two sides have different secrets")
	}
	if !regexp.MustCompile(`^[0-9]{6}$`).MatchString(code) {
		t.Errorf("code %q is not six digits", code)
	}
	other, _, _ := exchange(t)
	if other == client {
		t.Error("two pairings have one secret")
	}
}

// TestBetween: whoever exchanges a value makes the codes differ (one in a million aside, which these
// fixed values are not).
func TestBetween(t *testing.T) {
	e := Exchange{"o", []byte("ck"), []byte("sk"), []byte("cn"), []byte("sn")}
	for i, other := range []Exchange{
		{"x", []byte("ck"), []byte("sk"), []byte("cn"), []byte("sn")}, {"o", []byte("x"), []byte("sk"), []byte("cn"), []byte("sn")},
		{"o", []byte("ck"), []byte("x"), []byte("cn"), []byte("sn")}, {"o", []byte("ck"), []byte("sk"), []byte("x"), []byte("sn")},
		{"o", []byte("ck"), []byte("sk"), []byte("cn"), []byte("x")}, {"oc", []byte("k"), []byte("sk"), []byte("cn"), []byte("sn")},
	} {
		if other.Code() == e.Code() {
			t.Errorf("case %d has the same code", i)
		}
	}
	if bytes.Equal(Commitment([]byte("a"), []byte("bc")), Commitment([]byte("ab"), []byte("c"))) {
		t.Error("a commitment can be opened in two ways")
	}
}

func TestProof(t *testing.T) {
	s, _, _ := exchange(t)
	c := Challenge{"o", "id", []byte("sn"), []byte("cn")}
	p := s.ClientProof(c)
	if !s.CheckClient(c, p) {
		t.Error("a right proof was refused")
	}
	for _, other := range []Challenge{{"x", "id", c.ServerNonce, c.ClientNonce}, {"o", "x", c.ServerNonce, c.ClientNonce},
		{"o", "id", []byte("x"), c.ClientNonce}, {"o", "id", c.ServerNonce, []byte("x")}, {"o", "id", c.ClientNonce, c.ServerNonce}} {
		if s.CheckClient(other, p) {
			t.Errorf("the proof is good for %+v, too", other)
		}
	}
	if s.CheckClient(c, s.ServerProof(c)) || s.CheckClient(c, nil) || s.CheckClient(c, p[:31]) {
		t.Error("something else than the proof was taken")
	}
}

func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "pairings.json")
	s, err := OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	secret, _, _ := exchange(t)
	add := func(user, origin string) Pairing {
		t.Helper()
		p, err := s.Add(Pairing{User: user, Origin: origin, Secret: secret, CreatedAt: time.Now().UTC()})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second, other := add("1", "a"), add("1", "a"), add("2", "a")
	if s, err = OpenStore(path); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Find(first.ID, "a"); ok {
		t.Error("the replaced pairing is still good")
	}
	if p, ok := s.Find(second.ID, "a"); !ok || p.Secret != secret || p.User != "1" {
		t.Errorf("got %+v", p)
	}
	if _, ok := s.Find(other.ID, "b"); ok {
		t.Error("a pairing is good for another extension")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" { // which has access lists instead
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte(`[{"secret":"00"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(path); err == nil {
		t.Error("a broken file was taken")
	}
}

func TestSecretStaysInside(t *testing.T) {
	s := Secret{1, 2, 3}
	if text := fmt.Sprintf("%v %s %+v", s, s, Pairing{Secret: s}); strings.Contains(text, "1 2 3") || strings.Contains(text, "010203") {
		t.Errorf("printed as %s", text)
	}
	data, err := json.Marshal(s)
	var back Secret
	if err != nil || json.Unmarshal(data, &back) != nil || back != s {
		t.Errorf("%s does not come back", data)
	}
}
