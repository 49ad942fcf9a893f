package web

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/renewal"
	"github.com/odnowa/odnowa/protocol/cades"
)

func TestWholeRenewal(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	r := b.ok(t, "GET", "/renewal", nil)
	if r.State != Opened || r.Offer.Months != 24 || !r.NextNeedsIdentification || r.Certificate != nil || r.Application != nil {
		t.Errorf("opened: %+v", r)
	}
	b.walk(t, CertificateChosen)
	r = b.ok(t, "GET", "/renewal", nil)
	if *r.Start != Now || r.Certificate.Subject.CommonName != "Żaneta TESTOWA" || r.Certificate.Id != hexSHA256(holder.cert.Raw) || r.Validity == nil {
		t.Errorf("certificate chosen: %+v", r)
	}
	b.walk(t, TermsAccepted)
	var order Signing
	if err := json.Unmarshal(b.do(t, "GET", "/renewal/application/signing", nil).Body.Bytes(), &order); err != nil {
		t.Fatal(err)
	}
	if order.Format != Pades || order.Seal != "seal-1" || order.Document.Name != "wniosek-W-TEST-1.pdf" || order.CertificateId != r.Certificate.Id {
		t.Errorf("to sign: %s %s %s", order.Format, order.Seal, order.Document.Name)
	}
	if r = b.ok(t, "GET", "/renewal", nil); r.Application.EnrolmentUrl != nil || r.Phone != nil {
		t.Error("the phone's address is told before the application is signed")
	}
	b.walk(t, ApplicationSigned)
	r = b.ok(t, "GET", "/renewal", nil)
	if *r.Application.EnrolmentUrl != "http://rsign.localhost:8701/#secret-enrolment-1" || r.Phone.State != Waiting || r.Application.SignedAt == nil {
		t.Errorf("signed: %+v", r)
	}
	checkSignedPDF(t, b)
	if svg := b.do(t, "GET", "/renewal/application/qr.svg", nil); svg.Code != http.StatusOK || !strings.HasPrefix(svg.Body.String(), "<svg") {
		t.Errorf("QR code: %s", svg)
	}
	b.walk(t, ConfirmationDrawnUp)
	r = b.ok(t, "GET", "/renewal", nil)
	if *r.Phone.Code != "123456" || r.Phone.State != Ready || *r.Contact != (Contact{Email: testEmail, Phone: testPhone}) {
		t.Errorf("confirmation: %+v", r)
	}
	r = b.ok(t, "PUT", "/renewal/confirmation/signature", Signature{Cms: b.signConfirmation(t, holder)})
	if r.State != Issued || r.Issued == nil || r.Issued.Issuer == "" || r.Phone.State != Active || r.Application.EnrolmentUrl != nil {
		t.Errorf("issued: %+v", r)
	}
	chain := b.do(t, "GET", "/renewal/certificate.pem", nil).Body.Bytes()
	if n := bytes.Count(chain, []byte("BEGIN CERTIFICATE")); n != 2 {
		t.Errorf("%d certificates", n)
	}
	if block, _ := pem.Decode(chain); block == nil || hexSHA256(block.Bytes) != r.Issued.Sha256 {
		t.Error("the first certificate is not the issued one")
	}
	checkNothingPersonalWritten(t, x, b)
}

func checkSignedPDF(t *testing.T, b *browser) {
	t.Helper()
	signed := b.do(t, "GET", "/renewal/application.pdf", nil)
	prepared, err := b.site.store.Document(t.Context(), b.cookie, renewal.ApplicationPDF)
	if err != nil {
		t.Fatal(err)
	}
	r := b.stored(t).Application.ByteRange
	content := signed.Body.Bytes()
	if len(content) != len(prepared) || !bytes.Equal(content[:r[1]], prepared[:r[1]]) || !bytes.Equal(content[r[2]:], prepared[r[2]:]) {
		t.Fatal("the signed PDF differs outside its placeholder")
	}
	if bytes.Equal(content, prepared) {
		t.Error("nothing was put into the placeholder")
	}
	if d := signed.Header().Get("Content-Disposition"); d != `inline; filename="wniosek-W-TEST-1.pdf"` {
		t.Errorf("disposition %q", d)
	}
}

