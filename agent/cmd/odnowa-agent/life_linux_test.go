package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/wake/waketest"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// stage is a rig in the middle of a signature.
type stage struct {
	*rig
	t      *testing.T
	person *windowtest.Pinentry
	b      *browser

	service, session *exec.Cmd
}

// moment is a point of a signature at which somebody is killed.
type moment struct {
	name string
	// reach sends the request and gives its answer's channel once the moment is there, and what lets those go
	// on who were held for it.
	reach func(*stage) (<-chan answer, func())
}

// gone is what the browser sees when its host has ended: no answer. The extension makes "agent_crashed" of it
// (extension/src/worker/native.ts).
const (
	gone   = "gone"
	signed = "signed"
)

// TestKilled kills each process at each moment of a request. The browser gets a clear code or sees its host end,
// the window goes, nothing of the old request stays, and the next try signs.
func TestKilled(t *testing.T) {
	moments := []moment{
		{"before the window", (*stage).beforeWindow},
		{"window open", (*stage).windowOpen},
		{"PIN asked for", (*stage).pinAsked},
		{"card signing", (*stage).cardSigning},
		{"answer under way", (*stage).answerUnderWay},
	}
	for _, c := range []struct {
		victim string
		kill   func(*stage)
		want   []string // by moment
	}{
		{"host", (*stage).killHost, []string{gone, gone, gone, gone, gone}},
		{"session", (*stage).killSession, []string{gone, gone, gone, gone, signed}},
		// A worker that is gone is started again, unless its end shows only as the PIN is handed to it: a PIN is
		// never tried twice.
		{"worker", (*stage).killWorker, []string{signed, signed, signed + " or module_failed", "module_failed", signed}},
		{"service", (*stage).killService, []string{"service_stopped", "service_stopped", "service_stopped", "service_stopped", signed}},
	} {
		for i, m := range moments {
			t.Run(c.victim+", "+m.name, func(t *testing.T) {
				s := newStage(t)
				ch, resume := m.reach(s)
				window := s.person.PID(t)
				c.kill(s)
				resume()
				if got := s.result(ch); !slices.Contains(strings.Split(c.want[i], " or "), got) {
					t.Errorf("got %s, want %s", got, c.want[i])
				}
				s.windowGone(window)
				s.nextTry()
			})
		}
	}
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, person: windowtest.New(t)}
	s.rig = newRig(t, func(r *rig) { r.policy.Pinentry = s.person.Path; r.withService(t) })
	s.service = s.start(t, "service")
	s.session = s.start(t, "session")
	s.b = s.browse(t, chromiumArgument)
	s.b.hello("en")
	s.b.list(bridge.Filter{})
	return s
}

func (s *stage) ask(plan ...windowtest.Answer) <-chan answer {
	s.person.Plan(s.t, plan...)
	application, _ := s.application(s.t, s.card.Certificate(cardtest.Sign))
	_, ch := s.b.send(bridge.MethodCreateSignature, application)
	return ch
}

// beforeWindow: the card's module is still being asked for the certificate.
func (s *stage) beforeWindow() (<-chan answer, func()) {
	unlock := lockCard(s.t, s.card)
	ch := s.ask(windowtest.Yes, windowtest.Answer(s.card.PIN))
	s.atCard()
	return ch, unlock
}

func (s *stage) atCard() {
	s.t.Helper()
	s.until("the module at the card", func() bool { return waitsForLock(s.t, s.worker()) })
}

func (s *stage) windowOpen() (<-chan answer, func()) {
	ch := s.ask(windowtest.Wait, windowtest.Answer(s.card.PIN))
	s.person.WaitAsked(s.t, 1)
	return ch, s.letGo
}

func (s *stage) pinAsked() (<-chan answer, func()) {
	ch := s.ask(windowtest.Yes, windowtest.WaitThen(s.card.PIN))
	s.person.WaitAsked(s.t, 2)
	return ch, s.letGo
}

