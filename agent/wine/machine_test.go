//go:build wine && linux

package wine

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/seal"
)

const (
	extension = "abcdefghijklmnopabcdefghijklmnop"
	origin    = "https://ca.example"
)

var caller = bridge.Caller{Origin: origin}

// machine is a Wine prefix with the agent, a policy, a card and a person in front of the display.
type machine struct {
	program, prefix string // the agent, and Wine's folder
	dir             string
	card            cardtest.Card
	sealKey         *ecdsa.PrivateKey
	policy          policy.Policy
	person          *person

	mu  sync.Mutex
	log strings.Builder // what all processes wrote to standard error
}

// newMachine takes what ../wine.mk made; only one can be at a time.
func newMachine(t *testing.T) *machine {
	t.Helper()
	made := os.Getenv("ODNOWA_WINE")
	m := &machine{program: filepath.Join(made, "odnowa-agent.exe"), prefix: os.Getenv("WINEPREFIX"), dir: t.TempDir(), card: cardtest.NewSoft(t), person: &person{}}
	if _, err := os.Stat(m.program); err != nil || m.prefix == "" {
		t.Fatalf("ODNOWA_WINE or WINEPREFIX is not set: run make test-wine (%v)", err)
	}
	var err error
	if m.sealKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&m.sealKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	m.policy = policy.Policy{
		Port: freePort(t), Service: true,
		ServiceSocket: `\\.\pipe\ProtectedPrefix\LocalService\odnowa-agent`, StateDir: windowsPath(filepath.Join(m.dir, "state")),
		Extensions:      policy.Extensions{Chromium: []string{extension}},
		Origins:         []policy.Origin{{Origin: origin, SealKeys: [][]byte{spki}}},
		Modules:         []policy.Module{{Name: "soft", Path: windowsPath(filepath.Join(made, "modules", "soft.dll")), UserWritable: true, Env: []string{"SOFT_TOKENS=" + windowsPath(m.card.Tokens)}}},
		WindowTimeoutMs: 60_000,
	}
	m.writePolicy(t)
	states, err := filepath.Glob(filepath.Join(m.prefix, "drive_c", "users", "*", "AppData", "Local", "Odnowa"))
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range states {
		os.RemoveAll(old)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(m.logs())
		}
	})
	return m
}

