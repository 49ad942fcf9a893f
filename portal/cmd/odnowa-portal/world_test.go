package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/sam"
	"github.com/odnowa/odnowa/portal/sandbox"
	"github.com/odnowa/odnowa/portal/web"
)

// world is a whole authority: a sandbox with portal, issuer and SAM as processes of their own, which
// tests stop, kill and start again. Browsers, cards and phones are Go; the end-to-end tests have the
// real ones. The card's keys are soft, since the token belongs to another test.
type world struct {
	t       *testing.T // whose turn it is
	dir     string     // with the box and what the tests add
	box     *sandbox.Sandbox
	seal    []*ecdsa.PublicKey
	cards   cards
	client  *http.Client // resolves every name to this machine
	running map[string]*process
	secrets []string // codes and sessions so far
}

// roles are the processes, in the order in which they start.
var roles = []string{"issuer", "sam", "portal"}

// shared is the one world of all tests: making a sandbox takes seconds.
var shared *world

// newWorld gives the world to a test, with everything running.
func newWorld(t *testing.T) *world {
	t.Helper()
	if shared == nil {
		dir, err := os.MkdirTemp("", "odnowa-portal-")
		if err != nil {
			t.Fatal(err)
		}
		shared = &world{t: t, dir: dir, running: map[string]*process{}}
		shared.create()
	}
	w := shared
	w.t = t
	t.Cleanup(func() {
		if t.Failed() {
			for _, name := range roles {
				t.Logf("%s:\n%s", name, w.log(name))
			}
		}
	})
	for _, name := range roles {
		if w.running[name] == nil {
			w.start(name)
		}
	}
	return w
}

func closeWorld() {
	if shared == nil {
		return
	}
	for _, p := range shared.running {
		p.cmd.Process.Kill()
		<-p.over
	}
	os.RemoveAll(shared.dir)
}

func (w *world) create() {
	w.t.Helper()
	app := filepath.Join(w.dir, "app")
	w.must(os.MkdirAll(app, 0o700))
	w.must(os.WriteFile(filepath.Join(app, "index.html"), []byte("<!doctype html>"), 0o600))
	for _, name := range []string{"odnowa.js", "checks.js", "preparation.js", "texts.pl.js", "texts.en.js"} {
		w.must(os.WriteFile(filepath.Join(app, name), []byte("export {};\n"), 0o600))
	}
	box, err := sandbox.Create(w.t.Context(), sandbox.Options{
		Dir: filepath.Join(w.dir, "box"), BasePort: freePorts(w.t), AgentPort: 22701, PhoneApp: app, SDK: app,
	})
	w.must(err)
	w.box = box
	w.patience()
	// The program as it is shipped: with the race detector its processes start too slowly to be killed
	// so often.
	if out, err := exec.Command("go", "build", "-o", w.program(), ".").CombinedOutput(); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
	w.cards = w.issueCards()
	spki, err := x509.MarshalPKIXPublicKey(w.read(box.CA.Seal).PublicKey)
	w.must(err)
	key, err := x509.ParsePKIXPublicKey(spki)
	w.must(err)
	w.seal = []*ecdsa.PublicKey{key.(*ecdsa.PublicKey)}
	w.client = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // processes come and go
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
		},
	}}
}