// cardSigning: the PIN has left the window and is with the module.
func (s *stage) cardSigning() (<-chan answer, func()) {
	ch := s.ask(windowtest.Yes, windowtest.WaitThen(s.card.PIN))
	s.person.WaitAsked(s.t, 2)
	unlock := lockCard(s.t, s.card)
	s.person.Go(s.t)
	for p := (bridge.Progress{}); p.State != bridge.Signing; {
		s.b.progress(bridge.NotifySignatureProgress, &p)
	}
	s.atCard()
	return ch, unlock
}

// answerUnderWay: the signature is made and recorded, and has not reached the browser.
func (s *stage) answerUnderWay() (<-chan answer, func()) {
	ch := s.ask(windowtest.Yes, windowtest.WaitThen(s.card.PIN))
	s.person.WaitAsked(s.t, 2)
	host := s.hold(s.b.cmd.Process.Pid)
	s.person.Go(s.t)
	s.until("the answer", func() bool { return unread(s.t, s.socket()) > 1<<10 }) // more than all that is told before it
	if got := s.outcomes(s.t); !slices.Equal(got, []string{"signed"}) {
		s.t.Errorf("recorded: %q", got)
	}
	return ch, host
}

// socket is the session's.
func (s *stage) socket() string { return filepath.Join(s.dir, "odnowa-agent", "session-99.sock") }

// letGo lets the person answer, if the window is still there.
func (s *stage) letGo() { s.person.Go(s.t) }

// hold stops a process; what it gives lets it go on, if it is still there.
func (s *stage) hold(pid int) func() {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		s.t.Fatal(err)
	}
	return func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
}

// worker finds the module's process, which is the session's child.
func (s *stage) worker() int {
	var found int
	s.until("a module worker", func() bool {
		found = childOf(s.session.Process.Pid, "module-worker")
		return found != 0
	})
	return found
}

// childOf finds a process's child by an argument.
func childOf(parent int, argument string) int {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		args, err := os.ReadFile(path)
		if err != nil || !slices.Contains(strings.Split(string(args), "\x00"), argument) {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(path), "stat"))
		if err != nil {
			continue
		}
		if fields := statFields(stat); fields[0] != "Z" && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return pid
		}
	}
	return 0
}

func (s *stage) killHost()    { s.b.cmd.Process.Kill() }
func (s *stage) killSession() { kill(s.session) }
func (s *stage) killService() { kill(s.service) }

// killWorker waits until the session knows.
func (s *stage) killWorker() {
	pid := s.worker()
	_ = syscall.Kill(pid, syscall.SIGKILL) // it is there, held or not
	s.until("the worker's end", func() bool { return syscall.Kill(pid, 0) != nil })
}

func kill(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
}

// result is how the browser's request ended.
func (s *stage) result(ch <-chan answer) string {
	var a answer
	select {
	case a = <-ch:
	case <-s.b.ended:
		select {
		case a = <-ch: // it came before the end
		default:
			return gone
		}
	case <-time.After(20 * time.Second):
		return "nothing"
	}
	if a.Error != nil {
		return string(a.Error.Data.Code)
	}
	return signed
}

func (s *stage) windowGone(pid int) {
	if pid != 0 {
		s.until("the window's end", func() bool { return hasEnded(s.t, pid) })
	}
}

// nextTry is what a browser and the system do after that: the service manager starts the service again, and the
// browser a host, which starts a session where there is none.
func (s *stage) nextTry() {
	t := s.t
	if s.service.ProcessState != nil {
		s.start(t, "service")
	}
	if s.session.ProcessState != nil {
		<-s.b.ended // the host goes with its session
	}
	select {
	case <-s.b.ended:
		s.b = s.browse(t, chromiumArgument)
		s.b.hello("en")
		t.Cleanup(func() { s.endStarted() })
	default:
	}
	s.until("the agent", func() bool {
		_, ch := s.b.send(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller})
		return s.b.wait(ch).Error == nil
	})
	application, bytes := s.application(t, s.card.Certificate(cardtest.Sign))
	s.person.Plan(t, windowtest.Yes, windowtest.Answer(s.card.PIN))
	_, ch := s.b.send(bridge.MethodCreateSignature, application)
	verify(t, s.b.wait(ch), cades.PAdES, bytes, s.card.Certificate(cardtest.Sign))
	if n := len(s.person.Asked(t)); n != 2 {
		t.Errorf("the next try asked %d questions, want 2", n)
	}
}