// checkNothingPersonalWritten: neither log nor audit log says who it was, or any secret.
func checkNothingPersonalWritten(t *testing.T, x *site, b *browser) {
	t.Helper()
	trail, err := os.ReadFile(x.audit)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{
		b.code, strings.ReplaceAll(b.code, "-", ""), b.cookie, "TESTOWA", "aneta", "99999999999", testEmail, "600100200", "600 100", "secret-", "123456", "statement-", "192.0.2.1",
	} {
		if strings.Contains(x.logs.String(), secret) || strings.Contains(string(trail), secret) {
			t.Errorf("%q was written to a log", secret)
		}
	}
	if _, _, err := audit.Verify(bytes.NewReader(trail)); err != nil {
		t.Error(err)
	}
	for _, action := range []renewal.Action{renewal.ActOpen, renewal.ActSign, renewal.ActConfirm, renewal.ActIssue, renewal.ActIssued} {
		if n := strings.Count(string(trail), `"renewal.`+string(action)+`"`); n != 1 {
			t.Errorf("%d audit records of %s", n, action)
		}
	}
}

// TestEveryOperationInEveryState holds the contract: in which states each operation is possible, and
// that elsewhere it answers 409 with the state and changes nothing.
func TestEveryOperationInEveryState(t *testing.T) {
	from := func(s State) []State {
		var out []State
		for _, st := range renewal.States[order(s):] {
			out = append(out, State(st))
		}
		return out
	}
	all := from(Opened)
	operations := map[string]struct {
		possible []State
		do       func(t *testing.T, b *browser) answer
	}{
		"getRenewal": {all, get("/renewal")},
		"setStart":   {all[:3], func(t *testing.T, b *browser) answer { return b.do(t, "PUT", "/renewal/start", SetStart{Start: Now}) }},
		"setCertificate": {all[1:3], func(t *testing.T, b *browser) answer {
			return b.do(t, "PUT", "/renewal/certificate", SetCertificate{Certificate: holder.cert.Raw})
		}},
		"drawUpApplication": {all[2:4], func(t *testing.T, b *browser) answer {
			return b.do(t, "POST", "/renewal/application", DrawUp{Language: Pl})
		}},
		"withdrawApplication": {all[:8], func(t *testing.T, b *browser) answer { return b.do(t, "DELETE", "/renewal/application", nil) }},
		"getApplicationPDF":   {from(ApplicationDrawnUp), get("/renewal/application.pdf")},
		"getApplicationQR":    {all[5:10], get("/renewal/application/qr.svg")},
		"acceptTerms": {all[3:5], func(t *testing.T, b *browser) answer {
			return b.do(t, "PUT", "/renewal/terms", AcceptTerms{Terms: terms.version, Privacy: privacy.version})
		}},
		"getApplicationSigning": {[]State{TermsAccepted}, get("/renewal/application/signing")},
		"signApplication": {[]State{TermsAccepted}, func(t *testing.T, b *browser) answer { // again: another signature, ECDSA
			cms := []byte("cms")
			if b.stored(t).State == renewal.TermsAccepted {
				cms = b.signApplication(t, holder)
			}
			return b.do(t, "PUT", "/renewal/application/signature", Signature{Cms: cms})
		}},
		"setContact": {all[5:8], func(t *testing.T, b *browser) answer {
			if b.stored(t).State == renewal.ApplicationSigned {
				b.site.sam.ready(b.enrolment(t), "123456")
			}
			return b.do(t, "PUT", "/renewal/contact", Contact{Email: testEmail, Phone: testPhone})
		}},
		"drawUpConfirmation":     {all[6:8], func(t *testing.T, b *browser) answer { return b.do(t, "POST", "/renewal/confirmation", nil) }},
		"getConfirmationSigning": {[]State{ConfirmationDrawnUp}, get("/renewal/confirmation/signing")},
		"signConfirmation": {[]State{ConfirmationDrawnUp}, func(t *testing.T, b *browser) answer {
			cms := []byte("cms")
			if b.stored(t).State == renewal.ConfirmationDrawnUp {
				cms = b.signConfirmation(t, holder)
			}
			return b.do(t, "PUT", "/renewal/confirmation/signature", Signature{Cms: cms})
		}},
		"getConfirmation":          {from(ConfirmationDrawnUp), get("/renewal/confirmation.txt")},
		"getConfirmationSignature": {from(Confirmed), get("/renewal/confirmation.p7s")},
		"issue":                    {from(Confirmed), func(t *testing.T, b *browser) answer { return b.do(t, "POST", "/renewal/issue", nil) }},
		"getCertificate":           {from(Issued), get("/renewal/certificate.pem")},
	}
	x := newSite(t)
	for name, op := range operations {
		stranger := &browser{site: x, cookie: "none"}
		if name != "setContact" && name != "signApplication" && name != "signConfirmation" { // these look into the store first
			if a := op.do(t, stranger); a.Code != http.StatusUnauthorized || a.Problem.Code != NoSession {
				t.Errorf("%s without a session: %s", name, a)
			}
		}
		for _, st := range all {
			b := x.browser(t)
			b.walk(t, st)
			before := b.stored(t)
			a := op.do(t, b)
			if contains(op.possible, st) {
				if a.Code != http.StatusOK {
					t.Errorf("%s in %s: %s", name, st, a)
				}
				continue
			}
			if a.Code != http.StatusConflict || a.Problem.Code != WrongState || a.Problem.State == nil || *a.Problem.State != st {
				t.Errorf("%s in %s: %s, want 409 with the state", name, st, a)
			}
			if after := b.stored(t); name != "setContact" && after.Version != before.Version {
				t.Errorf("%s in %s was refused and changed the renewal to %s", name, st, after.State)
			}
		}
	}
}