// writePolicy puts it where Windows has the machine's.
func (m *machine) writePolicy(t *testing.T) {
	t.Helper()
	data, err := json.Marshal(m.policy)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(m.prefix, "drive_c", "ProgramData", "Odnowa", "agent.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
}

// windowsPath is how Wine's programs call a file of this system.
func windowsPath(path string) string { return "Z:" + strings.ReplaceAll(path, "/", `\`) }

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (m *machine) command(args ...string) *exec.Cmd {
	return exec.Command("wine", append([]string{m.program}, args...)...)
}

func (m *machine) output(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := m.command(args...).Output()
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return out
}

func (m *machine) logs() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log.String()
}

// process is one that was started, and what it wrote to standard error.
type process struct {
	cmd   *exec.Cmd
	lines chan string
}

// start starts the agent in a role or with a command.
func (m *machine) start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: m.command(args...)}
	m.collect(t, p)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	return p
}

func (m *machine) collect(t *testing.T, p *process) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = w
	t.Cleanup(func() { w.Close() })
	p.lines = make(chan string, 1000)
	go func() {
		defer r.Close()
		for lines := bufio.NewScanner(r); lines.Scan(); {
			m.mu.Lock()
			m.log.WriteString(lines.Text() + "\n")
			m.mu.Unlock()
			select {
			case p.lines <- lines.Text():
			default:
			}
		}
	}()
}

// waitFor waits for a line with this text, and takes those before it.
func (p *process) waitFor(t *testing.T, text string) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		select {
		case line := <-p.lines:
			if strings.Contains(line, text) {
				return
			}
		case <-timeout:
			t.Fatalf("%q: no line with %s", p.cmd.Args, text)
		}
	}
}

// endSessions ends those that a host started.
func (m *machine) endSessions(t *testing.T) {
	t.Helper()
	run(t, "wine", "taskkill", "/f", "/im", filepath.Base(m.program))
}

// service is the agent's service under Wine's service manager.
type service struct{ stopped bool }

func (m *machine) startService(t *testing.T) *service {
	t.Helper()
	for _, left := range []string{"stop", "delete"} { // by a test that was broken off
		_ = exec.Command("wine", "sc", left, "odnowa-agent").Run()
	}
	run(t, "wine", "sc", "create", "odnowa-agent", "binPath=", `"`+windowsPath(m.program)+`" service`, "start=", "demand")
	t.Cleanup(func() { run(t, "wine", "sc", "delete", "odnowa-agent") })
	run(t, "wine", "net", "start", "odnowa-agent")
	s := &service{}
	t.Cleanup(func() { s.stop(t) })
	return s
}

func (s *service) stop(t *testing.T) {
	t.Helper()
	if !s.stopped {
		s.stopped = true
		run(t, "wine", "net", "stop", "odnowa-agent")
	}
}

// run runs a program. What it prints goes to a file, because what it starts keeps a pipe open.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		t.Errorf("%s %q: %v\n%s", name, args, err, said)
	}
}

// outcomes are those in the service's audit log, in their order.
func (m *machine) outcomes(t *testing.T) (all []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, "state", "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var record struct{ User, Origin, Outcome string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(record.User, "S-1-5-21-") || record.Origin != origin {
			t.Errorf("audit record %s", line)
		}
		all = append(all, record.Outcome)
	}
	return all
}

// application is a sealed PDF as far as the agent looks at it, and the request to sign it.
func (m *machine) application(t *testing.T, c cardtest.Certificate) (p bridge.SignParams, signed []byte) {
	t.Helper()
	head, gap, tail := "%PDF-1.7 TEST application ", "<"+strings.Repeat("0", 64)+">", " %%EOF"
	p = bridge.SignParams{
		Caller: caller, CertificateID: c.ID, Format: bridge.FormatPAdES,
		Document: bridge.Document{Name: "wniosek.pdf", MediaType: "application/pdf", Bytes: []byte(head + gap + tail)},
	}
	signed = []byte(head + tail)
	p.Seal = m.seal(t, seal.Application, c, signed, []int{0, len(head), len(head) + len(gap), len(tail)}, nil)
	return p, signed
}

// confirmation is a sealed text, and the request to sign it.
func (m *machine) confirmation(t *testing.T, c cardtest.Certificate) (p bridge.SignParams, signed []byte) {
	t.Helper()
	signed = []byte("Potwierdzam dane TEST.\n")
	p = bridge.SignParams{
		Caller: caller, CertificateID: c.ID, Format: bridge.FormatCAdES,
		Document: bridge.Document{Name: "potwierdzenie.txt", MediaType: "text/plain", Bytes: signed},
	}
	p.Seal = m.seal(t, seal.Confirmation, c, signed, nil, []seal.Shown{
		{Field: seal.FieldEmail, Value: "zaneta@test.example"}, {Field: seal.FieldPhone, Value: "+48000000000"},
		{Field: seal.FieldPhoneCode, Value: "135790"}, {Field: seal.FieldKey, Value: strings.Repeat("0a1b", 16)},
	})
	return p, signed
}

func (m *machine) seal(t *testing.T, kind seal.Kind, c cardtest.Certificate, signed []byte, byteRange []int, more []seal.Shown) string {
	t.Helper()
	digest, hash := sha256.Sum256(signed), c.Hash()
	s, err := seal.Sign(m.sealKey, seal.Claims{
		Kind: kind, Origin: origin, Number: "W/TEST/1", Digest: digest[:], Certificate: hash[:], ByteRange: byteRange,
		IssuedAt: time.Now().Unix(), ExpiresAt: time.Now().Add(time.Hour).Unix(),
		Show: append([]seal.Shown{
			{Field: seal.FieldNumber, Value: "W/TEST/1"}, {Field: seal.FieldSubject, Value: "Żaneta TESTOWA"},
			{Field: seal.FieldMonths, Value: "24"}, {Field: seal.FieldStart, Value: "2027-01-15"}, {Field: seal.FieldTarget, Value: "cloud"},
		}, more...),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// person is in front of the display and answers one window after the other.
type person struct{ last string }

// await waits for a window that was not there before, and takes a picture of it.
func (p *person) await(t *testing.T, picture string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		id, err := exec.Command("xdotool", "getactivewindow").Output()
		if err == nil && string(id) != p.last {
			if name, err := exec.Command("xdotool", "getwindowname", strings.TrimSpace(string(id))).Output(); err == nil && strings.HasPrefix(string(name), "Odnowa") {
				p.last = string(id)
				break
			}
		}
		if time.Now().After(end) {
			t.Fatalf("no window for %s", picture)
		}
	}
	time.Sleep(500 * time.Millisecond) // a new window takes no answer for a moment
	if dir := os.Getenv("ODNOWA_SCREENSHOTS"); dir != "" {
		run(t, "import", "-window", strings.TrimSpace(p.last), filepath.Join(dir, picture+".png"))
	}
}

// press presses a key in the next window.
func (p *person) press(t *testing.T, picture, key string) {
	t.Helper()
	p.await(t, picture)
	run(t, "xdotool", "key", key)
}

func (p *person) enter(t *testing.T, picture, text string) {
	t.Helper()
	p.await(t, picture)
	run(t, "xdotool", "type", "--delay", "20", text)
	run(t, "xdotool", "key", "Return")
}

// sees waits for a window of another program.
func (p *person) sees(t *testing.T, title string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if exec.Command("xdotool", "search", "--onlyvisible", "--name", title).Run() == nil {
			return
		}
	}
	t.Errorf("no window of %s", title)
}

// gone waits until no window is left.
func (p *person) gone(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if exec.Command("xdotool", "search", "--onlyvisible", "--name", "^Odnowa").Run() != nil {
			return
		}
	}
	t.Error("the window does not close")
}

func helloParams(language string) bridge.HelloParams {
	return bridge.HelloParams{Caller: caller, Client: bridge.Client{Name: "test", Version: "1"}, Versions: []int{1}, Language: language}
}

func (m *machine) address() string { return fmt.Sprintf("127.0.0.1:%d", m.policy.Port) }
