package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/seal"
)

const chromiumArgument = "chrome-extension://" + testExtension + "/"

// staged is a rig with a session, a browser that has said hello, and a person who follows a plan.
func staged(t *testing.T, change func(*rig)) (*rig, *browser, *windowtest.Pinentry) {
	t.Helper()
	person := windowtest.New(t)
	r := newRig(t, func(r *rig) {
		r.policy.Pinentry = person.Path
		if change != nil {
			change(r)
		}
	})
	if r.policy.Service {
		r.start(t, "service")
	}
	r.start(t, "session")
	b := r.browse(t, chromiumArgument)
	b.hello("en")
	return r, b, person
}

// refusal is a request that is refused before anybody is asked.
type refusal struct {
	name   string
	params any
	want   bridge.Code
}

func (r *rig) refusals(t *testing.T) []refusal {
	t.Helper()
	sign := r.card.Certificate(cardtest.Sign)
	application, _ := r.application(t, sign)
	confirmation := r.confirmation(t, sign)
	resealed := func(change func(*seal.Claims)) bridge.SignParams {
		p := application
		c := r.claims(t, p.Seal)
		change(&c)
		p.Seal = r.seal(t, c)
		return p
	}
	other := &rig{}
	var err error
	if other.sealKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	return []refusal{
		{"website not listed", with(application, func(p *bridge.SignParams) { p.Origin = "https://evil.example" }), bridge.CodeOriginNotAllowed},
		{"website with a path", with(application, func(p *bridge.SignParams) { p.Origin += "/" }), bridge.CodeOriginNotAllowed},
		{"no website", with(application, func(p *bridge.SignParams) { p.Origin = "" }), bridge.CodeOriginNotAllowed},
		{"no seal", with(application, func(p *bridge.SignParams) { p.Seal = "" }), bridge.CodeSealMissing},
		{"seal of another key", with(application, func(p *bridge.SignParams) { p.Seal = other.seal(t, r.claims(t, p.Seal)) }), bridge.CodeSealInvalid},
		{"seal that was changed", with(application, func(p *bridge.SignParams) { p.Seal += "A" }), bridge.CodeSealInvalid},
		{"expired seal", resealed(func(c *seal.Claims) { c.ExpiresAt = time.Now().Unix() - 1 }), bridge.CodeSealExpired},
		{"seal for another website", resealed(func(c *seal.Claims) { c.Origin = "https://other.example" }), bridge.CodeSealInvalid},
		{"seal for another certificate", with(application, func(p *bridge.SignParams) { p.CertificateID = r.card.Certificate(cardtest.Auth).ID }), bridge.CodeSealInvalid},
		{"seal for another document", with(application, func(p *bridge.SignParams) {
			p.Document.Bytes = append([]byte("%"), p.Document.Bytes[1:]...)
			p.Document.Bytes[1] = 'X'
		}), bridge.CodeSealInvalid},
		{"certificate not there", with(application, func(p *bridge.SignParams) { p.CertificateID = strings.Repeat("0", 64) }), bridge.CodeCertificateUnknown},
		{"application as cades", with(application, func(p *bridge.SignParams) { p.Format = bridge.FormatCAdES }), bridge.CodeDocumentRefused},
		{"application as text", with(application, func(p *bridge.SignParams) { p.Document.MediaType = "text/plain" }), bridge.CodeDocumentRefused},
		{"confirmation as pades", with(confirmation, func(p *bridge.SignParams) { p.Format = bridge.FormatPAdES }), bridge.CodeDocumentRefused},
		{"format that is none", with(application, func(p *bridge.SignParams) { p.Format = "cms" }), bridge.CodeDocumentRefused},
		{"media type that cannot be shown", with(application, func(p *bridge.SignParams) { p.Document.MediaType = "text/html" }), bridge.CodeDocumentRefused},
		{"empty document", with(application, func(p *bridge.SignParams) { p.Document.Bytes = nil }), bridge.CodeDocumentRefused},
		{"field without words", resealed(func(c *seal.Claims) { c.Show = append(c.Show, seal.Shown{Field: "note", Value: "x"}) }), bridge.CodeDocumentRefused},
		{"field twice", resealed(func(c *seal.Claims) { c.Show = append(c.Show, c.Show[0]) }), bridge.CodeDocumentRefused},
		{"code of a phone in an application", resealed(func(c *seal.Claims) { c.Show = []seal.Shown{{Field: seal.FieldPhoneCode, Value: "123456"}} }), bridge.CodeDocumentRefused},
		{"more than fits", resealed(func(c *seal.Claims) {
			for i := range c.Show {
				c.Show[i].Value = strings.Repeat("Ż", 120)
			}
		}), bridge.CodeDocumentRefused},
		{"a digest", map[string]any{"origin": testOrigin, "certificateId": sign.ID, "digest": "AA==", "format": "cades"}, bridge.CodeInvalidRequest},
		{"params that are a list", []any{}, bridge.CodeInvalidRequest},
	}
}

