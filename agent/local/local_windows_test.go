package local

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// other is a user who has no account here.
const other = "S-1-5-21-9-9-9-1001"

func pipeName() string { return pipePrefix + "odnowa-test-" + rand.Text() }

// inWine says what Wine cannot show, and true where the test runs there.
func inWine(t *testing.T, what string) bool {
	t.Helper()
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() != nil {
		return false
	}
	t.Log("not tested, as Wine does not do it:", what)
	return true
}

// connected gives both ends of one connection.
func connected(t *testing.T, listen func(string) (net.Listener, error), dial func(context.Context, string) (net.Conn, error)) (server, client net.Conn) {
	t.Helper()
	name := pipeName()
	l, err := listen(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan error, 1)
	go func() {
		var err error
		server, err = l.Accept()
		done <- err
	}()
	if client, err = dial(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return server, client
}

func TestPeers(t *testing.T) {
	login, err := ownLogin()
	if err != nil {
		t.Fatal(err)
	}
	for name, ends := range map[string]func(*testing.T) (net.Conn, net.Conn){
		"private": func(t *testing.T) (net.Conn, net.Conn) { return connected(t, ListenPrivate, DialPrivate) },
		"shared":  func(t *testing.T) (net.Conn, net.Conn) { return connected(t, ListenShared, DialShared) },
	} {
		t.Run(name, func(t *testing.T) {
			server, client := ends(t)
			if p, err := PeerOf(server); err != nil || p != (Peer{Self(), os.Getpid(), login}) {
				t.Errorf("listener's peer: %+v, %v", p, err)
			}
			if p, err := PeerOf(client); err != nil || p != (Peer{User: Self(), PID: os.Getpid()}) {
				t.Errorf("dialler's peer: %+v, %v", p, err)
			}
			for _, c := range []net.Conn{server, client} {
				if err := CheckPeer(c, other); !errors.Is(err, ErrPeer) {
					t.Errorf("got %v, want ErrPeer", err)
				}
			}
		})
	}
}

// TestDescriptor is what the kernel has of the pipe, not what was asked for.
func TestDescriptor(t *testing.T) {
	for _, c := range []struct {
		listen func(string) (net.Listener, error)
		want   string
	}{
		{ListenPrivate, "O:%[1]sD:P(D;;FA;;;NU)(A;;FA;;;%[1]s)"},
		{ListenShared, "O:%[1]sD:P(D;;FA;;;NU)(A;;FA;;;%[1]s)(A;;0x12019b;;;IU)"},
	} {
		_, client := connected(t, c.listen, DialPrivate)
		sd, err := windows.GetSecurityInfo(handle(client.(*pipe).Conn), windows.SE_KERNEL_OBJECT,
			windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := sd.String(), fmt.Sprintf(c.want, Self()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestDenied: the entry that keeps network logons out weighs more than that which lets the user in. The
// test is no network logon, so that its own kind of logon takes that one's place.
func TestDenied(t *testing.T) {
	if inWine(t, "access lists of pipes are kept and shown, and let everybody in") {
		return
	}
	for _, sddl := range []string{sddlPrivate, sddlShared} {
		name := pipeName()
		l, err := listen(name, strings.Replace(sddl, ";;;NU)", ";;;AU)", 1), func(Peer) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go accept(l)
		if _, err := DialPrivate(t.Context(), name); !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			t.Errorf("got %v, want access denied", err)
		}
	}
}

func TestFirstInstance(t *testing.T) {
	name := pipeName()
	l, err := ListenPrivate(name)
	if err != nil {
		t.Fatal(err)
	}
	go accept(l)
	if _, err := ListenPrivate(name); !errors.Is(err, ErrRunning) {
		t.Errorf("second listener: got %v, want ErrRunning", err)
	}
	l.Close()
	again, err := ListenPrivate(name)
	if err != nil {
		t.Fatalf("after the first: %v", err)
	}
	again.Close()
}

func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
	}
}

// squat listens where the session or the service should, as this user, with an access list and an owner.
func squat(t *testing.T, sddl string) string {
	t.Helper()
	name := pipeName()
	l, err := winio.ListenPipe(name, &winio.PipeConfig{SecurityDescriptor: sddl, InputBufferSize: pipeBuffer, OutputBufferSize: pipeBuffer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go accept(l)
	return name
}

func TestOwnerOfTheOtherEnd(t *testing.T) {
	for _, c := range []struct {
		owner           string
		private, shared bool
	}{
		{Self(), true, true},
		{"S-1-5-32-544", false, true}, // Administrators
		{other, false, false},
	} {
		name := squat(t, "O:"+c.owner+"D:(A;;FA;;;WD)")
		for what, dial := range map[string]func(context.Context, string) (net.Conn, error){"private": DialPrivate, "shared": DialShared} {
			conn, err := dial(t.Context(), name)
			if want := what == "private" && c.private || what == "shared" && c.shared; want != (err == nil) || !want && !errors.Is(err, ErrPeer) {
				t.Errorf("%s, pipe of %s: got %v", what, c.owner, err)
			}
			if err == nil {
				conn.Close()
			}
		}
	}
	for sid, want := range map[string]bool{
		"S-1-5-18": true, "S-1-5-19": true, "S-1-5-80-1-2-3-4-5": true, "S-1-5-800": false, other: false, "S-1-5-32-545": false, "": false,
	} {
		if got := isSystem(sid); got != want {
			t.Errorf("isSystem(%q): got %v", sid, got)
		}
	}
}

// TestWhoHides: a client that does not say who it is is not let in and holds nobody up.
func TestWhoHides(t *testing.T) {
	name := pipeName()
	l, err := ListenPrivate(name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			accepted <- c
		}
	}()
	if !inWine(t, "a client that connects without an identity (SECURITY_ANONYMOUS) is known there all the same") {
		hidden, err := winio.DialPipeAccessImpLevel(t.Context(), name, clientAccess, winio.PipeImpLevelAnonymous)
		if err != nil {
			t.Fatal(err)
		}
		defer hidden.Close()
		if _, err := hidden.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("without an identity: got %v, want EOF", err)
		}
	}
	conn, err := DialPrivate(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	(<-accepted).Close()
}

func TestDeadlines(t *testing.T) {
	server, client := connected(t, ListenPrivate, DialPrivate)
	if err := server.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := server.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("read: got %v, want a timeout", err)
	}
	if err := server.SetDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Write(make([]byte, 10*pipeBuffer)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("write that nobody reads: got %v, want a timeout", err)
	}
	if err := server.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(server, make([]byte, 1)); err != nil {
		t.Errorf("read after the deadlines: %v", err)
	}
}

// TestBothWays moves more than the buffers hold in both directions at once, and ends in order.
func TestBothWays(t *testing.T) {
	server, client := connected(t, ListenPrivate, DialPrivate)
	sent := make([]byte, 5<<20)
	rand.Read(sent)
	var group sync.WaitGroup
	for _, ends := range [][2]net.Conn{{server, client}, {client, server}} {
		group.Go(func() {
			if _, err := ends[0].Write(sent); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(ends[1], got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("received something else: %v", err)
			}
		})
	}
	group.Wait()
	if _, err := server.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if got, err := io.ReadAll(client); err != nil || string(got) != "last" {
		t.Errorf("what was sent before the end: got %q, %v", got, err)
	}
}

func TestCloseEndsReading(t *testing.T) {
	server, _ := connected(t, ListenPrivate, DialPrivate)
	done := make(chan error, 1)
	go func() {
		_, err := server.Read(make([]byte, 1))
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	server.Close()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a read on a closed connection went well")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the read hangs")
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", pipePrefix, `C:\odnowa.sock`, `\\server\pipe\odnowa`, "/run/odnowa.sock"} {
		if _, err := ListenPrivate(name); err == nil {
			t.Errorf("listens on %q", name)
		}
		if _, err := DialPrivate(t.Context(), name); err == nil {
			t.Errorf("dials %q", name)
		}
	}
	if _, err := DialPrivate(t.Context(), pipeName()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nobody listens: got %v", err)
	}
	path, err := SessionPath()
	if err != nil || !strings.Contains(path, Self()) || !isPipe(path) {
		t.Errorf("session's pipe: %q, %v", path, err)
	}
}

func TestMakePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "state")
	made := func() string {
		t.Helper()
		if err := MakePrivate(dir); err != nil {
			t.Fatal(err)
		}
		sd, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
		if err != nil {
			t.Fatal(err)
		}
		return sd.String()
	}
	first, again := made(), made()
	if want := fmt.Sprintf("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;%s)", Self()); (first != want || again != want) &&
		!inWine(t, "a folder's access list is kept as Unix modes, which say less") {
		t.Errorf("got %s, then %s, want %s", first, again, want)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MakePrivate(file); err == nil {
		t.Error("a file was taken for a folder")
	}
}