// endStarted ends the session that a host has started.
func (s *stage) endStarted() {
	conn, err := local.DialPrivate(context.Background(), s.socket())
	if err != nil {
		return
	}
	defer conn.Close()
	if peer, err := local.PeerOf(conn); err == nil && peer.PID != s.session.Process.Pid {
		_ = syscall.Kill(peer.PID, syscall.SIGTERM)
	}
}

func (s *stage) until(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%s: not in time", what)
		}
	}
}

// TestStartedClean: a session that a browser's host starts has neither the browser's open files nor what the
// browser's environment says of libraries.
func TestStartedClean(t *testing.T) {
	person := windowtest.New(t)
	r := newRig(t, func(r *rig) { r.policy.Pinentry = person.Path })
	r.env = append(r.env, "LD_LIBRARY_PATH=/home/evil", "ODNOWA_TEST=evil")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	r.extra = []*os.File{write}
	b := r.browse(t, chromiumArgument)
	write.Close()
	s := &stage{rig: r, t: t, session: b.cmd}
	t.Cleanup(s.endStarted)
	b.hello("en")
	conn, err := local.DialPrivate(t.Context(), s.socket())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	peer, err := local.PeerOf(conn)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 { // nobody else may look at a process that is not dumpable
		environment, err := os.ReadFile("/proc/" + strconv.Itoa(peer.PID) + "/environ")
		if err != nil || strings.Contains(string(environment), "evil") || !strings.Contains(string(environment), "XDG_RUNTIME_DIR=") {
			t.Errorf("the session's environment: %q, %v", environment, err)
		}
	}
	b.close()
	read.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := read.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("the session holds the browser's file: %v", err)
	}
}

// TestWoken: after the computer has slept, the card's module starts anew; a signature under way ends first.
func TestWoken(t *testing.T) {
	logind := waketest.New(t)
	s := &stage{t: t, person: windowtest.New(t)}
	s.rig = newRig(t, func(r *rig) {
		r.policy.Pinentry = s.person.Path
		r.env = append(r.env, waketest.Variable+"="+logind.Address)
	})
	s.session = s.start(t, "session")
	s.b = s.browse(t, chromiumArgument)
	s.b.hello("en")
	s.b.list(bridge.Filter{})
	s.until("the login manager's ear", func() bool { return strings.Contains(s.logs(), "listening to the login manager") })
	worker := s.worker()
	for len(s.b.notified) > 0 {
		<-s.b.notified
	}
	logind.Sleep(false)
	s.until("the module's end", func() bool { return syscall.Kill(worker, 0) != nil })
	select {
	case a := <-s.b.notified:
		if a.Method != bridge.NotifyCertificatesChanged {
			t.Errorf("told of %s", a.Method)
		}
	case <-time.After(10 * time.Second):
		t.Error("the page is not told")
	}
	ch := s.ask(windowtest.Yes, windowtest.Answer(s.card.PIN))
	if got := s.result(ch); got != signed {
		t.Errorf("after that: got %s", got)
	}

	ch = s.ask(windowtest.Yes, windowtest.WaitThen(s.card.PIN))
	s.person.WaitAsked(t, 2)
	logind.Lock()
	s.person.Go(t)
	if got := s.result(ch); got != signed {
		t.Errorf("locked while the PIN was asked for: got %s", got)
	}
}
