package sam

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/odnowa/odnowa/protocol/jws"
)

// raw sends one call with exactly this proof and authorization, as somebody on the way could.
func (c *fakeComputer) raw(path, proof, authorization string, body any) signed {
	c.w.t.Helper()
	b, _ := json.Marshal(body)
	req := c.request("POST", path, "application/json", b)
	req.Header.Set("DPoP", proof)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	return c.do(req)
}

func TestProofsRefused(t *testing.T) {
	w := newWorld(t)
	p, c := w.connected()
	const path = "credentials/info"
	body := object{"credentialID": p.credential.ID}
	encoded, _ := json.Marshal(body)
	good := func() object { return c.proofClaims("POST", path, c.token, encoded) }
	token := "DPoP " + c.token

	once := proofOf(t, c.key, good())
	c.raw(path, once, token, body).into(http.StatusOK, nil)
	c.raw(path, once, token, body).wantError(errProof) // replayed
	c.raw(path, proofOf(t, newP256(t), good()), token, body).wantError(errToken)
	c.raw(path, proofOf(t, c.key, good()), "", body).wantError(errToken)
	c.raw(path, proofOf(t, c.key, good()), "Bearer "+c.token, body).wantError(errToken)
	c.raw(path, "", token, body).wantError(errProof)

	for name, bend := range map[string]func(object){
		"method":     func(o object) { o["htm"] = "GET" },
		"address":    func(o object) { o["htu"] = w.config.SigningURL + "/signatures/signHash" },
		"other site": func(o object) { o["htu"] = "https://ca.example/csc/v2/" + path },
		"old":        func(o object) { o["iat"] = w.r.now().Unix() - 121 },
		"future":     func(o object) { o["iat"] = w.r.now().Unix() + 125 },
		"no id":      func(o object) { delete(o, "jti") },
		"no token":   func(o object) { delete(o, "ath") },
		"other body": func(o object) { o["bh"] = jws.Encode(digest("another body")) },
	} {
		t.Run(name, func(t *testing.T) {
			claims := good()
			bend(claims)
			c.raw(path, proofOf(t, c.key, claims), token, body).wantError(errProof)
		})
	}
	w.clock.Add(tokenSeconds + 1)
	c.call("POST", path, body).wantError(errToken)
}

func TestRegistrationsRefused(t *testing.T) {
	w := newWorld(t)
	c := w.computer()
	for range maxOpenClient {
		other := w.computer()
		other.register("").into(http.StatusCreated, nil)
	}
	c.register("").wantError(errTooMany)
	c.client = "192.0.2.8"
	c.register("an offer that nobody made").wantError(errOffer)
	c.call("POST", "odnowa/computers", object{"key": spki(t, newP256(t).Public()), "name": "stolen"}).wantError(errProof)
	for _, name := range []string{"", strings.Repeat("x", maxName+1), "\u202e\u0000"} {
		c.call("POST", "odnowa/computers", object{"key": c.spki(), "name": name}).wantError(errRequest)
	}
	c.call("POST", "odnowa/computers", object{"key": c.spki(), "name": "TEST", "more": 1}).wantError(errRequest)
	c.call("POST", "odnowa/computers", object{"key": c.spki(), "name": strings.Repeat("x", maxSigningBody)}).wantError(errTooLarge)

	c.register("").into(http.StatusCreated, nil)
	spy := w.computer()
	spy.reg = c.reg
	spy.call("GET", "odnowa/computers/"+c.reg.ID, nil).wantError(errNotFound)
	c.newToken().wantError(errClient) // the phone has not said yes
	w.clock.Add(registrationSeconds + 1)
	if s := c.state(); s.State != ComputerExpired {
		t.Errorf("state = %s, want expired", s.State)
	}
	w.active().find(c.code()).want(CodeComputerUnknown)
}

// An offer is for the phone of one certificate: another's does not find the registration.
func TestOfferIsForOnePhone(t *testing.T) {
	w := newWorld(t)
	mine, other := w.active(), w.active()
	var offered struct{ Offer string }
	w.portal("POST", "/v1/enrolments/"+mine.welcome.Enrolment+"/computer-offers", object{}).want("").into(&offered)
	c := w.computer()
	c.register(offered.Offer).into(http.StatusCreated, nil)
	other.find(c.code()).want(CodeComputerUnknown)
	mine.find(c.code()).want("")
	again := w.computer()
	again.register(offered.Offer).wantError(errOffer)
}

