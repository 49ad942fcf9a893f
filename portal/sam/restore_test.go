package sam

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/odnowa/odnowa/protocol/jws"
)

// restorer is a new phone with what was in a backup: the salt of the PIN key, so with the PIN that key, and
// the backup key.
type restorer struct {
	*fakePhone
	next      *ecdsa.PrivateKey
	challenge Challenge
}

// restorer begins with the backup of a phone.
func (w *world) restorer(of *fakePhone) *restorer {
	w.t.Helper()
	n := &restorer{fakePhone: w.phone(), next: newP256(w.t)}
	n.pin, n.backup, n.credential = of.pin, of.backup, of.credential
	n.welcome.Enrolment = of.welcome.Enrolment
	n.begin()
	return n
}

func (n *restorer) begin() {
	n.w.t.Helper()
	var r Restoration
	n.call("restore/challenge", object{}).want("").into(&r)
	n.welcome.Phone, n.challenge = r.Phone, r.Challenge
}

func (n *restorer) claims() object {
	return object{
		"aud": "sam", "type": "restore", "enrolment": n.welcome.Enrolment, "jti": n.challenge.ID, "iat": n.challenge.IssuedAt, "exp": n.challenge.ExpiresAt,
		"deviceKey": spki(n.w.t, n.device.Public()), "backupKey": spki(n.w.t, n.next.Public()),
	}
}

// prove signs with device, PIN and backup key as they are, and with the next backup's.
func (n *restorer) prove(claims object) Proof {
	n.w.t.Helper()
	p := n.fakePhone.prove(claims, roleDevice, rolePIN, roleBackup)
	header := jws.Encode([]byte(`{"alg":"ES256","kid":"next-backup","typ":"` + proofType + `"}`))
	p.Signatures = append(p.Signatures, ProofSignature{header, jws.Encode(signRaw(n.w.t, n.next, []byte(header+"."+p.Payload)))})
	return p
}

func (n *restorer) send(proof Proof) answer {
	n.w.t.Helper()
	return n.call("restore", object{"enrolment": n.welcome.Enrolment, "proof": proof})
}

func (n *restorer) restore() answer {
	n.w.t.Helper()
	return n.send(n.prove(n.claims()))
}

// restored is the new phone afterwards; its own backup is the next.
func (n *restorer) restored() *fakePhone {
	n.backup = n.next
	return n.fakePhone
}

func anotherPIN() ed25519.PrivateKey {
	_, pin, _ := ed25519.GenerateKey(nil)
	return pin
}

// TestRestore: the new phone signs, the old one is refused in everything, what it had approved is void.
func TestRestore(t *testing.T) {
	w := newWorld(t)
	old, c := w.connected()
	hash := digest("document")
	handle := c.authorize(old.credential.ID, hash)
	old.approve(true).want("")
	sad := c.check(handle)
	waiting := w.computer()
	waiting.register("").into(http.StatusCreated, nil)
	var found FoundComputer
	old.find(waiting.code()).want("").into(&found)

	n := w.restorer(old)
	n.restore().want("")
	for path, body := range map[string]object{
		"state":          {"enrolment": old.welcome.Enrolment},
		"challenge":      {"enrolment": old.welcome.Enrolment},
		"computers/list": {"enrolment": old.welcome.Enrolment},
	} {
		old.call(path, body).want(CodeReplaced)
	}
	// With the new phone's secret, too: its keys are another's.
	thief := *old
	thief.welcome = n.welcome
	thief.counter = 1000
	thief.both("computers/confirm", true, thief.registerClaims(found)).want(CodeComputerOver)
	again := w.computer()
	again.register("").into(http.StatusCreated, nil)
	thief.find(again.code()).want(CodeSignature)
	c.sign(old.credential.ID, sad, hash).wantError(errSAD)

	phone := n.restored()
	if s := phone.state(); s.State != Active || s.Credential != old.credential.ID || s.Shown == nil || s.TriesLeft != pinTries || s.Request != nil {
		t.Fatalf("on the new phone: %+v", s)
	}
	// The computer that was connected asks the new phone.
	handle = c.authorize(old.credential.ID, hash)
	phone.approve(true).want("")
	c.sign(old.credential.ID, c.check(handle), hash).into(http.StatusOK, nil)
	phone.connect(again)

	log, err := os.ReadFile(w.config.Audit)
	if err != nil || strings.Count(string(log), `"phone.restored"`) != 1 {
		t.Errorf("restored %d times in the audit log (%v)", strings.Count(string(log), `"phone.restored"`), err)
	}
	for _, secret := range []string{phone.welcome.Phone, n.challenge.ID} {
		if strings.Contains(string(log), secret) {
			t.Error("a secret is in the audit log")
		}
	}
}

