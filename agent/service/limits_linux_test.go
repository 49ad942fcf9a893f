package service_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/service/servicetest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// ended waits until the other end has closed.
func ended(conn net.Conn, in time.Duration) bool {
	conn.SetReadDeadline(time.Now().Add(in))
	for buf := make([]byte, 512); ; {
		if _, err := conn.Read(buf); err != nil {
			e, timeout := err.(net.Error)
			return !timeout || !e.Timeout()
		}
	}
}

func connect(t *testing.T, network, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestSlowStrangers: whoever connects and says nothing, or says it slowly, is put out, at the port and at the
// socket.
func TestSlowStrangers(t *testing.T) {
	m := newMachine(t, nil)
	for _, c := range []struct{ name, network, address, say string }{
		{"port, nothing", "tcp", m.address, ""},
		{"port, half a request", "tcp", m.address, "GET /v1 HTTP/1.1\r\nHost: "},
		{"port, no HTTP", "tcp", m.address, "\x16\x03\x01\x00\x00hello"},
		{"socket, nothing", "unix", m.policy.ServiceSocket, ""},
		{"socket, half a length", "unix", m.policy.ServiceSocket, "\x01"},
		{"socket, length alone", "unix", m.policy.ServiceSocket, "\x10\x00\x00\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, c.network, c.address)
			fmt.Fprint(conn, c.say)
			if !ended(conn, 15*time.Second) {
				t.Error("still connected after 15 s")
			}
		})
	}
	t.Run("WebSocket, challenge not answered", func(t *testing.T) {
		t.Parallel()
		e := m.dial(t, chromium)
		e.Refused(bridge.CodeInternal)
	})
}

// TestManyConnections: a program that opens connections without end gets its user's share, and the service goes
// on with those that it had, and with others after it.
func TestManyConnections(t *testing.T) {
	m := newMachine(t, nil)
	e := m.dial(t, chromium)
	p := m.pair(t, e, "")
	e.Prove(p)
	e.Hello(website)
	for _, c := range []struct {
		name  string
		enter func() io.Closer // nil where it was refused
	}{
		{"port", func() io.Closer {
			if ws, _ := servicetest.Knock(m.address, chromium, nil); ws != nil {
				return ws
			}
			return nil
		}},
		{"socket", func() io.Closer {
			conn := connect(t, "unix", m.policy.ServiceSocket)
			conn.SetDeadline(time.Now().Add(20 * time.Second))
			ch := frame.NewChannel(conn, frame.MaxPreface)
			if err := ch.SendJSON(frame.Preface{Role: frame.RoleLink}); err != nil || ch.RecvJSON(new(frame.Welcome)) != nil {
				return nil
			}
			return conn
		}},
	} {
		var in []io.Closer
		for range 80 {
			if conn := c.enter(); conn != nil {
				in = append(in, conn)
			}
		}
		if len(in) == 0 || len(in) == 80 {
			t.Errorf("%s: %d of 80 connections are in", c.name, len(in))
		}
		e.Hello(website) // whoever was in stays in
		for _, conn := range in {
			conn.Close()
		}
		eventually(t, c.name+" is free again", func() bool {
			ws, _ := servicetest.Knock(m.address, chromium, nil)
			if ws != nil {
				ws.Close()
			}
			return ws != nil
		})
	}
}

// TestHeaders: requests that are larger than any browser's are refused.
func TestHeaders(t *testing.T) {
	m := newMachine(t, nil)
	conn := connect(t, "tcp", m.address)
	fmt.Fprintf(conn, "GET /v1 HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nX: %s\r\n\r\n", m.address, chromium, strings.Repeat("x", 1<<20))
	line, _ := bufio.NewReader(conn).ReadString('\n')
	if !strings.Contains(line, " 431 ") && line != "" {
		t.Errorf("got %q", line)
	}
}

