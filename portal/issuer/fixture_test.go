package issuer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/odnowa/odnowa/portal/issuer"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/sam/statement"
	"github.com/odnowa/odnowa/portal/sandbox"
	"github.com/odnowa/odnowa/protocol/cades"
)

// world is a sandbox with a running issuer. The card is a real token, used by a process of its own;
// the SAM's statements are made with a test key, since its token is another process's.
type world struct {
	t        *testing.T // whose turn it is
	box      *sandbox.Sandbox
	config   issuer.Config
	portal   contract.Client
	operator contract.Client
	samKey   *ecdsa.PrivateKey
	holder   *x509.Certificate
	logs     *observer.ObservedLogs
	stop     func()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// shared is the one world of all tests: a sandbox's RSA keys take seconds. A test leaves it as it was.
var shared *world

func TestMain(m *testing.M) {
	code := m.Run()
	if shared != nil {
		shared.stop()
		os.RemoveAll(shared.box.Dir)
	}
	os.Exit(code)
}

// newWorld gives the world to a test.
func newWorld(t *testing.T) *world {
	t.Helper()
	if shared == nil {
		shared = createWorld(t)
	}
	shared.t = t
	return shared
}

func createWorld(t *testing.T) *world {
	t.Helper()
	dir := must(os.MkdirTemp("", "issuer-test-"))
	box, err := sandbox.Create(t.Context(), sandbox.Options{
		Dir: dir, BasePort: freePorts(t), AgentPort: 22701, PhoneApp: dir, SDK: dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, box: box, config: must(issuer.LoadConfig(box.Configs.Issuer)), samKey: newP256()}
	w.config.StatementKey = filepath.Join(dir, "test-statement.pem")
	writePEM(t, w.config.StatementKey, "PUBLIC KEY", spki(w.samKey.Public()))
	w.holder = w.read(box.Card.Qualified)
	w.portal = contract.Client{HTTP: w.client("portal"), URL: box.URLs.Issuer}
	w.operator = contract.Client{HTTP: w.client("operator"), URL: box.URLs.Issuer}
	w.start()
	return w
}

// start runs the issuer; stop ends it and waits.
func (w *world) start() {
	w.t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	w.logs = logs
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- issuer.Run(ctx, w.config, zap.New(core)) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
		done <- nil
	}
	for {
		res, err := http.Get("http://" + w.config.Public + "/health")
		if err == nil {
			res.Body.Close()
			return
		}
		select {
		case err := <-done:
			w.t.Fatalf("issuer did not start: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// freePorts finds five ports in a row: the sandbox's processes listen side by side.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		base := 18800 + 5*mathrand.IntN(2000) // below those that the system gives away while the sandbox is being made
		free := true
		for i := range 5 {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+i))
			if err != nil {
				free = false
				break
			}
			l.Close()
		}
		if free {
			return base
		}
	}
	t.Fatal("no five ports in a row")
	return 0
}

func (w *world) client(name string) *http.Client {
	return must(link.Config{Dir: w.box.Dir + "/" + name + "/link"}.Client(contract.Peer))
}

func (w *world) read(path string) *x509.Certificate {
	w.t.Helper()
	block, _ := pem.Decode(must(os.ReadFile(path)))
	return must(x509.ParseCertificate(block.Bytes))
}

// cardSign signs a document with the card, through the PKCS#11 module in a process of its own.
func (w *world) cardSign(p cades.Profile, content []byte) []byte {
	w.t.Helper()
	return w.signWith(w.box.Card.KeyLabel, w.holder, p, content)
}

func (w *world) signWith(label string, cert *x509.Certificate, p cades.Profile, content []byte) []byte {
	w.t.Helper()
	digest := sha256.Sum256(content)
	var at time.Time
	if p == cades.CAdES {
		at = time.Now()
	}
	req := must(cades.NewRequest(p, cades.RS256, cert, nil, digest[:], at))
	dir := w.t.TempDir()
	if err := os.WriteFile(dir+"/in", req.ToSign(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	command(w.t, "opensc", []string{"SOFTHSM2_CONF=" + w.box.Card.Conf}, "pkcs11-tool", "--module", w.box.Card.Module,
		"--token-label", w.box.Card.TokenLabel, "--login", "--pin", w.box.Card.PIN, "--sign", "--mechanism", "SHA256-RSA-PKCS",
		"--id", w.cardID(label), "--input-file", dir+"/in", "--output-file", dir+"/out")
	cms, err := req.Assemble(must(os.ReadFile(dir + "/out")))
	if err != nil {
		w.t.Fatal(err)
	}
	return cms
}

// cardID finds the CKA_ID of a label; pkcs11-tool 0.23 signs by id only.
func (w *world) cardID(label string) string {
	w.t.Helper()
	out := command(w.t, "opensc", []string{"SOFTHSM2_CONF=" + w.box.Card.Conf}, "pkcs11-tool", "--module", w.box.Card.Module,
		"--token-label", w.box.Card.TokenLabel, "--list-objects", "--type", "cert")
	_, out, _ = strings.Cut(out, "label:      "+label+"\n")
	_, out, _ = strings.Cut(out, "ID:")
	id, _, _ := strings.Cut(out, "\n")
	return strings.TrimSpace(id)
}

// phone is what a SAM would state of one phone.
type phone struct {
	claims statement.Claims
	key    *ecdsa.PrivateKey
}

func newPhone(number string) *phone {
	p := &phone{key: newP256()}
	pin, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	p.claims = statement.Claims{
		Enrolment: "e-" + rand.Text(), Number: number, Key: spki(p.key.Public()),
		Request:   must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, p.key)),
		DeviceKey: spki(newP256().Public()), PINKey: spki(pin), BackupKey: spki(newP256().Public()),
		Nonce: must(io.ReadAll(io.LimitReader(rand.Reader, statement.NonceSize))), IssuedAt: time.Now().Unix(),
	}
	c := &p.claims
	c.Code = statement.Code(c.DeviceKey, c.PINKey, c.BackupKey, c.Key, c.Nonce)
	return p
}

func (w *world) state(p *phone) string { return must(statement.Sign(w.samKey, p.claims)) }

func (w *world) applicationRequest() contract.ApplicationRequest {
	return contract.ApplicationRequest{
		Origin: w.box.URLs.Portal, Certificate: w.holder.Raw, Months: 24, Start: contract.StartNow, Target: contract.TargetCloud,
		EnrolmentURL: w.box.URLs.Phone + "/#c29tZXRoaW5n", Language: "pl",
	}
}

// signed is an application that the card has signed.
type signed struct {
	*contract.Application
	cms []byte
}

func (a *signed) signedBytes() []byte {
	r := a.ByteRange
	return append(bytes.Clone(a.Document[:r[1]]), a.Document[r[2]:]...)
}

func (w *world) signedApplication() *signed {
	w.t.Helper()
	app, err := w.portal.DrawUp(w.t.Context(), w.applicationRequest())
	if err != nil {
		w.t.Fatal(err)
	}
	a := &signed{Application: app}
	a.cms = w.cardSign(cades.PAdES, a.signedBytes())
	return a
}

var contact = contract.Contact{Email: "zaneta@poczta.example", Phone: "+48600100200"}

// confirmed is an application with everything that a certificate needs.
func (w *world) confirmed() (*signed, contract.CertificateRequest) {
	w.t.Helper()
	a := w.signedApplication()
	st := w.state(newPhone(a.Number))
	c, err := w.portal.Confirm(w.t.Context(), contract.ConfirmationRequest{Number: a.Number, ApplicationCMS: a.cms, Statement: st, Contact: contact})
	if err != nil {
		w.t.Fatal(err)
	}
	return a, contract.CertificateRequest{
		Number: a.Number, ApplicationCMS: a.cms, ConfirmationCMS: w.cardSign(cades.CAdES, c.Document), Statement: st,
	}
}

// wantCode checks that a call was refused with this code.
func wantCode(t *testing.T, name string, err error, code string) {
	t.Helper()
	p, ok := errors.AsType[*link.Problem](err)
	if !ok || p.Code != code {
		t.Errorf("%s: %v, want %s", name, err, code)
	}
}

func newP256() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func spki(pub crypto.PublicKey) []byte { return must(x509.MarshalPKIXPublicKey(pub)) }

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command runs a program of a Debian package.
func command(t *testing.T, pack string, env []string, args ...string) string {
	t.Helper()
	out, err := try(t, pack, env, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func try(t *testing.T, pack string, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%s is missing: apt-get install %s", args[0], pack)
	}
	return string(out), err
}

func openssl(t *testing.T, args ...string) string {
	t.Helper()
	return command(t, "openssl", nil, append([]string{"openssl"}, args...)...)
}
