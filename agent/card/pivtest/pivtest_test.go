package pivtest

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// tool runs one of OpenSC's on the card.
func tool(t *testing.T, c *Card, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing: apt-get install opensc", name)
	}
	command := exec.Command(name, args...)
	command.Env = append(os.Environ(), c.Env()...)
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestCard(t *testing.T) {
	c := Start(t)
	if out, err := tool(t, c, "opensc-tool", "--name"); err != nil || !strings.Contains(out, "Personal Identity Verification Card") {
		t.Errorf("got %q, %v; want a PIV card", out, err)
	}
	if err := c.Insert(); err == nil {
		t.Error("put in twice")
	}
	for range 3 {
		if err := c.Remove(); err != nil {
			t.Fatal(err)
		}
		if out, err := tool(t, c, "opensc-tool", "--name"); err == nil {
			t.Errorf("taken out: got %q", out)
		}
		if err := c.Insert(); err != nil {
			t.Fatal(err)
		}
		if out, err := tool(t, c, "opensc-tool", "--name"); err != nil {
			t.Errorf("put back: got %q, %v", out, err)
		}
	}
}

func TestForeignCard(t *testing.T) {
	c := StartWith(t, Options{Foreign: true})
	if out, _ := tool(t, c, "opensc-tool", "--name"); !strings.Contains(out, "Unsupported card") {
		t.Errorf("got %q, want an unsupported card", out)
	}
}

func TestNoReader(t *testing.T) {
	c, err := New(Options{NoReader: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if out, _ := tool(t, c, "opensc-tool", "--list-readers"); !strings.Contains(out, "No smart card readers found") {
		t.Errorf("got %q, want no reader", out)
	}
}

// Cards don't disturb each other, nor what listens at the usual place.
func TestTwoCards(t *testing.T) {
	const usual = runDir + "/pcscd.comm"
	before, _ := os.Lstat(usual)
	one, two := Start(t), Start(t)
	if err := one.Remove(); err != nil {
		t.Fatal(err)
	}
	if out, err := tool(t, two, "opensc-tool", "--name"); err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	if err := two.Close(); err != nil {
		t.Error(err)
	}
	if after, _ := os.Lstat(usual); (before == nil) != (after == nil) || before != nil && !os.SameFile(before, after) {
		t.Error("the system's socket has changed")
	}
}

// When pcscd dies, who waits for it hears that.
func TestDaemonDies(t *testing.T) {
	c := Start(t)
	c.daemon.cmd.Process.Kill()
	<-c.daemon.exited
	if err := c.Remove(); err == nil || !strings.Contains(err.Error(), "pcscd does not see") {
		t.Errorf("got %v", err)
	}
}

// Whoever made the card may be killed: pcscd ends with the sockets.
func TestDaemonDiesWithUs(t *testing.T) {
	c := Start(t)
	c.reader.close()
	select {
	case <-c.daemon.exited:
	case <-time.After(10 * time.Second):
		t.Error("pcscd still runs")
	}
}

func TestRefusedOptions(t *testing.T) {
	p, err := testPerson()
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"short PIN":          {PIN: "12345"},
		"long PIN":           {PIN: "123456789"},
		"too many tries":     {Tries: 16},
		"another key":        {Signature: &Identity{p.signature.Certificate, p.authentication.Key}},
		"socket's long name": {Socket: "/tmp/" + strings.Repeat("x", 200)},
	} {
		if c, err := New(o); err == nil {
			c.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}

// An ordinary user needs nothing that root has. As root, the test runs itself once more without.
func TestOrdinaryUser(t *testing.T) {
	attributes := ordinary()
	if attributes == nil {
		TestCard(t)
		return
	}
	Start(t) // makes pcscd's directory where there is none
	dir, err := os.MkdirTemp("/tmp", "pivtest")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestOrdinaryUser$", "-test.v")
	c.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	c.Dir = "/"
	c.SysProcAttr = attributes
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestOrdinaryUser") {
		t.Errorf("%v\n%s", err, out)
	}
}