// TestBackupIsUsedOnce: the new phone has a backup of its own, which works; the first one is over.
func TestBackupIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	old := w.active()
	first, second := w.restorer(old), w.restorer(old)
	first.restore().want("")
	second.restore().want(CodeBackupUsed)
	if left := w.triesLeft(old); left != pinTries {
		t.Errorf("%d tries left after a used backup, want %d", left, pinTries)
	}
	third := w.restorer(first.restored())
	third.restore().want("")
	third.restored().state()
	first.call("state", object{"enrolment": first.welcome.Enrolment}).want(CodeReplaced)
	fourth := w.restorer(old)
	fourth.restore().want(CodeBackupUsed)
}

// TestRestoreWantsThePIN: each wrong one counts, over phones and with the phone's own; nothing unlocks.
func TestRestoreWantsThePIN(t *testing.T) {
	w := newWorld(t)
	old, c := w.connected()
	n := w.restorer(old)
	n.pin = anotherPIN()
	if a := n.restore().want(CodePINIncorrect); !strings.Contains(string(a.body), `"triesLeft":2`) {
		t.Errorf("answer %s does not tell the tries", a.body)
	}
	n.restore().want(CodeChallenge) // used up by the try
	if s := old.state(); s.State != Active || s.TriesLeft != 2 {
		t.Fatalf("the old phone after a wrong PIN: %+v", s)
	}
	c.authorize(old.credential.ID, digest("document"))
	old.approve(false).want(CodePINIncorrect)
	n.begin()
	n.restore().want(CodePINLocked)
	n = w.restorer(old) // with the right one, too late
	n.restore().want(CodePINLocked)
	if s := old.state(); s.Locked != "pin" {
		t.Errorf("not locked: %+v", s)
	}
}

// TestParallelRestores: of many at once with wrong PINs three are tries, and with the right one a single phone wins.
func TestParallelRestores(t *testing.T) {
	w := newWorld(t)
	old := w.active()
	const many = 8
	run := func(pin ed25519.PrivateKey) (statuses map[int]int) {
		var group sync.WaitGroup
		var mu sync.Mutex
		statuses = map[int]int{}
		for range many {
			n := w.restorer(old)
			n.pin = pin
			proof := n.prove(n.claims())
			group.Go(func() {
				a := n.send(proof)
				mu.Lock()
				defer mu.Unlock()
				statuses[a.status]++
			})
		}
		group.Wait()
		return statuses
	}
	if got := run(old.pin); got[http.StatusOK] != 1 {
		t.Errorf("%v, want one phone", got)
	}
	other := w.active()
	old = other
	if got := run(anotherPIN()); got[http.StatusOK] != 0 || w.triesLeft(other) != 0 {
		t.Errorf("%v, %d tries left", got, w.triesLeft(other))
	}
}

