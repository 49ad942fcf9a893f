package sam

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"crypto/ed25519"

	"github.com/odnowa/odnowa/protocol/jws"
)

// keyed gives a phone that has its keys and not yet proved its PIN.
func (w *world) keyed(t *testing.T) *fakePhone {
	t.Helper()
	_, token := w.enrol("renewal-" + random())
	p := w.phone()
	p.scan(token).want("")
	p.keys().want("")
	return p
}

func (p *fakePhone) wantTries(left int, locked string) {
	p.w.t.Helper()
	if s := p.state(); s.TriesLeft != left || s.Locked != locked || s.State != Keyed {
		p.w.t.Fatalf("state: %+v, want %d tries, locked %q", s, left, locked)
	}
}

func TestWrongPINThreeTimesLocks(t *testing.T) {
	w := newWorld(t)
	p := w.keyed(t)
	p.activate(false).want(CodePINIncorrect)
	p.wantTries(2, "")
	p.activate(false).want(CodePINIncorrect)
	p.wantTries(1, "")
	p.activate(false).want(CodePINLocked)
	p.wantTries(0, "pin")
	p.activate(true).want(CodePINLocked) // the right one no longer helps
	if e := w.look(p.welcome.Enrolment); e.State != Scanned || e.Statement != "" {
		t.Errorf("portal sees %+v", e)
	}
}

func TestLastTryMayBeRight(t *testing.T) {
	w := newWorld(t)
	p := w.keyed(t)
	p.activate(false).want(CodePINIncorrect)
	p.activate(false).want(CodePINIncorrect)
	p.activate(true).want("")
	if s := p.state(); s.State != Ready || s.TriesLeft != 3 || s.Locked != "" {
		t.Errorf("state: %+v", s)
	}
}

func TestOnlyTheDeviceKeyCounts(t *testing.T) {
	w := newWorld(t)
	p := w.keyed(t)
	thief := *p // knows the phone's secret, has not its key
	thief.device = newP256(t)
	for range 5 {
		thief.activate(false).want(CodeSignature)
	}
	p.counter = thief.counter
	proof := p.prove(p.claims(p.challenge()), roleDevice, rolePIN)
	proof.Signatures[0].Signature = proof.Signatures[1].Signature
	p.send(proof).want(CodeSignature)
	stranger := w.phone()
	stranger.welcome = Welcome{Enrolment: p.welcome.Enrolment, Phone: random()}
	stranger.credential = p.credential
	stranger.call("challenge", object{"enrolment": p.welcome.Enrolment}).want(CodeReplaced)
	p.wantTries(3, "")
	p.activate(true).want("")
}

func TestReplayIsRefusedAndNotCounted(t *testing.T) {
	w := newWorld(t)
	p := w.keyed(t)
	wrong := *p
	_, wrong.pin, _ = ed25519.GenerateKey(rand.Reader)
	proof := wrong.prove(p.claims(p.challenge()), roleDevice, rolePIN)
	p.send(proof).want(CodePINIncorrect)
	for range 4 {
		p.send(proof).want(CodeChallenge)
	}
	p.wantTries(2, "")

	// A challenge of the SAM's that is over, and one that it never made.
	old := p.challenge()
	w.clock.Store(challengeSeconds + 1)
	p.send(p.prove(p.claims(old), roleDevice, rolePIN)).want(CodeChallenge)
	fresh := p.challenge()
	claims := p.claims(old)
	claims["iat"], claims["exp"] = fresh.IssuedAt, fresh.ExpiresAt
	p.send(p.prove(claims, roleDevice, rolePIN)).want(CodeChallenge)
	claims["jti"] = random()
	p.send(p.prove(claims, roleDevice, rolePIN)).want(CodeChallenge)
	// One that lives too long, or begins later.
	claims["jti"], claims["exp"] = fresh.ID, fresh.ExpiresAt+1
	p.send(p.prove(claims, roleDevice, rolePIN)).want(CodeChallenge)
	claims["iat"], claims["exp"] = fresh.IssuedAt+60, fresh.ExpiresAt
	p.send(p.prove(claims, roleDevice, rolePIN)).want(CodeChallenge)
	p.wantTries(2, "")

	// Another phone's challenge.
	other := w.keyed(t)
	p.send(p.prove(p.claims(other.challenge()), roleDevice, rolePIN)).want(CodeChallenge)
	p.wantTries(2, "")
}

