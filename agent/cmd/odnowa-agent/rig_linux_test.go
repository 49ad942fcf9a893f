package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/service/servicetest"
	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/seal"
)

// rig is a computer with a card, a policy and a login.
type rig struct {
	card    cardtest.Card
	sealKey *ecdsa.PrivateKey
	dir     string
	policy  policy.Policy
	env     []string
	// program and user run the agent from another file as another user; empty and nil for this one.
	program string
	user    *syscall.Credential
	extra   []*os.File // open files that processes inherit

	mu  sync.Mutex
	log strings.Builder // what all processes wrote to standard error
}

func newRig(t *testing.T, change func(*rig)) *rig {
	t.Helper()
	if _, err := os.Stat(policy.MachinePath()); err == nil {
		t.Fatalf("this machine has a policy of its own (%s), which hides the test's", policy.MachinePath())
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{card: cardtest.New(t), sealKey: key, dir: shortDir(t)}
	r.policy = policy.Policy{
		ServiceSocket:   filepath.Join(r.dir, "service", "agent.sock"),
		StateDir:        filepath.Join(r.dir, "state"),
		Extensions:      policy.Extensions{Chromium: []string{testExtension}, Firefox: []string{"odnowa@odnowa.example"}},
		Origins:         []policy.Origin{{Origin: testOrigin, SealKeys: [][]byte{spki}}},
		Modules:         []policy.Module{{Name: "SoftHSM", Path: r.card.Module, Env: r.card.Env}},
		DiscoverModules: new(bool), // of the computer that the tests run on
		WindowTimeoutMs: 20_000,
	}
	r.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "XDG_RUNTIME_DIR=" + r.dir, "DISPLAY=:99",
		policy.Environment + "=" + filepath.Join(r.dir, "policy.json"), "TMPDIR=" + os.TempDir(), subprocesstest.Env(),
	}
	if change != nil {
		change(r)
	}
	data, err := json.Marshal(r.policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "policy.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(r.logs())
		}
	})
	return r
}

// withService makes it a computer with the service, on a port of its own.
func (r *rig) withService(t *testing.T) {
	t.Helper()
	r.policy.Port = servicetest.Port(t)
	r.policy.Service = true
	r.policy.AllowRoot = true // tests may run in a container
}

// outcomes are those in the service's audit log, in their order.
func (r *rig) outcomes(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.policy.StateDir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(data)) {
		var record audit.Entry
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record.User != local.Self() || record.Time.IsZero() || record.Origin != testOrigin {
			t.Errorf("audit record %+v", record)
		}
		all = append(all, record.Outcome)
	}
	return all
}

// installed puts a module where only the administrator can write, as modules must lie.
func installed(t *testing.T, module string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to put a module where only the administrator can write")
	}
	dir, err := os.MkdirTemp("/var/lib", "odnowa-test-") // not below /tmp, which is everybody's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	data, err := os.ReadFile(module)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.Base(module))
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// shortDir is a folder whose name leaves room for a socket's.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "r")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (r *rig) logs() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// logged waits until the log has a text: it comes by another way than answers do.
func (r *rig) logged(text string) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(r.logs(), text) {
			return true
		}
	}
	return false
}

func (r *rig) command(args ...string) *exec.Cmd {
	program := r.program
	if program == "" {
		program = "odnowa-agent"
	}
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.ExtraFiles = r.env, r.extra
	if r.user != nil {
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: r.user}
	}
	return cmd
}

// start starts a role and waits until it listens.
func (r *rig) start(t *testing.T, role string) *exec.Cmd {
	t.Helper()
	cmd := r.command(role)
	listening := r.collect(t, cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	select {
	case <-listening:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s does not listen", role)
	}
	return cmd
}

// collect keeps what cmd writes to standard error, and closes the channel once it listens.
func (r *rig) collect(t *testing.T, cmd *exec.Cmd) <-chan struct{} {
	t.Helper()
	stderr, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = w
	t.Cleanup(func() { w.Close() })
	listening := make(chan struct{})
	go func() {
		defer stderr.Close()
		once := sync.OnceFunc(func() { close(listening) })
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			r.mu.Lock()
			r.log.WriteString(lines.Text() + "\n")
			r.mu.Unlock()
			if strings.Contains(lines.Text(), `"listening"`) {
				once()
			}
		}
	}()
	return listening
}

