//go:build wine && linux

// Package wine has the round trip of the agent's Windows build under Wine, which units.sh's tests are not: a
// service that Wine's service manager runs, a session, browsers on both transports, a PKCS#11 module that
// signs, a person who types the PIN in the Win32 window, and OpenSSL to judge the signature. The tests run on
// Linux and start everything else through Wine; ../wine.mk says with what.
package wine

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestChain(t *testing.T) {
	m := newMachine(t)
	service := m.startService(t)
	session := m.start(t, "session")
	session.waitFor(t, `"service reached"`)
	sign, ec := m.card.Certificate(cardtest.Sign), m.card.Certificate(cardtest.EC)

	t.Run("native messaging", func(t *testing.T) {
		b := m.browse(t, "chrome-extension://"+extension+"/", "--parent-window=7")
		b.hello(t, "pl")
		var checks bridge.DiagnoseResult
		b.call(t, bridge.MethodDiagnose, bridge.DiagnoseParams{Caller: caller}, &checks)
		for _, c := range checks.Checks {
			if c.State == bridge.CheckFailed {
				t.Errorf("diagnose: %+v", c)
			}
		}
		var list bridge.ListResult
		b.call(t, bridge.MethodListCertificate, bridge.ListParams{Caller: caller, Filter: bridge.Filter{NonRepudiation: true, Valid: true}}, &list)
		if got := idsOf(list); !slices.Contains(got, sign.ID) || !slices.Contains(got, ec.ID) {
			t.Fatalf("listed %q", got)
		}
		application, signed := m.application(t, sign)
		_, answer := b.send(t, bridge.MethodCreateSignature, application)
		m.person.press(t, "pl-application", "alt+d")
		m.person.enter(t, "pl-pin", "000000")
		m.person.enter(t, "pl-pin-wrong", m.card.PIN)
		m.verified(t, b.wait(t, answer), signed)
	})
	t.Run("WebSocket", func(t *testing.T) {
		b := m.dial(t)
		p := b.pair(t, func() { m.person.press(t, "en-pairing", "alt+y") })
		b = m.dial(t)
		b.prove(t, p)
		b.hello(t, "en")
		confirmation, signed := m.confirmation(t, ec)
		_, answer := b.send(t, bridge.MethodCreateSignature, confirmation)
		m.person.press(t, "en-phone-code", "alt+y")
		m.person.press(t, "en-view", "alt+v")
		m.person.sees(t, "document.txt")
		run(t, "wine", "taskkill", "/f", "/im", "notepad.exe") // Wine's viewer of texts
		m.person.press(t, "en-confirmation", "alt+c")
		m.person.enter(t, "en-pin", m.card.PIN)
		m.verified(t, b.wait(t, answer), signed)
	})
	t.Run("the browser leaves", func(t *testing.T) {
		b := m.browse(t, "chrome-extension://"+extension+"/")
		b.hello(t, "pl")
		application, _ := m.application(t, sign)
		b.send(t, bridge.MethodCreateSignature, application)
		m.person.await(t, "pl-left")
		b.close()
		m.person.gone(t)
	})
	t.Run("cancelled", func(t *testing.T) {
		b := m.browse(t, "chrome-extension://"+extension+"/")
		b.hello(t, "pl")
		application, _ := m.application(t, sign)
		_, answer := b.send(t, bridge.MethodCreateSignature, application)
		m.person.press(t, "pl-cancel", "Escape")
		if got := b.wait(t, answer).code(); got != bridge.CodeUserCancelled {
			t.Errorf("got %q", got)
		}
		id, answer := b.send(t, bridge.MethodCreateSignature, application)
		m.person.press(t, "pl-cancel-later", "alt+d")
		m.person.await(t, "pl-cancel-pin")
		var r bridge.CancelResult
		b.call(t, bridge.MethodCancel, bridge.CancelParams{Caller: caller, RequestID: id}, &r)
		if got := b.wait(t, answer).code(); got != bridge.CodeRequestCancelled {
			t.Errorf("got %q", got)
		}
		m.person.gone(t)
	})
	t.Run("not listed", func(t *testing.T) {
		b := m.browse(t, "chrome-extension://"+strings.Repeat("b", 32)+"/")
		if got := b.refused(t, bridge.MethodHello, helloParams("pl")); got != bridge.CodeOriginNotAllowed {
			t.Errorf("got %q", got)
		}
	})
	t.Run("no second session", func(t *testing.T) {
		second := m.start(t, "session")
		second.waitFor(t, "another one runs already")
	})
	t.Run("service stopped", func(t *testing.T) {
		service.stop(t)
		session.waitFor(t, `"service gone"`)
		b := m.browse(t, "chrome-extension://"+extension+"/")
		b.hello(t, "pl")
		if got := b.refused(t, bridge.MethodListCertificate, bridge.ListParams{Caller: caller}); got != bridge.CodeServiceStopped {
			t.Errorf("got %q", got)
		}
	})
	if got := m.outcomes(t); !slices.Equal(got, []string{"signed", "signed", "request_cancelled", "user_cancelled", "request_cancelled"}) {
		t.Errorf("audit: %q", got)
	}
	for _, secret := range []string{m.card.PIN, "TESTOWA", "135790", "zaneta@", "W/TEST/1"} {
		if strings.Contains(m.logs(), secret) {
			t.Errorf("log contains %q", secret)
		}
	}
}