func TestWrongComputerCodes(t *testing.T) {
	w := newWorld(t)
	p, c := w.active(), w.computer()
	c.register("").into(http.StatusCreated, nil)
	wrong := "000000"
	if c.code() == wrong {
		wrong = "000001"
	}
	for range maxWrongCodes {
		p.find(wrong).want(CodeComputerUnknown)
	}
	p.find(c.code()).want(CodeComputerPause)
	w.clock.Add(codeWindowSeconds + 1)
	c.register("").into(http.StatusCreated, nil)
	p.find(c.code()).want("")
}

func TestConfirmationsRefused(t *testing.T) {
	w := newWorld(t)
	p, c := w.active(), w.computer()
	c.register("").into(http.StatusCreated, nil)
	var f FoundComputer
	p.find(c.code()).want("").into(&f)

	other := p.registerClaims(f)
	other["key"] = jws.Encode(digest("another key"))
	p.both("computers/confirm", true, other).want(CodeKeyMismatch)
	foreign := p.registerClaims(f)
	foreign["credential"] = "another"
	if a := p.both("computers/confirm", true, foreign); a.status < 400 {
		t.Errorf("confirmed for another credential: %d", a.status)
	}
	p.both("computers/confirm", false, p.registerClaims(f)).want(CodePINIncorrect)
	if s := c.state(); s.State != ComputerFound {
		t.Fatalf("state = %s after refusals, want found", s.State)
	}
	p.byDevice("computers/refuse", "refuse-computer", f.ID).want("")
	if s := c.state(); s.State != ComputerRefused {
		t.Errorf("state = %s, want refused", s.State)
	}
	p.both("computers/confirm", true, p.registerClaims(f)).want(CodeComputerOver)
}

func TestRequestsRefused(t *testing.T) {
	w := newWorld(t)
	p, c := w.connected()
	stranger := w.active()
	hash := digest("document")
	with := func(change func(object)) object {
		o := c.authorizeBody(p.credential.ID, hash)
		change(o)
		return o
	}
	for name, x := range map[string]struct {
		body object
		want *errorKind
	}{
		"credential of another person": {with(func(o object) { o["credentialID"] = stranger.credential.ID }), errCredential},
		"two signatures":               {with(func(o object) { o["numSignatures"] = 2 }), errCount},
		"two hashes": {with(func(o object) {
			one := base64.StdEncoding.EncodeToString(hash)
			o["hashes"] = []string{one, one}
		}), errCount},
		"no hash":          {with(func(o object) { o["hashes"] = []string{} }), errHash},
		"short hash":       {with(func(o object) { o["hashes"] = []string{base64.StdEncoding.EncodeToString(hash[:20])} }), errHash},
		"SHA-1":            {with(func(o object) { o["hashAlgorithmOID"] = "1.3.14.3.2.26" }), errAlgorithm},
		"no label":         {with(func(o object) { o["description"] = "" }), errLabel},
		"long label":       {with(func(o object) { o["description"] = strings.Repeat("x", maxLabel+1) }), errLabel},
		"invisible label":  {with(func(o object) { o["description"] = "\u202e\u200b" }), errLabel},
		"PIN in authData":  {with(func(o object) { o["authData"] = []object{{"id": "PIN", "value": "1"}} }), errRequest},
		"unknown argument": {with(func(o object) { o["override"] = true }), errRequest},
	} {
		t.Run(name, func(t *testing.T) {
			c.call("POST", "credentials/authorize", x.body).wantError(x.want)
		})
	}

	handle := c.authorize(p.credential.ID, hash)
	other := w.computer()
	other.client = "192.0.2.9"
	other.register("").into(http.StatusCreated, nil)
	p.connect(other)
	other.newToken().into(http.StatusOK, nil)
	other.call("POST", "credentials/authorizeCheck", object{"handle": handle}).wantError(errHandle)
	other.call("POST", "credentials/authorize", other.authorizeBody(p.credential.ID, hash)).wantError(errPending)

	w.clock.Add(challengeSeconds + 1) // forget the challenges: a phone has few at a time
	q := p.state().Request
	for name, bend := range map[string]func(object){
		"other hash":       func(o object) { o["hashes"] = [][]byte{digest("another document")} },
		"other label":      func(o object) { o["label"] = "other.pdf" },
		"other request":    func(o object) { o["request"] = "another" },
		"other credential": func(o object) { o["credentialID"] = stranger.credential.ID },
		"more signatures":  func(o object) { o["numSignatures"] = 2 },
	} {
		t.Run("approval of "+name, func(t *testing.T) {
			claims := signClaimsOf(q, p.credential.ID)
			bend(claims)
			p.both("requests/approve", true, claims).want(CodeRequestOver)
		})
	}
	p.byDevice("requests/refuse", "refuse-request", q.ID).want("")
	c.call("POST", "credentials/authorizeCheck", object{"handle": handle}).wantError(errRefused)
	p.both("requests/approve", true, signClaimsOf(q, p.credential.ID)).want(CodeRequestOver)
}

