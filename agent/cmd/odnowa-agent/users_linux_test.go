package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/service/servicetest"
	"github.com/odnowa/odnowa/agent/subprocess/subprocesstest"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// The users of the test. No entry in the system's list of users is needed.
const (
	serviceUID  = 64_001
	aliceUID    = 64_011
	bobUID      = 64_012
	strangerUID = 64_013
)

// TestTwoUsers is a computer with the service and two users who are logged in, each with a token: neither sees
// the other's certificates, windows or requests, and nobody else gets anything. All processes run as the users
// that they would run as.
func TestTwoUsers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to run processes as several users")
	}
	if reachable(t, "/proc/self/exe") {
		twoUsers(t)
		return
	}
	// The test binary lies where only root can execute it: run a copy that everybody can.
	dir, err := os.MkdirTemp("/tmp", "ou")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, "odnowa-agent.test")
	data, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(copied, data, 0o755)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(copied, "-test.run", "^TestTwoUsers$", "-test.v")
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "SKIP") {
		t.Errorf("%v\n%s", err, out)
	}
}

// reachable says whether everybody can execute a program.
func reachable(t *testing.T, link string) bool {
	t.Helper()
	path, err := os.Readlink(link)
	if err != nil {
		t.Fatal(err)
	}
	for ; path != "/"; path = filepath.Dir(path) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
	}
	return true
}

// owner is a user at the computer: a rig whose processes are the user's, and a person at the window.
type owner struct {
	*rig
	person *windowtest.Pinentry
	home   string
	mine   cardtest.Certificate
}

// users makes the computer. All share a policy, as users of one computer do.
func users(t *testing.T) (alice, bob *owner, service *rig) {
	t.Helper()
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	service = newRig(t, func(r *rig) {
		r.withService(t)
		r.policy.AllowRoot = false
		r.policy.Modules = []policy.Module{{Name: "SoftHSM", Path: r.card.Module, Env: []string{subprocesstest.Env()}}} // each has the own SOFTHSM2_CONF
		r.policy.Pinentry = filepath.Join(r.dir, "pinentry")
		r.program, r.user = self, &syscall.Credential{Uid: serviceUID, Gid: serviceUID}
	})
	// The folders of the tests are root's alone. What follows opens the way to those that users get.
	for _, dir := range []string{os.TempDir(), service.dir, filepath.Dir(t.TempDir())} {
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(service.dir, "policy.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(service.policy.Pinentry, []byte("#!/bin/sh\nexec \"$HOME/pinentry\" \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Dir(service.policy.ServiceSocket), service.policy.StateDir} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		give(t, dir, serviceUID)
	}
	return service.login(t, aliceUID, cardtest.Sign), service.login(t, bobUID, cardtest.EC), service
}

// login makes a user with a home, a token and a person; the certificate is what the user signs with.
func (r *rig) login(t *testing.T, uid uint32, certificate string) *owner {
	t.Helper()
	o := &owner{rig: &rig{
		card: cardtest.New(t), sealKey: r.sealKey, dir: r.dir, policy: r.policy, program: r.program,
		user: &syscall.Credential{Uid: uid, Gid: uid},
	}, home: shortDir(t), person: windowtest.New(t)}
	keepOnly(t, o.card, certificate)
	o.mine = o.card.Certificate(certificate)
	if err := os.Symlink(o.person.Path, filepath.Join(o.home, "pinentry")); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{o.home, filepath.Dir(o.person.Path), filepath.Dir(o.card.Conf)} {
		give(t, dir, int(uid))
	}
	o.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + o.home, "XDG_RUNTIME_DIR=" + o.home, "DISPLAY=:99",
		"SOFTHSM2_CONF=" + o.card.Conf, policy.Environment + "=" + filepath.Join(r.dir, "policy.json"), subprocesstest.Env(),
	}
	return o
}