// browser plays the browser at one native host.
type browser struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.Reader

	mu       sync.Mutex
	nextID   int
	waiting  map[string]chan answer
	notified chan answer
	ended    chan struct{} // closed when the host closed its output
}

type answer struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int              `json:"code"`
		Message string           `json:"message"`
		Data    bridge.ErrorData `json:"data"`
	} `json:"error"`
}

// browse starts a native host as a browser does, with these arguments.
func (r *rig) browse(t *testing.T, args ...string) *browser {
	t.Helper()
	cmd := r.command(args...)
	r.collect(t, cmd)
	b := &browser{t: t, cmd: cmd, waiting: map[string]chan answer{}, notified: make(chan answer, 100), ended: make(chan struct{})}
	var err error
	if b.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { b.close() })
	b.stdout = out
	go b.read()
	return b
}

func (b *browser) close() {
	b.stdin.Close()
	<-b.ended
	b.cmd.Wait()
}

func (b *browser) read() {
	defer close(b.ended)
	for {
		body, err := frame.Read(b.stdout, bridge.MaxMessage)
		if err != nil {
			return
		}
		var a answer
		if err := json.Unmarshal(body, &a); err != nil {
			b.t.Errorf("host wrote something else than JSON: %q", body)
			return
		}
		if a.Method != "" {
			b.notified <- a
			continue
		}
		b.mu.Lock()
		ch := b.waiting[string(a.ID)]
		delete(b.waiting, string(a.ID))
		b.mu.Unlock()
		if ch == nil {
			b.t.Errorf("answer to nobody: %s", body)
			continue
		}
		ch <- a
	}
}

// send starts a call and gives its id and where its answer comes.
func (b *browser) send(method string, params any) (string, <-chan answer) {
	b.t.Helper()
	b.mu.Lock()
	b.nextID++
	id := fmt.Sprintf("r%d", b.nextID)
	ch := make(chan answer, 1)
	b.waiting[`"`+id+`"`] = ch
	b.mu.Unlock()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := frame.Write(b.stdin, body); err != nil {
		b.t.Fatal(err)
	}
	return id, ch
}

func (b *browser) wait(ch <-chan answer) answer {
	b.t.Helper()
	select {
	case a := <-ch:
		return a
	case <-time.After(30 * time.Second):
		b.t.Fatal("no answer")
	case <-b.ended:
		b.t.Fatal("the host ended")
	}
	return answer{}
}

// call wants a result.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	_, ch := b.send(method, params)
	a := b.wait(ch)
	if a.Error != nil {
		b.t.Fatalf("%s: %+v", method, *a.Error)
	}
	if err := json.Unmarshal(a.Result, result); err != nil {
		b.t.Fatal(err)
	}
}

// refused wants an error and gives its code.
func (b *browser) refused(method string, params any) bridge.Code {
	b.t.Helper()
	_, ch := b.send(method, params)
	a := b.wait(ch)
	if a.Error == nil {
		b.t.Fatalf("%s: got %s, want an error", method, a.Result)
	}
	if a.Error.Code != bridge.Info(a.Error.Data.Code).Number {
		b.t.Errorf("%s: number %d does not belong to code %s", method, a.Error.Code, a.Error.Data.Code)
	}
	return a.Error.Data.Code
}

var testCaller = bridge.Caller{Origin: testOrigin}

