package sam

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

func (c *fakeComputer) cancel() signed {
	c.w.t.Helper()
	return c.call("POST", "odnowa/computers/"+c.reg.ID+"/cancel", nil)
}

func (c *fakeComputer) cancelled(want ComputerState) {
	c.w.t.Helper()
	var s RegistrationState
	c.cancel().into(http.StatusOK, &s)
	if s.State != want || s.Credential != "" {
		c.w.t.Errorf("cancelled: %+v, want %s", s, want)
	}
}

// TestCancel: a computer's registration ends at once, as far as it has come.
func TestCancel(t *testing.T) {
	w := newWorld(t)
	p, c := w.active(), w.computer()
	for range maxOpenClient + 1 { // one that was cancelled is not in the way of the next
		c.key = newP256(t)
		c.register("").into(http.StatusCreated, nil)
		c.cancelled(ComputerExpired)
		c.cancelled(ComputerExpired) // an answer that was lost
	}
	p.find(c.code()).want(CodeComputerUnknown)

	c.key = newP256(t)
	c.register("").into(http.StatusCreated, nil)
	var f FoundComputer
	p.find(c.code()).want("").into(&f)
	c.cancelled(ComputerExpired)
	if s := p.state(); len(s.Ended) != 1 || s.Ended[0] != f.ID {
		t.Errorf("the phone hears of %v, want %s", s.Ended, f.ID)
	}
	p.both("computers/confirm", false, p.registerClaims(f)).want(CodeComputerOver) // and no try of the PIN
	p.both("computers/confirm", true, p.registerClaims(f)).want(CodeComputerOver)
	if n := w.triesLeft(p); n != 3 {
		t.Errorf("%d tries of the PIN left, want 3", n)
	}

	// The phone was quicker.
	c.key = newP256(t)
	c.register("").into(http.StatusCreated, nil)
	p.connect(c)
	c.newToken().into(http.StatusOK, nil)
	token := c.token
	c.token = ""
	c.cancelled(ComputerRefused)
	c.newToken().wantError(errClient)
	c.token = token
	c.call("POST", "credentials/info", object{"credentialID": p.credential.ID}).wantError(errToken)
	var list struct{ Computers []object }
	p.call("computers/list", object{"enrolment": p.welcome.Enrolment}).want("").into(&list)
	if len(list.Computers) != 0 {
		t.Errorf("still listed: %v", list.Computers)
	}
	log, err := os.ReadFile(w.config.Audit)
	if err != nil || strings.Count(string(log), `"computer.cancelled"`) != 2*maxOpenClient+4 {
		t.Errorf("cancelled %d times in the audit log (%v)", strings.Count(string(log), `"computer.cancelled"`), err)
	}
}

func (w *world) triesLeft(p *fakePhone) (n int) {
	w.t.Helper()
	if err := w.r.db.QueryRow(`SELECT tries_left FROM enrolments WHERE id = $1`, p.welcome.Enrolment).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestCancelIsForItsOwn: nobody cancels another's registration, and no message that was on the way does.
func TestCancelIsForItsOwn(t *testing.T) {
	w := newWorld(t)
	p, c := w.active(), w.computer()
	c.register("").into(http.StatusCreated, nil)
	p.find(c.code()).want("")
	null := []byte("null")
	path := "odnowa/computers/" + c.reg.ID + "/cancel"

	spy := w.computer()
	spy.reg = c.reg
	spy.cancel().wantError(errNotFound)
	registered := w.computer()
	registered.register("").into(http.StatusCreated, nil)
	own := registered.reg
	registered.reg = c.reg
	registered.cancel().wantError(errNotFound)
	registered.reg = own
	spy.reg.ID = "nobody"
	spy.cancel().wantError(errNotFound)

	c.raw(path, "", "", nil).wantError(errProof)
	for name, claims := range map[string]object{
		"made for the long poll":     c.proofClaims("GET", "odnowa/computers/"+c.reg.ID, "", null),
		"made to cancel another one": c.proofClaims("POST", "odnowa/computers/"+own.ID+"/cancel", "", null),
		"made to register":           c.proofClaims("POST", "odnowa/computers", "", null),
	} {
		t.Run(name, func(t *testing.T) { c.raw(path, proofOf(t, c.key, claims), "", nil).wantError(errProof) })
	}
	if s := c.state(); s.State != ComputerFound {
		t.Fatalf("state = %s after the attacks, want found", s.State)
	}
	once := proofOf(t, c.key, c.proofClaims("POST", path, "", null))
	c.raw(path, once, "", nil).into(http.StatusOK, nil)
	c.raw(path, once, "", nil).wantError(errProof)

	// The portal, which carries everything, has nothing that it could cancel a connected computer with.
	p.connect(registered)
	path = "odnowa/computers/" + own.ID + "/cancel"
	registered.raw(path, proofOf(t, newP256(t), registered.proofClaims("POST", path, "", null)), "", nil).wantError(errNotFound)
	if s := registered.state(); s.State != ComputerActive {
		t.Errorf("state = %s, want active", s.State)
	}
}