func TestOldCounterLocks(t *testing.T) {
	w := newWorld(t)
	p := w.keyed(t)
	p.activate(false).want(CodePINIncorrect)
	p.counter-- // a copy of the phone as it was before
	p.activate(true).want(CodeCounter)
	p.wantTries(0, "counter")
	p.activate(true).want(CodeCounter)
	if e := w.look(p.welcome.Enrolment); e.State != Scanned {
		t.Errorf("portal sees %+v", e)
	}
}

func TestParallelGuessesGetThreeTries(t *testing.T) {
	w := newWorld(t)
	p := w.keyed(t)
	guesser := *p
	_, guesser.pin, _ = ed25519.GenerateKey(rand.Reader)
	var proofs []Proof
	for range maxChallenges - 2 { // one went into the keys, one is for the last look
		proofs = append(proofs, guesser.prove(p.claims(p.challenge()), roleDevice, rolePIN))
	}
	var wg sync.WaitGroup
	codes := make([]string, len(proofs))
	for i, proof := range proofs {
		wg.Go(func() { codes[i] = p.send(proof).code() })
	}
	wg.Wait()
	checked := 0
	for _, c := range codes {
		switch Code(c) {
		case CodePINIncorrect:
			checked++
		case CodePINLocked, CodeCounter:
		default:
			t.Errorf("answer %q", c)
		}
	}
	if checked > pinTries-1 {
		t.Errorf("%d guesses were answered before the lock", checked)
	}
	p.activate(true)
	if s := p.state(); s.Locked == "" || s.State != Keyed {
		t.Errorf("not locked: %+v", s)
	}
}

func TestParallelReplayCountsOnce(t *testing.T) {
	w := newWorld(t)
	p := w.keyed(t)
	wrong := *p
	_, wrong.pin, _ = ed25519.GenerateKey(rand.Reader)
	proof := wrong.prove(p.claims(p.challenge()), roleDevice, rolePIN)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { p.send(proof) })
	}
	wg.Wait()
	p.wantTries(2, "")
}

// A person who is quick is not held up.
func TestUsedChallengesDoNotCount(t *testing.T) {
	w := newWorld(t)
	p, c := w.active(), w.computer()
	c.register("").into(http.StatusCreated, nil)
	for range 2 * maxChallenges {
		p.find(c.code()).want("")
	}
	p.challenge()
}

func TestChallengesAreBounded(t *testing.T) {
	w := newWorld(t)
	p := w.keyed(t)
	body := object{"enrolment": p.welcome.Enrolment}
	for a := p.call("challenge", body); a.status == 200; a = p.call("challenge", body) {
		w.clock.Add(1) // each has its own second, so that the loop ends by the bound and not by expiry
		if w.clock.Load() > challengeSeconds {
			t.Fatal("no bound")
		}
	}
	p.call("challenge", body).want(CodeTooMany)
	w.clock.Add(challengeSeconds + 1)
	p.activate(true).want("")
}