// TestRestoresRefused: nobody without this backup's key takes a try, let alone the certificate.
func TestRestoresRefused(t *testing.T) {
	w := newWorld(t)
	mine, other := w.active(), w.active()
	foreign := w.restorer(mine)
	foreign.backup = other.backup // a backup of another credential, in the name of this one
	foreign.restore().want(CodeSignature)
	foreign.backup, foreign.welcome.Enrolment = mine.backup, other.welcome.Enrolment
	foreign.restore().want(CodeSignature)
	foreign.welcome.Enrolment = "nobody"
	foreign.restore().want(CodeNotFound)

	n := w.restorer(mine)
	for name, bend := range map[string]func(object){
		"audience":                 func(o object) { o["aud"] = "portal" },
		"type":                     func(o object) { o["type"] = "keys" },
		"other enrolment":          func(o object) { o["enrolment"] = other.welcome.Enrolment },
		"more":                     func(o object) { o["pinKey"] = "AAAA" },
		"the old phone's key":      func(o object) { o["deviceKey"] = spki(t, mine.device.Public()) },
		"the backup's key again":   func(o object) { o["backupKey"] = spki(t, mine.backup.Public()) },
		"the backup's key as ours": func(o object) { o["deviceKey"] = spki(t, mine.backup.Public()) },
		"one key for both":         func(o object) { o["backupKey"] = o["deviceKey"] },
		"no key":                   func(o object) { o["deviceKey"] = []byte("AAAA") },
	} {
		t.Run(name, func(t *testing.T) {
			claims := n.claims()
			bend(claims)
			n.send(n.prove(claims)).want(CodeMalformed)
		})
	}
	claims := n.claims()
	claims["deviceKey"] = spki(t, newP256(t).Public())
	n.send(n.prove(claims)).want(CodeSignature) // a key that nobody here holds
	claims = n.claims()
	claims["backupKey"] = spki(t, newP256(t).Public())
	n.send(n.prove(claims)).want(CodeSignature)
	claims = n.claims()
	claims["exp"] = n.challenge.ExpiresAt + challengeSeconds
	n.send(n.prove(claims)).want(CodeChallenge)

	proof := n.prove(n.claims())
	short := proof
	short.Signatures = proof.Signatures[:3]
	n.send(short).want(CodeMalformed)
	thief := w.restorer(mine)
	thief.call("restore", object{"enrolment": mine.welcome.Enrolment, "proof": proof}).want(CodeChallenge) // of another phone's secret
	if left := w.triesLeft(mine); left != pinTries {
		t.Errorf("%d tries left after the attacks, want %d", left, pinTries)
	}
	w.clock.Add(challengeSeconds + 1)
	n.send(proof).want(CodeChallenge)
	n.begin()
	n.restore().want("")
	n.send(proof).want(CodeBackupUsed) // and a replay
}

// TestNothingToRestore: before the certificate is there, and once it is revoked.
func TestNothingToRestore(t *testing.T) {
	w := newWorld(t)
	_, token := w.enrol("renewal-early")
	early := w.ready(token)
	w.restorer(early).restore().want(CodeState)

	p, c := w.connected()
	waiting := w.computer()
	waiting.register("").into(http.StatusCreated, nil)
	p.find(waiting.code()).want("")
	copied := w.active()
	if _, err := w.r.db.Exec(`UPDATE enrolments SET cloned = 1 WHERE id = $1`, copied.welcome.Enrolment); err != nil {
		t.Fatal(err)
	}
	w.restorer(copied).restore().want(CodeCounter)

	if !w.hasKey(p.credential.ID) {
		t.Fatal("no key")
	}
	for _, bad := range []string{"", "x", "7777", strings.Repeat("1", 41)} {
		if a := w.portal("POST", "/v1/revocations", object{"serial": bad}); a.status < 400 {
			t.Errorf("revoked %q", bad)
		}
	}
	w.revokeAll(p, "2") // issue gives all the same serial number
	if w.hasKey(p.credential.ID) {
		t.Error("the HSM still has the key")
	}
	p.call("state", object{"enrolment": p.welcome.Enrolment}).want(CodeVoid)
	c.call("POST", "credentials/info", object{"credentialID": p.credential.ID}).wantError(errToken)
	c.newToken().wantError(errClient)
	if s := waiting.state(); s.State != ComputerExpired {
		t.Errorf("the waiting computer is %s", s.State)
	}
	w.restorer(p).restore().want(CodeVoid)
	w.portal("POST", "/v1/revocations", object{"serial": "2"}).want(CodeNotFound)
}

// revokeAll revokes until the phone is void, since the tests' CA has one serial number for all.
func (w *world) revokeAll(p *fakePhone, serial string) {
	w.t.Helper()
	for range 10 {
		if a := w.portal("POST", "/v1/revocations", object{"serial": serial}); a.status != http.StatusNoContent {
			return
		}
	}
	w.t.Fatal("revoked without end")
}
