//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	extension = "abcdefghijklmnopabcdefghijklmnop"
	origin    = "https://ca.example"
)

// rig is a computer with a card, the agent and nobody in front of it.
type rig struct {
	agent, dir string
	card       cardtest.Card
	env        []string
	tb         *bench
}

// bench is a testing.TB for the packages that make cards for tests.
type bench struct {
	testing.TB
	dir   string
	count int
}

// failure is what Fatal panics with.
type failure struct{ text string }

func (b *bench) Helper()                   {}
func (b *bench) Fatal(args ...any)         { panic(failure{fmt.Sprint(args...)}) }
func (b *bench) Fatalf(f string, a ...any) { panic(failure{fmt.Sprintf(f, a...)}) }
func (b *bench) TempDir() string {
	b.count++
	dir := filepath.Join(b.dir, fmt.Sprint(b.count))
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	return dir
}

// withRig makes a computer for the length of use.
func withRig(agent string, use func(*rig) error) (err error) {
	dir, err := os.MkdirTemp("", "b") // short: sockets lie below it
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	defer func() {
		if f, ok := recover().(failure); ok {
			err = errors.New(f.text)
		}
	}()
	r := &rig{agent: agent, dir: dir, tb: &bench{dir: dir}}
	r.card = cardtest.New(r.tb)
	port, err := freePort()
	if err != nil {
		return err
	}
	pinentry, err := r.compile("pinentry.c", `-DPIN="`+cardtest.PIN+`"`)
	if err != nil {
		return err
	}
	p := policy.Policy{
		Port: port, Service: true, AllowRoot: true, ServiceSocket: filepath.Join(dir, "service", "agent.sock"), StateDir: filepath.Join(dir, "state"),
		Extensions: policy.Extensions{Chromium: []string{extension}},
		Origins:    []policy.Origin{{Origin: origin, Documents: policy.Document}},
		Modules:    []policy.Module{{Name: "SoftHSM", Path: r.card.Module, Env: r.card.Env}},
		Pinentry:   pinentry,
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "policy.json"), data, 0o600); err != nil {
		return err
	}
	r.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "DISPLAY=:99", policy.Environment + "=" + filepath.Join(dir, "policy.json")}
	return use(r)
}

// compile builds a C program of testdata.
func (r *rig) compile(source string, more ...string) (program string, err error) {
	_, here, _, _ := runtime.Caller(0)
	program = filepath.Join(r.dir, strings.TrimSuffix(source, ".c"))
	args := append([]string{"-O2", "-w", "-o", program, filepath.Join(filepath.Dir(here), "testdata", source), "-ldl"}, more...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", source, err, out)
	}
	return program, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// start starts a role of the agent and waits until it listens; stop ends it.
func (r *rig) start(role string) (cmd *exec.Cmd, stop func(), err error) {
	cmd = exec.Command(r.agent, role)
	cmd.Env = r.env
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"listening"`) {
			go func() {
				for lines.Scan() {
				}
			}()
			return cmd, func() {
				cmd.Process.Signal(syscall.SIGTERM)
				cmd.Wait()
			}, nil
		}
	}
	return nil, nil, fmt.Errorf("%s does not listen", role)
}

// browser is one native host with a browser at its pipes.
type browser struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

// browse starts a host.
func (r *rig) browse(program string) (*browser, error) {
	b := &browser{cmd: exec.Command(program, "chrome-extension://"+extension+"/")}
	b.cmd.Env = r.env
	var err error
	if b.in, err = b.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if b.out, err = b.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return b, b.cmd.Start()
}

func (b *browser) close() {
	b.in.Close()
	b.cmd.Wait()
}

// request is a call as the bytes of its frame.
func request(method string, params any) ([]byte, error) {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": "r", "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	var framed bytes.Buffer
	err = frame.Write(&framed, body)
	return framed.Bytes(), err
}

// exchange sends a request and waits for its answer, past notifications.
func (b *browser) exchange(framed []byte) ([]byte, error) {
	if _, err := b.in.Write(framed); err != nil {
		return nil, err
	}
	for {
		answer, err := frame.Read(b.out, bridge.MaxRequest)
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(answer[:min(len(answer), 200)]), `"id":"r"`) {
			return answer, nil
		}
	}
}

var caller = bridge.Caller{Origin: origin}

func hello() ([]byte, error) {
	return request(bridge.MethodHello, bridge.HelloParams{Caller: caller, Client: bridge.Client{Name: "bench", Version: "1"}, Versions: []int{1}, Language: "en"})
}

// session starts a session and a host that has said hello to it; end stops both.
func (r *rig) session() (b *browser, end func(), err error) {
	_, stop, err := r.start("session")
	if err != nil {
		return nil, nil, err
	}
	if b, err = r.greeted(); err != nil {
		stop()
		return nil, nil, err
	}
	return b, func() { b.close(); stop() }, nil
}

// greeted starts a host that has said hello.
func (r *rig) greeted() (*browser, error) {
	b, err := r.browse(r.agent)
	if err != nil {
		return nil, err
	}
	body, err := hello()
	if err != nil {
		return nil, err
	}
	if answer, err := b.exchange(body); err != nil || !strings.Contains(string(answer), `"result"`) {
		return nil, fmt.Errorf("hello: %v, %s", err, answer)
	}
	return b, nil
}