// patience lets the SAM serve many phones of one address, and the portal believe tests which address
// they come from.
func (w *world) patience() {
	w.t.Helper()
	c, err := sam.LoadConfig(w.box.Configs.SAM)
	w.must(err)
	c.RequestsPerMinute = 100_000
	p, err := web.LoadConfig(w.box.Configs.Portal)
	w.must(err)
	p.TrustedProxies = []string{"127.0.0.1/32"}
	for path, config := range map[string]any{w.box.Configs.SAM: c, w.box.Configs.Portal: p} {
		b, err := json.Marshal(config)
		w.must(err)
		w.must(os.WriteFile(path, b, 0o600))
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(path string) *x509.Certificate {
	w.t.Helper()
	b, err := os.ReadFile(path)
	w.must(err)
	block, _ := pem.Decode(b)
	c, err := x509.ParseCertificate(block.Bytes)
	w.must(err)
	return c
}

// process is a running role.
type process struct {
	cmd  *exec.Cmd
	over chan struct{}
}

// start starts a role and waits until it listens.
func (w *world) start(name string) {
	w.t.Helper()
	command, config := name, w.box.Configs.Issuer
	switch name {
	case "portal":
		command, config = "serve", w.box.Configs.Portal
	case "sam":
		config = w.box.Configs.SAM
	}
	cmd := exec.Command(w.program(), command, "--config", config)
	stderr, err := cmd.StderrPipe()
	w.must(err)
	w.must(cmd.Start())
	p := &process{cmd: cmd, over: make(chan struct{})}
	log, err := os.OpenFile(w.logFile(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	w.must(err)
	listening := make(chan struct{})
	go func() {
		defer close(p.over)
		defer log.Close()
		ready := sync.OnceFunc(func() { close(listening) })
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			fmt.Fprintln(log, lines.Text())
			if strings.Contains(lines.Text(), `"listening"`) {
				ready()
			}
		}
		cmd.Wait() //nolint:errcheck // killed processes have no good exit
	}()
	select {
	case <-listening:
		w.running[name] = p
	case <-p.over:
		w.t.Fatalf("%s did not start:\n%s", name, w.log(name))
	}
}

func (w *world) program() string { return filepath.Join(w.dir, "odnowa-portal") }

func (w *world) logFile(name string) string { return filepath.Join(w.dir, name+".log") }

// log is the end of what a role wrote.
func (w *world) log(name string) string {
	b, _ := os.ReadFile(w.logFile(name))
	return string(b[max(0, len(b)-4000):])
}

func (w *world) stop(name string, how os.Signal) {
	w.t.Helper()
	p := w.running[name]
	delete(w.running, name)
	w.must(p.cmd.Process.Signal(how))
	<-p.over
}

func (w *world) restart(name string, how os.Signal) {
	w.t.Helper()
	w.stop(name, how)
	w.start(name)
}

// sell sells a renewal code, as the operator does.
func (w *world) sell() string {
	w.t.Helper()
	out, err := exec.Command(w.program(), "code", "create", "--config", w.box.Configs.Portal).Output()
	w.must(err)
	code := strings.TrimSpace(string(out))
	w.secrets = append(w.secrets, code, strings.ReplaceAll(code, "-", ""))
	return code
}

// issuer is the issuer's internal API, as the portal sees it.
func (w *world) issuer() *contract.Client {
	w.t.Helper()
	return &contract.Client{HTTP: w.peer("portal", contract.Peer), URL: w.box.URLs.Issuer}
}

// peer is a client with the link certificate of one process, to another.
func (w *world) peer(who, server string) *http.Client {
	w.t.Helper()
	c, err := link.Config{Dir: filepath.Join(w.box.Dir, who, "link")}.Client(server)
	w.must(err)
	return c
}

// events counts the records of an event about a subject in a role's audit log, after checking the
// chain of the log.
func (w *world) events(role, event, about string) int {
	w.t.Helper()
	b, err := os.ReadFile(map[string]string{"portal": w.box.Audit.Portal, "issuer": w.box.Audit.Issuer, "sam": w.box.Audit.SAM}[role])
	w.must(err)
	if _, _, err := audit.Verify(bytes.NewReader(b)); err != nil {
		w.t.Errorf("audit log of %s: %v", role, err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, `"`+event+`"`) && strings.Contains(line, `"`+about+`"`) {
			n++
		}
	}
	return n
}

// TestLogsAreDiscreet comes last: after all that went wrong in the other tests, no log says who it was,
// and none has a secret.
func TestLogsAreDiscreet(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.walk(web.Issued)
	files := []string{w.box.Audit.Portal, w.box.Audit.Issuer, w.box.Audit.SAM}
	for _, name := range roles {
		files = append(files, w.logFile(name))
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		w.must(err)
		if len(content) == 0 {
			t.Errorf("%s is empty", file)
		}
		for _, secret := range slices.Concat(personal, w.secrets, []string{b.cookie, strangerName.CommonName, b.phone.Welcome.Phone}) {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s has %q", filepath.Base(file), secret)
			}
		}
	}
}

// eventually waits for a condition that no call tells of.
func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// freePorts finds five ports in a row: the sandbox's processes listen side by side.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		base := 18800 + 5*rand.IntN(2000) // making a sandbox takes seconds, and another test may be looking, too
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

// The two ways in which a process ends.
const (
	politely = syscall.SIGTERM
	crash    = syscall.SIGKILL
)