func TestRefusedUnasked(t *testing.T) {
	const burst = 10 // what a website may ask at once, for each new session
	var b *browser
	var person *windowtest.Pinentry
	var cases []refusal
	for i := 0; i == 0 || i < len(cases); i++ {
		if i%burst == 0 {
			var r *rig
			r, b, person = staged(t, nil)
			cases = r.refusals(t)
		}
		c := cases[i]
		t.Run(c.name, func(t *testing.T) {
			if got := b.refused(bridge.MethodCreateSignature, c.params); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if asked := person.Asked(t); len(asked) != 0 {
				t.Errorf("the person was asked: %v", asked)
			}
		})
	}
}

func with(p bridge.SignParams, change func(*bridge.SignParams)) bridge.SignParams {
	p.Document.Bytes = slices.Clone(p.Document.Bytes)
	change(&p)
	return p
}

// claims reads a seal of the rig's back.
func (r *rig) claims(t *testing.T, compact string) seal.Claims {
	t.Helper()
	c, err := seal.Verify(compact, []*ecdsa.PublicKey{&r.sealKey.PublicKey}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return *c
}

// TestAnswers: what comes of what the person does.
func TestAnswers(t *testing.T) {
	r, b, person := staged(t, func(r *rig) { r.withService(t) })
	sign := r.card.Certificate(cardtest.Sign)
	application, signed := r.application(t, sign)
	confirmation := r.confirmation(t, sign)
	pin, wrong := windowtest.Answer(r.card.PIN), windowtest.Answer("0000")
	var outcomes []string
	for _, c := range []struct {
		name   string
		params bridge.SignParams
		plan   []windowtest.Answer
		want   bridge.Code // empty: signed
	}{
		{"signed", application, []windowtest.Answer{windowtest.Yes, pin}, ""},
		{"wrong PIN, then right", application, []windowtest.Answer{windowtest.Yes, wrong, pin}, ""},
		{"PIN too short, then right", application, []windowtest.Answer{windowtest.Yes, "1", pin}, ""},
		{"cancelled", application, []windowtest.Answer{windowtest.Cancel}, bridge.CodeUserCancelled},
		{"cancelled at the PIN", application, []windowtest.Answer{windowtest.Yes, windowtest.Cancel}, bridge.CodeUserCancelled},
		{"cancelled after a wrong PIN", application, []windowtest.Answer{windowtest.Yes, wrong, windowtest.Cancel}, bridge.CodeUserCancelled},
		{"codes differ", confirmation, []windowtest.Answer{windowtest.No}, bridge.CodeCodesDiffer},
		{"pinentry expires", application, []windowtest.Answer{windowtest.Expire}, bridge.CodeTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			person.Plan(t, c.plan...)
			_, ch := b.send(bridge.MethodCreateSignature, c.params)
			a := b.wait(ch)
			outcome := "signed"
			if c.want == "" {
				verify(t, a, cades.PAdES, signed, sign)
			} else if outcome = string(c.want); a.Error == nil || a.Error.Data.Code != c.want {
				t.Errorf("got %+v, want %s", a, c.want)
			}
			outcomes = append(outcomes, outcome)
			if got := len(person.Asked(t)); got != len(c.plan) {
				t.Errorf("asked %d times, want %d", got, len(c.plan))
			}
		})
	}
	if got := r.outcomes(t); !slices.Equal(got, outcomes) {
		t.Errorf("audit: got %q, want %q", got, outcomes)
	}
	last := person.Asked(t)
	if text := last[0].Texts["SETDESC"]; !strings.HasPrefix(text, testOrigin+"\n") {
		t.Errorf("the window does not begin with the website: %q", text)
	}
}