// give makes a folder and all in it a user's, and nobody else's business.
func give(t *testing.T, dir string, uid int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, uid)
	})
	if err == nil && uid != serviceUID {
		err = os.Chmod(dir, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// keepOnly takes all certificates but one off a card.
func keepOnly(t *testing.T, c cardtest.Card, name string) {
	t.Helper()
	for _, one := range c.Certificates {
		if one.Name == name {
			continue
		}
		cmd := exec.Command("pkcs11-tool", "--module", c.Module, "--token-label", c.Label, "--login", "--pin", c.PIN,
			"--delete-object", "--type", "cert", "--id", hex.EncodeToString(one.KeyID))
		cmd.Env = append(os.Environ(), c.Env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// dialAs opens a connection whose socket is a user's. The kernel takes the owner of a socket from the thread that
// makes it (socket(7), setfsuid(2)).
func dialAs(uid int) servicetest.Dialler {
	return func(network, address string) (net.Conn, error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := unix.Setfsuid(uid); err != nil {
			return nil, err
		}
		defer unix.Setfsuid(0)
		return net.Dial(network, address)
	}
}

func twoUsers(t *testing.T) {
	alice, bob, machine := users(t)
	machine.start(t, "service")
	sessions := map[*owner]string{}
	for _, o := range []*owner{alice, bob} {
		o.start(t, "session")
		sessions[o] = filepath.Join(o.home, "odnowa-agent", "session-99.sock")
	}
	hosts := map[*owner]*browser{}
	for _, o := range []*owner{alice, bob} {
		hosts[o] = o.browse(t, chromiumArgument)
		hosts[o].hello("en")
	}

	t.Run("each sees the own certificate", func(t *testing.T) {
		for o, b := range hosts {
			if list := b.list(bridge.Filter{}); len(list.Certificates) != 1 || list.Certificates[0].ID != o.mine.ID {
				t.Errorf("user %d sees %+v", o.user.Uid, list)
			}
		}
	})

	t.Run("windows and requests", func(t *testing.T) {
		alice.person.Plan(t, windowtest.Wait, windowtest.Answer(alice.card.PIN))
		bob.person.Plan(t, windowtest.Yes, windowtest.Answer(bob.card.PIN))
		application, signed := alice.application(t, alice.mine)
		id, ch := hosts[alice].send(bridge.MethodCreateSignature, application)
		alice.person.WaitAsked(t, 1)
		var cancelled bridge.CancelResult
		hosts[bob].call(bridge.MethodCancel, bridge.CancelParams{Caller: testCaller, RequestID: id}, &cancelled)
		if cancelled.Cancelled {
			t.Error("one user cancelled another's request")
		}
		if got := hosts[bob].refused(bridge.MethodCreateSignature, application); got != bridge.CodeCertificateUnknown {
			t.Errorf("signature with another user's certificate: got %s", got)
		}
		// One user's open window keeps no other user's closed.
		own, ownSigned := bob.application(t, bob.mine)
		_, bobs := hosts[bob].send(bridge.MethodCreateSignature, own)
		verify(t, hosts[bob].wait(bobs), cades.PAdES, ownSigned, bob.mine)
		alice.person.Go(t)
		verify(t, hosts[alice].wait(ch), cades.PAdES, signed, alice.mine)
		if a, b := len(alice.person.Asked(t)), len(bob.person.Asked(t)); a != 2 || b != 2 {
			t.Errorf("asked %d and %d questions, want 2 and 2", a, b)
		}
	})

	t.Run("sockets", func(t *testing.T) { knockAsEverybody(t, alice, sessions[alice]) })
	t.Run("another user's folder", func(t *testing.T) { foreignFolder(t, alice, bob) })
	t.Run("WebSocket", func(t *testing.T) { pairedUsers(t, alice, bob) })
	t.Run("audit", func(t *testing.T) { recordsOf(t, machine, alice, bob) })
}

// knockAsEverybody tries a session's socket, as the folder's rights are, and as if somebody had opened them.
func knockAsEverybody(t *testing.T, o *owner, socket string) {
	try := func(uid uint32, want string) {
		t.Helper()
		cmd := exec.Command(o.program, knockCommand, socket)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		cmd.Dir = "/"
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("user %d: got %s (%v), want %s", uid, out, err, want)
		}
	}
	try(aliceUID, `"result"`)
	try(bobUID, "denied")
	try(strangerUID, "denied")
	try(0, "closed") // no folder keeps root out
	for _, path := range []string{o.home, filepath.Dir(socket)} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(path, 0o700)
	}
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	try(aliceUID, `"result"`)
	for _, uid := range []uint32{bobUID, strangerUID, serviceUID, 0} {
		try(uid, "closed")
	}
}

// foreignFolder: a native host verifies its session, too. One that finds another user's socket, in a folder that
// somebody has opened, says nothing to it.
func foreignFolder(t *testing.T, alice, bob *owner) {
	dir := filepath.Join(alice.home, "odnowa-agent")
	socket := filepath.Join(dir, "session-99.sock")
	for path, mode := range map[string]os.FileMode{alice.home: 0o755, dir: 0o755, socket: 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(dir, 0o700)
	defer os.Chmod(alice.home, 0o700)
	misled := &rig{program: bob.program, user: bob.user, env: append(slices.Clone(bob.env), "XDG_RUNTIME_DIR="+alice.home)}
	b := misled.browse(t, chromiumArgument)
	if got := b.refused(bridge.MethodHello, bridge.HelloParams{Caller: testCaller, Versions: []int{1}}); got != bridge.CodeNoSession {
		t.Errorf("got %s, want no_session", got)
	}
	<-b.ended
	if !misled.logged("another user") {
		t.Errorf("the host says %s", misled.logs())
	}
}

// pairedUsers: the same over the service. A pairing is its user's, and of no use to anybody else.
func pairedUsers(t *testing.T, alice, bob *owner) {
	address := fmt.Sprintf("127.0.0.1:%d", alice.policy.Port)
	const origin = "chrome-extension://" + testExtension
	alice.person.Plan(t, windowtest.Yes)
	bob.person.Plan(t)
	e := servicetest.Dial(t, address, origin, dialAs(aliceUID))
	p, code := e.Pair("")
	if asked := alice.person.Asked(t); len(asked) != 1 || !strings.Contains(asked[0].Texts["SETDESC"], code) {
		t.Errorf("alice was shown %+v, want %s", asked, code)
	}
	e.Prove(p)
	e.Hello(testOrigin)
	var list bridge.ListResult
	if code := e.Call(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller}, &list); code != "" || len(list.Certificates) != 1 || list.Certificates[0].ID != alice.mine.ID {
		t.Errorf("paired: %s %+v", code, list.Certificates)
	}
	for name, uid := range map[string]int{"bob": bobUID, "a stranger": strangerUID, "the service's user": serviceUID} {
		stolen := servicetest.Dial(t, address, origin, dialAs(uid))
		w, _ := stolen.Proof(p)
		stolen.Send(w)
		t.Log(name, "with alice's pairing")
		stolen.Refused(bridge.CodeNotPaired)
	}
	if ws, status := servicetest.Knock(address, origin, nil); ws != nil || status != http.StatusForbidden {
		t.Errorf("root: status %d, want 403", status)
	}
	stranger := servicetest.Dial(t, address, origin, dialAs(strangerUID))
	stranger.Offer("", nil)
	stranger.Refused(bridge.CodeNoSession)
	if n := len(bob.person.Asked(t)); n != 0 {
		t.Errorf("bob was asked %d times", n)
	}
	if n := len(alice.person.Asked(t)); n != 1 {
		t.Errorf("alice was asked %d times", n)
	}
}

// recordsOf: each record is its user's, and the users cannot read the log.
func recordsOf(t *testing.T, machine *rig, alice, bob *owner) {
	path := filepath.Join(machine.policy.StateDir, auditFile)
	r, err := audit.Verify(path, "")
	if err != nil || len(r.Problems) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	signed := map[string]string{}
	for line := range strings.Lines(string(data)) {
		var e audit.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Outcome == audit.Signed {
			signed[e.Certificate] = e.User
		}
	}
	for _, o := range []*owner{alice, bob} {
		if got, want := signed[o.mine.ID], fmt.Sprint(o.user.Uid); got != want {
			t.Errorf("signature of user %s is recorded for %q", want, got)
		}
		show := o.command("audit", "verify")
		if out, err := show.CombinedOutput(); err == nil || !strings.Contains(string(out), "permission denied") {
			t.Errorf("user %d reads the log: %s", o.user.Uid, out)
		}
	}
}