func contains(list []State, s State) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func get(path string) func(*testing.T, *browser) answer {
	return func(t *testing.T, b *browser) answer { return b.do(t, "GET", path, nil) }
}

// TestSameSignatureAgain: a repetition, as after a lost answer, gives the same result.
func TestSameSignatureAgain(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, TermsAccepted)
	cms := b.signApplication(t, holder)
	first := b.ok(t, "PUT", "/renewal/application/signature", Signature{Cms: cms})
	pdf := b.do(t, "GET", "/renewal/application.pdf", nil).Body.Bytes()
	again := b.ok(t, "PUT", "/renewal/application/signature", Signature{Cms: cms})
	if again.Version != first.Version || !bytes.Equal(pdf, b.do(t, "GET", "/renewal/application.pdf", nil).Body.Bytes()) {
		t.Error("the application was signed twice")
	}
	b.walk(t, ConfirmationDrawnUp)
	cms = b.signConfirmation(t, holder)
	first = b.ok(t, "PUT", "/renewal/confirmation/signature", Signature{Cms: cms})
	again = b.ok(t, "PUT", "/renewal/confirmation/signature", Signature{Cms: cms})
	if again.State != Issued || again.Issued.Sha256 != first.Issued.Sha256 || x.issuer.count("issue") != 1 {
		t.Errorf("again: %s, issuer asked %d times", again.State, x.issuer.count("issue"))
	}
}

func TestSignatureRefusals(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, TermsAccepted)
	other := newHolder("Inna TESTOWA")
	good := b.signApplication(t, holder)
	broken := bytes.Clone(good)
	broken[len(broken)-5] ^= 1
	for name, c := range map[string]struct {
		cms  []byte
		want Code
	}{
		"not DER":             {[]byte("x"), SignatureMalformed},
		"empty":               {[]byte{}, SignatureMalformed},
		"CAdES":               {holder.sign(t, cades.CAdES, []byte("x")), SignatureMalformed},
		"another certificate": {b.signApplication(t, other), SignatureOtherCertificate},
		"another document":    {holder.sign(t, cades.PAdES, []byte("another")), SignatureOtherDocument},
		"broken":              {broken, SignatureInvalid},
	} {
		if a := b.do(t, "PUT", "/renewal/application/signature", Signature{Cms: c.cms}); a.Code != http.StatusUnprocessableEntity || a.Problem.Code != c.want {
			t.Errorf("application, %s: %s, want %s", name, a, c.want)
		}
	}
	if r := b.stored(t); r.State != renewal.TermsAccepted {
		t.Fatalf("state %s after refusals", r.State)
	}
	b.walk(t, ConfirmationDrawnUp)
	for name, c := range map[string]struct {
		cms  []byte
		want Code
	}{
		"application's":       {good, SignatureMalformed},
		"another certificate": {b.signConfirmation(t, other), SignatureOtherCertificate},
		"another document":    {holder.sign(t, cades.CAdES, []byte("another")), SignatureOtherDocument},
	} {
		if a := b.do(t, "PUT", "/renewal/confirmation/signature", Signature{Cms: c.cms}); a.Code != http.StatusUnprocessableEntity || a.Problem.Code != c.want {
			t.Errorf("confirmation, %s: %s, want %s", name, a, c.want)
		}
	}
	if r := b.stored(t); r.State != renewal.ConfirmationDrawnUp || len(x.sam.confirmed) != 0 {
		t.Errorf("state %s after refusals", r.State)
	}
}