// TestWindowCloses: the window goes when the page cancels or the browser leaves, and one is open at
// a time.
func TestWindowCloses(t *testing.T) {
	r, b, person := staged(t, nil)
	application, _ := r.application(t, r.card.Certificate(cardtest.Sign))
	person.Plan(t, windowtest.Hang, windowtest.Hang)
	id, ch := b.send(bridge.MethodCreateSignature, application)
	person.WaitAsked(t, 1)
	pid := person.PID(t)
	if got := b.refused(bridge.MethodCreateSignature, application); got != bridge.CodeBusy {
		t.Errorf("second window: got %s, want busy", got)
	}
	var cancelled bridge.CancelResult
	b.call(bridge.MethodCancel, bridge.CancelParams{Caller: testCaller, RequestID: "none"}, &cancelled)
	if cancelled.Cancelled {
		t.Error("a request that is not there was cancelled")
	}
	b.call(bridge.MethodCancel, bridge.CancelParams{Caller: testCaller, RequestID: id}, &cancelled)
	if a := b.wait(ch); !cancelled.Cancelled || a.Error == nil || a.Error.Data.Code != bridge.CodeRequestCancelled {
		t.Errorf("got %+v, want request_cancelled", a)
	}
	if syscall.Kill(pid, 0) == nil {
		t.Error("the window is still open")
	}
	b.send(bridge.MethodCreateSignature, application)
	person.WaitAsked(t, 2)
	pid = person.PID(t)
	b.close()
	gone := func() bool { return syscall.Kill(pid, 0) != nil }
	for end := time.Now().Add(10 * time.Second); !gone(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the window outlives the browser")
		}
	}
}

// TestService: a stopped service stops the agent, and diagnosis says so.
func TestService(t *testing.T) {
	person := windowtest.New(t)
	r := newRig(t, func(r *rig) { r.policy.Pinentry = person.Path; r.withService(t) })
	service := r.start(t, "service")
	r.start(t, "session")
	b := r.browse(t, chromiumArgument)
	b.hello("en")
	b.list(bridge.Filter{})
	for len(b.notified) > 0 {
		<-b.notified
	}
	changed := func(what string) {
		t.Helper()
		select {
		case a := <-b.notified:
			if a.Method != bridge.NotifyCertificatesChanged {
				t.Errorf("%s: told of %s", what, a.Method)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the page is not told", what)
		}
	}
	service.Process.Signal(os.Interrupt)
	service.Wait()
	changed("the service is stopped")
	if got := b.refused(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller}); got != bridge.CodeServiceStopped {
		t.Errorf("got %s, want service_stopped", got)
	}
	var d bridge.DiagnoseResult
	b.call(bridge.MethodDiagnose, bridge.DiagnoseParams{Caller: testCaller}, &d)
	i := slices.IndexFunc(d.Checks, func(c bridge.Check) bool { return c.ID == bridge.CheckService })
	if i < 0 || d.Checks[i].Code != bridge.CodeServiceStopped || d.Checks[i].Cure == "" {
		t.Errorf("got %+v", d.Checks)
	}
	r.start(t, "service")
	changed("the service is back")
	b.list(bridge.Filter{})
}

