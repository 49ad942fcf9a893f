// Package cardtest makes cards for tests: SoftHSM tokens with keys and certificates of an invented test
// person, and a PKCS#11 module that misbehaves to order.
//
// It needs softhsm2-util (apt package softhsm2), pkcs11-tool (opensc) and, for [Hostile], gcc; a test
// that lacks one fails and names it. The keys are made once a process and copied for each test. On Windows
// a module of its own takes SoftHSM's place, see [Modules].
package cardtest

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/odnowa/odnowa/agent/pcsc"
	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/agent/worker"
)

// SoftHSM is the module's path, where Debian and Ubuntu put it.
const SoftHSM = "/usr/lib/softhsm/libsofthsm2.so"

// PIN of every card. A token takes 4 to 255 bytes.
const PIN = "271828"

const soPIN = "31415926"

// Label of every token.
const Label = "TEST card"

// caLabel is the CKA_LABEL of the CA's certificate.
const caLabel = "TEST CA"

// The certificates on a card, by name.
const (
	Sign    = "sign"    // RSA-2048, nonRepudiation
	Auth    = "auth"    // RSA-2048, digitalSignature
	EC      = "ec"      // P-256, nonRepudiation
	Always  = "always"  // RSA-2048, nonRepudiation, CKA_ALWAYS_AUTHENTICATE
	Expired = "expired" // P-256, nonRepudiation, ended yesterday
)

// Card is one test's own token, which it may change or delete.
type Card struct {
	Module string // path of the PKCS#11 module
	Conf   string // path of softhsm2.conf
	Tokens string // directory of the tokens
	Label  string
	PIN    string
	// Env is what the module's process needs in its environment.
	Env          []string
	Certificates []Certificate
	// CA issued the certificates; it lies on the token, too.
	CA *x509.Certificate
}

// Certificate is one on the card, with its key.
type Certificate struct {
	Name  string
	ID    string // lower-case hexadecimal SHA-256 of the DER
	KeyID []byte // CKA_ID
	*x509.Certificate
}

// Hash is the SHA-256 of the DER.
func (c Certificate) Hash() [32]byte { return sha256.Sum256(c.Raw) }

// Certificate gives the one with this name.
func (c Card) Certificate(name string) Certificate {
	for _, one := range c.Certificates {
		if one.Name == name {
			return one
		}
	}
	panic("cardtest: no certificate " + name)
}

// Main runs a package's tests: func TestMain(m *testing.M) { cardtest.Main(m) }. It lets the test binary
// play the module worker and the PC/SC watcher, which are started by default, and removes what New made.
func Main(m *testing.M) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == worker.Role:
		os.Exit(worker.Main(context.Background(), os.Args[2], os.Stdin, os.Stdout))
	case len(os.Args) == 2 && os.Args[1] == pcsc.Role:
		os.Exit(pcsc.Main(os.Stdin, os.Stdout))
	}
	code := subprocesstest.Main(m)
	for _, dir := range []string{template.dir, hostile.dir} {
		if dir != "" {
			os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

// New makes a card.
func New(t testing.TB) Card {
	t.Helper()
	template.once.Do(func() { template.build(t) })
	if !template.built {
		t.Fatal("cardtest: an earlier test could not make the token")
	}
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	if err := os.CopyFS(tokens, os.DirFS(filepath.Join(template.dir, "tokens"))); err != nil {
		t.Fatal(err)
	}
	return newCard(t, dir, template.certificates, template.authority.certificate)
}

// Empty makes a SoftHSM without any token: a reader without a card.
func Empty(t testing.TB) Card {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	return newCard(t, dir, nil, nil)
}

// Insert puts a copy of another card into this one's reader. Modules notice when they look anew
// (worker.RefreshEmpty, card.Store).
func (c Card) Insert(t testing.TB, card Card) {
	t.Helper()
	aside := t.TempDir()
	if err := os.CopyFS(aside, os.DirFS(card.Tokens)); err != nil {
		t.Fatal(err)
	}
	move(t, aside, c.Tokens)
}

// Remove takes the card out of the reader.
func (c Card) Remove(t testing.TB) {
	t.Helper()
	move(t, c.Tokens, t.TempDir())
}

// AddBlank adds a second card, initialised and without keys, to the same module.
func (c Card) AddBlank(t testing.TB) {
	t.Helper()
	if soft {
		writeSoft(t, filepath.Join(c.Tokens, "blank"), "label", []byte("TEST blank"))
		return
	}
	need(t, "softhsm2-util", "softhsm2")
	run(t, c.Env, "softhsm2-util", "--init-token", "--free", "--label", "TEST blank", "--so-pin", soPIN, "--pin", c.PIN)
}

// move moves tokens, each at once, as a module may be looking.
func move(t testing.TB, from, to string) {
	t.Helper()
	tokens, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range tokens {
		if err := os.Rename(filepath.Join(from, token.Name()), filepath.Join(to, token.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

func newCard(t testing.TB, dir string, certificates []Certificate, ca *x509.Certificate) Card {
	t.Helper()
	tokens := filepath.Join(dir, "tokens")
	if soft {
		return Card{
			Module: windowsModule(t, "soft.dll"), Tokens: tokens, Label: Label, PIN: PIN,
			Env: []string{"SOFT_TOKENS=" + tokens}, Certificates: certificates, CA: ca,
		}
	}
	need(t, SoftHSM, "softhsm2")
	conf := writeConf(t, dir, tokens)
	return Card{
		Module: SoftHSM, Conf: conf, Tokens: tokens, Label: Label, PIN: PIN,
		Env:          []string{"SOFTHSM2_CONF=" + conf, subprocesstest.Env()},
		Certificates: certificates, CA: ca,
	}
}

func writeConf(t testing.TB, dir, tokens string) string {
	t.Helper()
	conf := filepath.Join(dir, "softhsm2.conf")
	text := "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = true\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return conf
}

// need fails the test when a tool is missing, and says which package has it.
func need(t testing.TB, tool, pkg string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err == nil {
		return
	}
	if _, err := os.Stat(tool); err != nil {
		t.Fatalf("cardtest: %s is missing: apt-get install %s", tool, pkg)
	}
}

func run(t testing.TB, env []string, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("cardtest: %s: %v\n%s", name, err, out)
	}
}

func appendConf(t testing.TB, conf, line string) {
	t.Helper()
	f, err := os.OpenFile(conf, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(line); err != nil {
		t.Fatal(err)
	}
}

// unhex is for constants.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