// list asks for the certificates until every module has answered. One that takes long to start is left out, and on a
// busy machine that may be any.
func (b *browser) list(filter bridge.Filter) bridge.ListResult {
	b.t.Helper()
	slow := func(m bridge.Module) bool { return m.Code == bridge.CodeModuleSlow }
	for end := time.Now().Add(20 * time.Second); ; {
		var r bridge.ListResult
		b.call(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller, Filter: filter}, &r)
		if !slices.ContainsFunc(r.Modules, slow) || time.Now().After(end) {
			return r
		}
	}
}

func (b *browser) hello(language string) bridge.HelloResult {
	b.t.Helper()
	var r bridge.HelloResult
	b.call(bridge.MethodHello, bridge.HelloParams{
		Caller: testCaller, Client: bridge.Client{Name: "test", Version: "1"}, Versions: []int{1}, Language: language,
	}, &r)
	return r
}

// application is a sealed PDF as far as the agent looks at it, and the request to sign it.
func (r *rig) application(t *testing.T, c cardtest.Certificate) (bridge.SignParams, []byte) {
	t.Helper()
	head, gap, tail := "%PDF-1.7 TEST application ", "<"+strings.Repeat("0", 64)+">", " %%EOF"
	signed := []byte(head + tail)
	digest := sha256.Sum256(signed)
	hash := c.Hash()
	p := bridge.SignParams{
		Caller: testCaller, CertificateID: c.ID, Format: bridge.FormatPAdES,
		Document: bridge.Document{Name: "wniosek.pdf", MediaType: "application/pdf", Bytes: []byte(head + gap + tail)},
	}
	p.Seal = r.seal(t, seal.Claims{
		Kind: seal.Application, Origin: testOrigin, Number: "W/TEST/1", Digest: digest[:], Certificate: hash[:],
		ByteRange: []int{0, len(head), len(head) + len(gap), len(tail)},
		Show: []seal.Shown{
			{Field: seal.FieldNumber, Value: "W/TEST/1"}, {Field: seal.FieldSubject, Value: "Żaneta TESTOWA"},
			{Field: seal.FieldMonths, Value: "24"}, {Field: seal.FieldStart, Value: "2027-01-15"}, {Field: seal.FieldTarget, Value: "cloud"},
		},
	})
	return p, signed
}

// confirmation is a sealed text, and the request to sign it.
func (r *rig) confirmation(t *testing.T, c cardtest.Certificate) bridge.SignParams {
	t.Helper()
	text := []byte("Potwierdzam dane TEST.\n")
	digest, hash := sha256.Sum256(text), c.Hash()
	return bridge.SignParams{
		Caller: testCaller, CertificateID: c.ID, Format: bridge.FormatCAdES,
		Document: bridge.Document{Name: "potwierdzenie.txt", MediaType: "text/plain", Bytes: text},
		Seal: r.seal(t, seal.Claims{
			Kind: seal.Confirmation, Origin: testOrigin, Number: "W/TEST/1", Digest: digest[:], Certificate: hash[:],
			Show: []seal.Shown{
				{Field: seal.FieldNumber, Value: "W/TEST/1"}, {Field: seal.FieldSubject, Value: "Żaneta TESTOWA"},
				{Field: seal.FieldMonths, Value: "24"}, {Field: seal.FieldStart, Value: "2027-01-15"}, {Field: seal.FieldTarget, Value: "cloud"},
				{Field: seal.FieldEmail, Value: "zaneta@test.example"}, {Field: seal.FieldPhone, Value: "+48000000000"},
				{Field: seal.FieldPhoneCode, Value: "135790"}, {Field: seal.FieldKey, Value: strings.Repeat("0a1b", 16)},
			},
		}),
	}
}

func (r *rig) seal(t *testing.T, c seal.Claims) string {
	t.Helper()
	if c.IssuedAt == 0 {
		c.IssuedAt = time.Now().Unix()
	}
	if c.ExpiresAt == 0 {
		c.ExpiresAt = time.Now().Add(time.Hour).Unix()
	}
	s, err := seal.Sign(r.sealKey, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