// TestHostStartsSession: without a session of its own, the native host starts one.
func TestHostStartsSession(t *testing.T) {
	m := newMachine(t)
	m.policy.Service = false
	m.writePolicy(t)
	b := m.browse(t, "chrome-extension://"+extension+"/")
	b.hello(t, "pl")
	var list bridge.ListResult
	b.call(t, bridge.MethodListCertificate, bridge.ListParams{Caller: caller}, &list)
	if len(list.Certificates) == 0 {
		t.Error("no certificates")
	}
	b.close()
	m.endSessions(t)
}

// TestSessionKilled: what was asked for ends with the session, and the next browser starts another.
func TestSessionKilled(t *testing.T) {
	m := newMachine(t)
	m.policy.Service = false
	m.writePolicy(t)
	session := m.start(t, "session")
	session.waitFor(t, `"listening"`)
	b := m.browse(t, "chrome-extension://"+extension+"/")
	b.hello(t, "pl")
	application, signed := m.application(t, m.card.Certificate(cardtest.Sign))
	b.send(t, bridge.MethodCreateSignature, application)
	m.person.press(t, "killed", "alt+d")
	m.person.await(t, "killed-pin")
	if err := session.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the host goes on without its session")
	}
	m.person.gone(t)
	b = m.browse(t, "chrome-extension://"+extension+"/")
	b.hello(t, "pl")
	_, answer := b.send(t, bridge.MethodCreateSignature, application)
	m.person.press(t, "killed-again", "alt+d")
	m.person.enter(t, "killed-again-pin", m.card.PIN)
	m.verified(t, b.wait(t, answer), signed)
	b.close()
	m.endSessions(t)
}