// TestNoRecord: where the record cannot be written the signature is not handed out, and is once it can.
func TestNoRecord(t *testing.T) {
	for name, change := range map[string]func(*rig){"service": func(r *rig) { r.withService(t) }, "session alone": nil} {
		t.Run(name, func(t *testing.T) {
			r, b, person := staged(t, change)
			log := filepath.Join(r.dir, ".local/state/odnowa-agent", auditFile)
			if r.policy.Service {
				log = filepath.Join(r.policy.StateDir, auditFile)
			}
			if err := os.Remove(log); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(log, 0o700); err != nil {
				t.Fatal(err)
			}
			sign := r.card.Certificate(cardtest.EC)
			application, signed := r.application(t, sign)
			person.Plan(t, windowtest.Yes, windowtest.Answer(r.card.PIN))
			if got := b.refused(bridge.MethodCreateSignature, application); got != bridge.CodeAuditFailed {
				t.Errorf("got %s, want audit_failed", got)
			}
			if err := os.Remove(log); err != nil {
				t.Fatal(err)
			}
			person.Plan(t, windowtest.Yes, windowtest.Answer(r.card.PIN))
			_, ch := b.send(bridge.MethodCreateSignature, application)
			verify(t, b.wait(ch), cades.PAdES, signed, sign)
		})
	}
}

// TestDocumentPolicy: a website whose policy says "document" may have documents without a seal
// signed, as CAdES.
func TestDocumentPolicy(t *testing.T) {
	r, b, person := staged(t, func(r *rig) { r.policy.Origins[0].Documents = policy.Document })
	sign := r.card.Certificate(cardtest.EC)
	p := bridge.SignParams{
		Caller: testCaller, CertificateID: sign.ID, Format: bridge.FormatCAdES,
		Document: bridge.Document{Name: "a\u202etxt.pdf", MediaType: "text/plain", Bytes: []byte("TEST")},
	}
	person.Plan(t, windowtest.Yes, windowtest.Answer(r.card.PIN))
	_, ch := b.send(bridge.MethodCreateSignature, p)
	verify(t, b.wait(ch), cades.CAdES, p.Document.Bytes, sign)
	text := strings.ReplaceAll(person.Asked(t)[0].Texts["SETDESC"], "\n\u00a0\u00a0\u00a0\u00a0", "") // a value that goes on
	sum := sha256.Sum256(p.Document.Bytes)
	for _, want := range []string{"Name: atxt.pdf\n", "Size: 4 B\n", hex.EncodeToString(sum[:])} {
		if !strings.Contains(text, want) {
			t.Errorf("window shows %q, want %q", text, want)
		}
	}
	p.Format = bridge.FormatPAdES
	if got := b.refused(bridge.MethodCreateSignature, p); got != bridge.CodeDocumentRefused {
		t.Errorf("pades without a seal: got %s", got)
	}
}

// TestHost: who gets through a native host, and what happens to streams that are none.
func TestHost(t *testing.T) {
	r, b, _ := staged(t, nil)
	hello := bridge.HelloParams{Caller: testCaller, Versions: []int{1}}
	if got := b.refused("agent.sudo", hello); got != bridge.CodeUnknownMethod {
		t.Errorf("unknown method: got %s", got)
	}
	if got := b.refused(bridge.MethodHello, bridge.HelloParams{Caller: testCaller, Versions: []int{7}}); got != bridge.CodeVersionUnsupported {
		t.Errorf("version: got %s", got)
	}
	for _, args := range [][]string{
		{"chrome-extension://" + strings.Repeat("p", 32) + "/"},
		{"/etc/pl.odnowa.agent.json", "evil@evil.example"},
		{"/etc/pl.odnowa.agent.json", testExtension},
	} {
		if got := r.browse(t, args...).refused(bridge.MethodHello, hello); got != bridge.CodeOriginNotAllowed {
			t.Errorf("%q: got %s", args, got)
		}
	}
	firefox := r.browse(t, "/etc/pl.odnowa.agent.json", "odnowa@odnowa.example")
	if got := firefox.refused(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller}); got != bridge.CodeInvalidRequest {
		t.Errorf("list before hello: got %s", got)
	}
	firefox.hello("pl")
	for _, c := range []struct {
		name  string
		bytes []byte
		code  int
	}{
		{"nothing", nil, 0},
		{"half a length", []byte{1, 0}, 1},
		{"half a message", binary.NativeEndian.AppendUint32(nil, 100), 1},
		{"longer than allowed", binary.NativeEndian.AppendUint32(nil, bridge.MaxRequest+1), 1},
		{"much longer than allowed", []byte{255, 255, 255, 255}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := r.browse(t, chromiumArgument)
			b.stdin.Write(c.bytes)
			b.stdin.Close()
			<-b.ended
			b.cmd.Wait()
			if got := b.cmd.ProcessState.ExitCode(); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
		})
	}
}

