package sam

import (
	"bytes"
	"crypto/ecdsa"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/sam/statement"
)

func TestWholeSignature(t *testing.T) {
	w := newWorld(t)
	p := w.active()
	var offered struct{ Offer string }
	w.portal("POST", "/v1/enrolments/"+p.welcome.Enrolment+"/computer-offers", object{}).want("").into(&offered)
	c := w.computer()
	c.register(offered.Offer).into(http.StatusCreated, nil)
	if s := c.state(); s.State != ComputerOpen || s.Credential != "" {
		t.Fatalf("after registration: %+v", s)
	}
	var f FoundComputer
	p.find(c.code()).want("").into(&f)
	if f.Name != "Dell TEST (Linux)" || ComputerCode(f.Key, f.SAMKey, f.Nonce) != c.code() {
		t.Fatalf("found: %+v", f)
	}
	if s := c.state(); s.State != ComputerFound {
		t.Fatalf("after the code: %+v", s)
	}
	p.both("computers/confirm", true, p.registerClaims(f)).want("")
	if s := c.state(); s.State != ComputerActive || s.Credential != p.credential.ID {
		t.Fatalf("after the PIN: %+v", s)
	}
	c.newToken().into(http.StatusOK, nil)

	hash := digest("document")
	handle := c.authorize(p.credential.ID, hash)
	q := p.state().Request
	if q == nil || q.Label != "umowa TEST.pdf" || q.Computer != "Dell TEST (Linux)" || !bytes.Equal(q.Hashes[0], hash) {
		t.Fatalf("on the phone: %+v", q)
	}
	p.approve(true).want("")
	if p.state().Request != nil {
		t.Fatal("the request stays on the phone")
	}
	var out struct{ Signatures [][]byte }
	c.sign(p.credential.ID, c.check(handle), hash).into(http.StatusOK, &out)
	pub, err := statement.ParseP256(p.credential.Key)
	if err != nil || len(out.Signatures) != 1 || !ecdsa.VerifyASN1(pub, hash, out.Signatures[0]) {
		t.Fatalf("signatures %x (%v)", out.Signatures, err)
	}
	w.checkSigningAudit(c, p, handle, offered.Offer)
}

// checkSigningAudit: each step is there, and no secret, name or label.
func (w *world) checkSigningAudit(c *fakeComputer, p *fakePhone, secrets ...string) {
	w.t.Helper()
	b, err := os.ReadFile(w.config.Audit)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, _, err := audit.Verify(bytes.NewReader(b)); err != nil {
		w.t.Fatal(err)
	}
	for _, event := range []string{
		"computer.offered", "computer.opened", "computer.found", "pin.tried", "computer.active", "computer.token",
		"signing.requested", "signing.approved", "signing.released", "signing.signed",
	} {
		if !strings.Contains(string(b), `"`+event+`"`) {
			w.t.Errorf("no %s in the audit log", event)
		}
	}
	for _, secret := range append(secrets, c.token, `"`+c.code()+`"`, p.welcome.Phone, "umowa", "Dell", c.client) {
		if strings.Contains(string(b), secret) {
			w.t.Errorf("%q in the audit log", secret)
		}
	}
}