// TestRegistryPolicy: group policy is in front of the file.
func TestRegistryPolicy(t *testing.T) {
	m := newMachine(t)
	const key = `HKLM\SOFTWARE\Policies\Odnowa\Agent`
	port := func() (value int, source string) {
		t.Helper()
		var in struct {
			Values []struct {
				Name   string
				Value  json.RawMessage
				Source struct{ Kind, Name string }
			}
		}
		out := m.output(t, "policy", "--json")
		if err := json.Unmarshal(out, &in); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, v := range in.Values {
			if v.Name == "port" {
				if err := json.Unmarshal(v.Value, &value); err != nil {
					t.Fatal(err)
				}
				return value, v.Source.Kind
			}
		}
		t.Fatalf("no port in %s", out)
		return 0, ""
	}
	if got, from := port(); got != m.policy.Port || from != "file" {
		t.Errorf("port %d from %s, want the file's", got, from)
	}
	run(t, "wine", "reg", "add", key, "/v", "Port", "/t", "REG_DWORD", "/d", "23456", "/f")
	t.Cleanup(func() { run(t, "wine", "reg", "delete", `HKLM\SOFTWARE\Policies\Odnowa`, "/f") })
	run(t, "wine", "reg", "add", `HKCU\SOFTWARE\Policies\Odnowa\Agent`, "/v", "Port", "/t", "REG_DWORD", "/d", "34567", "/f")
	t.Cleanup(func() { run(t, "wine", "reg", "delete", `HKCU\SOFTWARE\Policies\Odnowa`, "/f") })
	if got, from := port(); got != 23456 || from != "registry" {
		t.Errorf("port %d from %s, want the registry's", got, from)
	}
	run(t, "wine", "reg", "add", key, "/v", "Prot", "/t", "REG_DWORD", "/d", "1", "/f")
	if out, err := m.command("policy").CombinedOutput(); err == nil || !strings.Contains(string(out), "Prot") {
		t.Errorf("a policy with an unknown member: %v\n%s", err, out)
	}
}

// TestCommands are those that people type.
func TestCommands(t *testing.T) {
	m := newMachine(t)
	m.policy.Service = false
	m.writePolicy(t)
	var list bridge.ListResult
	if err := json.Unmarshal(m.output(t, "certificates", "--json"), &list); err != nil || len(list.Certificates) < 4 {
		t.Errorf("certificates: %d, %v", len(list.Certificates), err)
	}
	if got := m.output(t, "version"); !bytes.HasPrefix(got, []byte("odnowa-agent ")) {
		t.Errorf("version: %q", got)
	}
	file := filepath.Join(m.dir, "umowa.txt")
	if err := os.WriteFile(file, []byte("Zażółć gęślą jaźń.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	signing := m.start(t, "sign", "--certificate", m.card.Certificate(cardtest.Sign).ID, windowsPath(file))
	m.person.press(t, "sign-file", "alt+c")
	m.person.enter(t, "sign-file-pin", m.card.PIN)
	if err := signing.cmd.Wait(); err != nil {
		t.Fatalf("sign: %v", err)
	}
	cms, err := os.ReadFile(file + ".p7s")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m.openssl(t, cms, data)
}

func idsOf(l bridge.ListResult) (ids []string) {
	for _, c := range l.Certificates {
		ids = append(ids, c.ID)
	}
	return ids
}

// verified has OpenSSL judge the signature.
func (m *machine) verified(t *testing.T, a answer, signed []byte) {
	t.Helper()
	if a.Error != nil {
		t.Fatalf("signature.create: %+v", *a.Error)
	}
	var r bridge.SignResult
	if err := bridge.Decode(a.Result, &r); err != nil {
		t.Fatal(err)
	}
	m.openssl(t, r.CMS, signed)
	spoilt := bytes.Clone(signed)
	spoilt[0] ^= 1
	if out, err := m.opensslVerify(t, r.CMS, spoilt); err == nil {
		t.Errorf("OpenSSL takes the signature for another document's: %s", out)
	}
}

func (m *machine) openssl(t *testing.T, cms, signed []byte) {
	t.Helper()
	if out, err := m.opensslVerify(t, cms, signed); err != nil {
		t.Errorf("OpenSSL: %v\n%s", err, out)
	}
}

func (m *machine) opensslVerify(t *testing.T, cms, signed []byte) ([]byte, error) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.card.CA.Raw}))
	return exec.Command("openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-purpose", "any",
		"-in", write("signature", cms), "-content", write("signed", signed), "-CAfile", ca, "-out", os.DevNull).CombinedOutput()
}
