package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/pivtest"
)

// files are a certificate of a key and the key, in PEM.
func files(t *testing.T, dir string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Jan TESTOWY"}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageContentCommitment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// process is the command under way.
type process struct {
	t    *testing.T
	in   io.WriteCloser
	out  *bufio.Scanner
	code chan int
}

func start(t *testing.T, args ...string) *process {
	stdin, in := io.Pipe()
	out, stdout := io.Pipe()
	p := &process{t, in, bufio.NewScanner(out), make(chan int, 1)}
	go func() {
		p.code <- run(t.Context(), args, stdin, stdout, t.Output())
		stdout.Close()
	}()
	t.Cleanup(func() { in.Close() })
	return p
}

func (p *process) line() string {
	p.t.Helper()
	if !p.out.Scan() {
		p.t.Fatal("no line")
	}
	return p.out.Text()
}

func (p *process) order(order, want string) {
	p.t.Helper()
	io.WriteString(p.in, order+"\n")
	got := p.line()
	for got == "signing" { // again, as OpenSC tries twice
		got = p.line()
	}
	if got != want {
		p.t.Errorf("%s: got %q, want %q", order, got, want)
	}
}

func TestOrders(t *testing.T) {
	dir, err := os.MkdirTemp("", "piv") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	certificate, key := files(t, dir)
	socket := filepath.Join(dir, "s")
	p := start(t, "--signature-certificate", certificate, "--signature-key", key, "--pin", "123456", "--tries", "5", "--socket", socket)
	if got := p.line(); got != "listening "+socket {
		t.Fatalf("got %q", got)
	}
	p.order("insert", "inserted")
	p.order("insert", "error: the card is there already")
	p.order("tries", "tries 5")
	if out, err := sign(socket, "000000"); err == nil {
		t.Errorf("wrong PIN: %s", out)
	}
	p.order("tries", "tries 4")
	p.order("pin 654321", "set")
	p.order("pin 1", "error: a PIV card's PIN has 6 to 8 digits")
	if out, err := sign(socket, "654321"); err != nil {
		t.Errorf("got %v\n%s", err, out)
	}
	if got := p.line(); got != "signing" {
		t.Errorf("got %q", got)
	}
	p.order("delay 1ms", "set")
	p.order("fail 6f00 2", "set")
	if out, err := sign(socket, "654321"); err == nil {
		t.Errorf("card error: %s", out)
	}
	if got := p.line(); got != "signing" {
		t.Errorf("got %q", got)
	}
	p.order("exchange", "error: the card is in the reader")
	p.order("remove", "removed")
	p.order("exchange "+certificate+" "+key, "exchanged")
	p.order("insert", "inserted")
	if out, err := sign(socket, pivtest.PIN); err != nil {
		t.Errorf("another card: %v\n%s", err, out)
	}
	p.order("dance", "error: no such order")
	p.order("", "error: no such order")
	p.order("fail x", `error: strconv.ParseUint: parsing "x": invalid syntax`)
	p.in.Close()
	if code := <-p.code; code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(socket); err == nil {
		t.Error("the socket is left behind")
	}
}

// sign has pkcs11-tool sign with the key in slot 9C.
func sign(socket, pin string) (string, error) {
	module, err := pivtest.OpenSC()
	if err != nil {
		return "", err
	}
	c := exec.Command("pkcs11-tool", "--module", module, "--login", "--pin", pin, "--sign", "--id", "02", "--mechanism", "ECDSA")
	c.Env = append(os.Environ(), "PCSCLITE_CSOCK_NAME="+socket)
	c.Stdin = strings.NewReader(strings.Repeat("x", 32))
	out, err := c.CombinedOutput()
	return string(out), err
}

func TestWrongArguments(t *testing.T) {
	for _, args := range [][]string{{"--nonsense"}, {"file"}, {"--signature-key", "/nonexistent"}} {
		var stderr bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), io.Discard, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%v: got exit code %d, %q", args, code, &stderr)
		}
	}
	if code := run(t.Context(), []string{"--pin", "1"}, strings.NewReader(""), io.Discard, io.Discard); code != 1 {
		t.Errorf("impossible PIN: got exit code %d", code)
	}
}