// TestBadCMS: every malformed or dishonest CMS that the format's vectors know, with extra signers or
// attributes among them, is refused by a code of its own kind, and costs nothing.
func TestBadCMS(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, TermsAccepted)
	files, err := filepath.Glob("../../protocol/vectors/cades/*.json")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			CMS   []byte `json:"cms"`
			Error string `json:"error"`
		}
		if err := json.Unmarshal(content, &v); err != nil {
			t.Fatal(err)
		}
		a := b.do(t, "PUT", "/renewal/application/signature", Signature{Cms: v.CMS})
		codes := []Code{SignatureMalformed}
		if v.Error != "ErrFormat" { // a good form: signed by somebody else, in any case
			codes = append(codes, SignatureOtherCertificate)
		}
		if a.Code != http.StatusUnprocessableEntity || !slices.Contains(codes, a.Problem.Code) {
			t.Errorf("%s: %s, want one of %s", filepath.Base(file), a, codes)
		}
	}
	if r := b.stored(t); r.State != renewal.TermsAccepted {
		t.Errorf("state %s", r.State)
	}
}

// TestAnotherBrowser: it gets the renewal back at opened, with nothing of the person in it.
func TestAnotherBrowser(t *testing.T) {
	x := newSite(t)
	for _, st := range renewal.States[:8] {
		first := x.browser(t)
		first.walk(t, State(st))
		second := &browser{site: x}
		a := second.do(t, "POST", "/renewal", OpenRenewal{Code: strings.ToLower(first.code)})
		if a.Code != http.StatusOK || a.Renewal.State != Opened || second.cookie == first.cookie {
			t.Fatalf("another browser in %s: %s", st, a)
		}
		for _, secret := range []string{"TESTOWA", testEmail, testPhone, "99999999999", "secret", "123456"} {
			if strings.Contains(a.Body.String(), secret) {
				t.Errorf("another browser in %s is told %q", st, secret)
			}
		}
		if a := first.do(t, "GET", "/renewal", nil); a.Problem.Code != NoSession {
			t.Errorf("the first browser in %s: %s", st, a)
		}
		if err := x.chores.once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for id := range x.sam.enrolments {
		if x.sam.state(id) != renewal.PhoneVoid {
			t.Errorf("%s is not void", id)
		}
	}
	if n := len(x.issuer.void); n != x.issuer.numbers {
		t.Errorf("%d of %d applications are void", n, x.issuer.numbers)
	}
}

func TestConfirmedIsNotGivenAway(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, Issuing)
	a := (&browser{site: x}).do(t, "POST", "/renewal", OpenRenewal{Code: b.code})
	if a.Problem.Code != CodeUsed || len(a.Result().Cookies()) != 0 {
		t.Errorf("another browser: %s", a)
	}
	if a := b.do(t, "POST", "/renewal", OpenRenewal{Code: b.code}); a.Code != http.StatusOK || a.Renewal.State != Issuing {
		t.Errorf("the same browser: %s", a)
	}
	if err := x.chores.once(context.Background()); err != nil {
		t.Fatal(err)
	}
	if r := b.stored(t); r.State != renewal.Issued || !r.Delivered {
		t.Errorf("not finished by the portal: %s", r.State)
	}
}