func TestProofForms(t *testing.T) {
	w := newWorld(t)
	p := w.keyed(t)
	form := func(name string, code Code, change func(claims object) Proof) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			w.t, p.w.t = t, t
			p.send(change(p.claims(p.challenge()))).want(code)
			w.clock.Add(challengeSeconds + 1) // forget the challenges
		})
		w.t = t
	}
	both := func(c object) Proof { return p.prove(c, roleDevice, rolePIN) }
	with := func(key string, value any) func(object) Proof {
		return func(c object) Proof { c[key] = value; return both(c) }
	}
	form("for another audience", CodeMalformed, with("aud", "portal"))
	form("of another type", CodeMalformed, with("type", "sign"))
	form("for another enrolment", CodeMalformed, with("enrolment", random()))
	form("for another credential", CodeState, with("credential", "credential-"+random()))
	form("with another claim", CodeMalformed, with("hashes", []string{"x"}))
	form("counter as text", CodeMalformed, with("ctr", "9"))
	form("device only", CodeMalformed, func(c object) Proof { return p.prove(c, roleDevice) })
	form("PIN first", CodeMalformed, func(c object) Proof { return p.prove(c, rolePIN, roleDevice) })
	form("device twice", CodeMalformed, func(c object) Proof { return p.prove(c, roleDevice, roleDevice) })
	form("backup for device", CodeMalformed, func(c object) Proof { return p.prove(c, roleBackup, rolePIN) })
	form("three signatures", CodeMalformed, func(c object) Proof { return p.prove(c, roleDevice, rolePIN, roleBackup) })
	header := func(h string) func(object) Proof {
		return func(c object) Proof {
			proof := both(c)
			proof.Signatures[0].Protected = jws.Encode([]byte(h))
			proof.Signatures[0].Signature = jws.Encode(p.sign(roleDevice, []byte(proof.Signatures[0].Protected+"."+proof.Payload)))
			return proof
		}
	}
	form("control", CodePINIncorrect, func(c object) Proof {
		proof := header(`{"alg":"ES256","kid":"device","typ":"odnowa-phone+jws"}`)(c)
		proof.Signatures[1].Signature = proof.Signatures[0].Signature
		return proof
	})
	form("alg none", CodeMalformed, header(`{"alg":"none","kid":"device","typ":"odnowa-phone+jws"}`))
	form("other typ", CodeMalformed, header(`{"alg":"ES256","kid":"device","typ":"odnowa-statement+jws"}`))
	form("crit", CodeMalformed, header(`{"alg":"ES256","kid":"device","typ":"odnowa-phone+jws","crit":["x"]}`))
	form("name twice", CodeMalformed, header(`{"alg":"ES256","kid":"device","typ":"odnowa-phone+jws","ALG":"ES256"}`))
	form("claim twice", CodeMalformed, func(c object) Proof {
		b, _ := json.Marshal(c)
		q := both(c)
		q.Payload = jws.Encode(append([]byte(`{"aud":"sam",`), b[1:]...))
		return q
	})
	form("padding", CodeMalformed, func(c object) Proof { q := both(c); q.Payload += "="; return q })
	form("line break", CodeMalformed, func(c object) Proof { q := both(c); q.Payload = q.Payload[:8] + "\n" + q.Payload[8:]; return q })
	p.wantTries(2, "")
}

func TestKeysProofForms(t *testing.T) {
	w := newWorld(t)
	_, token := w.enrol("renewal-1")
	p := w.phone()
	p.scan(token).want("")
	try := func(code Code, change func(q *fakePhone, c object)) {
		t.Helper()
		ch := p.challenge()
		c := object{"aud": "sam", "type": "keys", "enrolment": p.welcome.Enrolment, "jti": ch.ID, "iat": ch.IssuedAt, "exp": ch.ExpiresAt,
			"deviceKey": spki(t, p.device.Public()), "pinKey": spki(t, p.pin.Public()), "backupKey": spki(t, p.backup.Public())}
		q := *p
		change(&q, c)
		p.call("keys", object{"enrolment": p.welcome.Enrolment, "proof": q.prove(c, roleDevice, rolePIN, roleBackup)}).want(code)
		w.clock.Add(challengeSeconds + 1)
	}
	try(CodeSignature, func(q *fakePhone, _ object) { q.device = newP256(t) })
	try(CodeSignature, func(q *fakePhone, _ object) { _, q.pin, _ = ed25519.GenerateKey(rand.Reader) })
	try(CodeSignature, func(q *fakePhone, _ object) { q.backup = newP256(t) })
	try(CodeMalformed, func(q *fakePhone, c object) { q.backup = q.device; c["backupKey"] = c["deviceKey"] })
	try(CodeMalformed, func(_ *fakePhone, c object) { c["pinKey"] = c["deviceKey"] })
	try(CodeMalformed, func(_ *fakePhone, c object) { c["deviceKey"] = []byte("junk") })
	try(CodeMalformed, func(_ *fakePhone, c object) { c["type"] = "activate" })
	try(CodeChallenge, func(_ *fakePhone, c object) { c["jti"] = random() })
	p.activate(true).want(CodeState)
	p.keys().want("")
	id := p.credential.ID
	p.keys().want("")
	if p.credential.ID != id {
		t.Error("the same keys got another credential")
	}
	try(CodeState, func(q *fakePhone, c object) { q.device = newP256(t); c["deviceKey"] = spki(t, q.device.Public()) })
}

func FuzzParseProof(f *testing.F) {
	f.Add("e30", "e30", "AA")
	f.Fuzz(func(t *testing.T, payload, protected, signature string) {
		var a activateClaims
		p, err := parseProof(Proof{payload, []ProofSignature{{protected, signature}}}, &a, roleDevice)
		if err == nil && (len(p.signed) != 1 || jws.Encode(p.payload) != payload) {
			t.Errorf("loose form accepted: %q %q %q", payload, protected, signature)
		}
	})
}