// TestFrames: what is no frame of a session ends its connection, and nothing else.
func TestFrames(t *testing.T) {
	m := newMachine(t, nil)
	for name, bytes := range map[string][]byte{
		"largest length": {255, 255, 255, 255},
		"longer than a preface may be": append(binary.NativeEndian.AppendUint32(nil, frame.MaxPreface+1),
			make([]byte, frame.MaxPreface+1)...),
		"no JSON":              append(binary.NativeEndian.AppendUint32(nil, 4), "nope"...),
		"unknown role":         framed(`{"role":"root"}`),
		"host at the port":     framed(`{"role":"host","browser":"chromium","extension":"` + extensionID + `"}`),
		"pairing by a session": framed(`{"role":"pair","code":"000000"}`),
		"unknown member":       framed(`{"role":"link","root":true}`),
		"link with a code":     framed(`{"role":"link","code":"000000"}`),
	} {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, "unix", m.policy.ServiceSocket)
			conn.Write(bytes)
			if !ended(conn, 3*time.Second) {
				t.Error("still connected")
			}
		})
	}
	e := m.dial(t, chromium)
	e.Prove(m.pair(t, e, ""))
	e.Hello(website)
}

func framed(text string) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, uint32(len(text))), text...)
}

// TestRecords: a program that plays a session can write its user's records, and neither without end, nor another
// user's, nor anything else into the log.
func TestRecords(t *testing.T) {
	m := newMachine(t, nil)
	ch := frame.NewChannel(connect(t, "unix", m.policy.ServiceSocket), frame.MaxPreface)
	var welcome frame.Welcome
	if err := ch.SendJSON(frame.Preface{Role: frame.RoleLink}); err != nil || ch.RecvJSON(&welcome) != nil {
		t.Fatal("no welcome", err)
	}
	write := func(r audit.Record) bridge.Code {
		t.Helper()
		var a frame.AuditAnswer
		if err := ch.SendJSON(r); err != nil {
			t.Fatal(err)
		}
		if err := ch.RecvJSON(&a); err != nil {
			t.Fatal(err)
		}
		if a.Written != (a.Code == "") {
			t.Errorf("got %+v", a)
		}
		return a.Code
	}
	good := audit.Record{Time: time.Unix(0, 0), User: "0", Origin: website, Outcome: audit.Signed}
	if code := write(good); code != "" {
		t.Fatal("a good record was not written: ", code)
	}
	named := good
	named.Certificate = "Jan Testowy"
	if got := write(named); got != bridge.CodeAuditFailed {
		t.Errorf("a name: got %q", got)
	}
	written := 1
	for range 200 {
		switch got := write(good); got {
		case "":
			written++
		case bridge.CodeRateLimited:
		default:
			t.Fatalf("got %s", got)
		}
	}
	if written == 201 {
		t.Error("records without end")
	}
	path := filepath.Join(m.policy.StateDir, "audit.jsonl")
	r, err := audit.Verify(path, "")
	if err != nil || r.Records != written || len(r.Problems) != 0 {
		t.Errorf("%d written, log %+v, %v", written, r, err)
	}
	data, err := os.ReadFile(path)
	if want := `"user":"` + local.Self() + `"`; err != nil || strings.Count(string(data), want) != written {
		t.Errorf("records of others than %s", want)
	}
	if strings.Contains(string(data), "1970-") {
		t.Error("a session says when a record was written")
	}
}

// TestPairingRate: a program cannot have the person look at windows without end.
func TestPairingRate(t *testing.T) {
	m := newMachine(t, nil)
	for i := range 30 {
		e := m.dial(t, chromium)
		e.Send(servicetest.Wire{Type: "pair", Key: make([]byte, 32), Commitment: make([]byte, 32)})
		if w := e.Receive(); w.Code == bridge.CodeRateLimited {
			return
		}
		if i == 29 {
			t.Error("pairing without end")
		}
		e.WS.Close()
	}
}