// TestNotOneRequest: messages that are JSON, but not one request, get our code too.
func TestNotOneRequest(t *testing.T) {
	_, b, _ := staged(t, nil)
	for _, text := range []string{`[]`, `[{"jsonrpc":"2.0","id":"x","method":"agent.hello"}]`, `{"id":"x"}`, `7`, `{`,
		`{"jsonrpc":"2.0","method":"agent.hello","params":{}}`, `{"jsonrpc":"2.0","id":{},"method":"agent.hello"}`} {
		b.mu.Lock()
		ch := make(chan answer, 1)
		b.waiting["null"], b.waiting[`"x"`] = ch, ch
		b.mu.Unlock()
		if err := frame.Write(b.stdin, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if a := b.wait(ch); a.Error == nil || a.Error.Data.Code != bridge.CodeInvalidRequest {
			t.Errorf("%s: got %+v", text, a)
		}
	}
}

// TestStartedByHost: a browser that finds no session starts one, which outlives it.
func TestStartedByHost(t *testing.T) {
	person := windowtest.New(t)
	r := newRig(t, func(r *rig) { r.policy.Pinentry = person.Path })
	first := r.browse(t, chromiumArgument)
	first.hello("en")
	first.close()
	second := r.browse(t, chromiumArgument)
	second.hello("en")
	if list := second.list(bridge.Filter{}); len(list.Certificates) == 0 {
		t.Error("the session that the host started sees no card")
	}
	conn, err := local.DialPrivate(t.Context(), filepath.Join(r.dir, "odnowa-agent", "session-99.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	session, err := local.PeerOf(conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(session.PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-second.ended
}

func TestRateLimit(t *testing.T) {
	r, b, _ := staged(t, nil)
	p := bridge.SignParams{Caller: testCaller, CertificateID: r.card.Certificate(cardtest.Sign).ID}
	for range 200 {
		if b.refused(bridge.MethodCreateSignature, p) == bridge.CodeRateLimited {
			return
		}
	}
	t.Error("a website may ask without end")
}

// TestRun: service and session in one process serve a native host like two.
func TestRun(t *testing.T) {
	person := windowtest.New(t)
	r := newRig(t, func(r *rig) { r.policy.Pinentry = person.Path; r.withService(t) })
	r.start(t, "run")
	b := r.browse(t, chromiumArgument)
	b.hello("en")
	application, signed := r.application(t, r.card.Certificate(cardtest.Sign))
	person.Plan(t, windowtest.Yes, windowtest.Answer(r.card.PIN))
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, ch := b.send(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller})
		a := b.wait(ch)
		if a.Error == nil || a.Error.Data.Code != bridge.CodeServiceStopped || time.Now().After(end) {
			break // until then the two halves are still finding each other
		}
	}
	_, ch := b.send(bridge.MethodCreateSignature, application)
	verify(t, b.wait(ch), cades.PAdES, signed, r.card.Certificate(cardtest.Sign))
}

func TestCertificates(t *testing.T) {
	r := newRig(t, nil)
	out, err := r.command("certificates").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	for _, want := range []string{"NAME", "Żaneta TESTOWA", "TEST CA", "RSA-2048", "EC-256", r.card.Certificate(cardtest.Sign).ID[:16]} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s\nwant %q", text, want)
		}
	}
}

// TestOneSession: a second session of the same login ends at once, and well.
func TestOneSession(t *testing.T) {
	r := newRig(t, nil)
	r.start(t, "session")
	if out, err := r.command("session").CombinedOutput(); err != nil || !strings.Contains(string(out), "runs already") {
		t.Errorf("got %s, %v", out, err)
	}
}