func TestSignaturesRefused(t *testing.T) {
	w := newWorld(t)
	p, c := w.connected()
	stranger, foreign := w.connected()
	hash := digest("document")
	handle := c.authorize(p.credential.ID, hash)
	p.approve(true).want("")
	sad := c.check(handle)

	c.sign(p.credential.ID, sad, digest("another document")).wantError(errOtherHash)
	c.sign(stranger.credential.ID, sad, hash).wantError(errCredential)
	c.sign(p.credential.ID, sad+"x", hash).wantError(errSAD)
	foreign.sign(stranger.credential.ID, sad, hash).wantError(errSAD)
	asynchronous := c.signBody(p.credential.ID, sad, hash)
	asynchronous["operationMode"] = "A"
	c.call("POST", "signatures/signHash", asynchronous).wantError(errMode)

	// Of parallel calls with one SAD one signs.
	var mu sync.Mutex
	var group sync.WaitGroup
	good := 0
	for range 8 {
		group.Go(func() {
			a := c.sign(p.credential.ID, sad, hash)
			mu.Lock()
			defer mu.Unlock()
			if a.status == http.StatusOK {
				good++
			}
		})
	}
	group.Wait()
	if good != 1 {
		t.Errorf("%d signatures for one authorisation, want 1", good)
	}
	c.sign(p.credential.ID, sad, hash).wantError(errSAD)
	c.call("POST", "credentials/authorizeCheck", object{"handle": handle}).wantError(errOver)
}

func TestSADExpires(t *testing.T) {
	w := newWorld(t)
	p, c := w.connected()
	hash := digest("document")
	handle := c.authorize(p.credential.ID, hash)
	p.approve(true).want("")
	sad := c.check(handle)
	w.clock.Add(sadSeconds + 1)
	c.sign(p.credential.ID, sad, hash).wantError(errSADExpired)
}

// Three wrong PINs lock the credential for every computer.
func TestWrongPINsLockSigning(t *testing.T) {
	w := newWorld(t)
	p, c := w.connected()
	hash := digest("document")
	handle := c.authorize(p.credential.ID, hash)
	for range pinTries - 1 {
		p.approve(false).want(CodePINIncorrect)
	}
	q := p.state().Request
	p.both("requests/approve", false, signClaimsOf(q, p.credential.ID)).want(CodePINLocked)
	c.call("POST", "credentials/authorizeCheck", object{"handle": handle}).wantError(errLocked)
	p.both("requests/approve", true, signClaimsOf(q, p.credential.ID)).want(CodePINLocked)
	c.call("POST", "credentials/authorize", c.authorizeBody(p.credential.ID, hash)).wantError(errLocked)
}

// Nobody can tire the person out with requests.
func TestPushBombing(t *testing.T) {
	w := newWorld(t)
	p, c := w.connected()
	hash := digest("document")
	for range maxUnanswered {
		c.authorize(p.credential.ID, hash)
	}
	c.call("POST", "credentials/authorize", c.authorizeBody(p.credential.ID, hash)).wantError(errTooMany)
}

func TestRemovedComputer(t *testing.T) {
	w := newWorld(t)
	p, c := w.connected()
	hash := digest("document")
	handle := c.authorize(p.credential.ID, hash)
	p.approve(true).want("")
	sad := c.check(handle)
	p.byDevice("computers/remove", "remove-computer", c.reg.ID).want("")
	if a := c.sign(p.credential.ID, sad, hash); a.status < 400 {
		t.Errorf("a removed computer got %d %s", a.status, a.body)
	}
	c.newToken().wantError(errClient)
	var list struct{ Computers []object }
	p.call("computers/list", object{"enrolment": p.welcome.Enrolment}).want("").into(&list)
	if len(list.Computers) != 0 {
		t.Errorf("still listed: %v", list.Computers)
	}
}
