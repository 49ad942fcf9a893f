package issuer_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/profile"
	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/seal"
)

// TestRenewal goes through a whole renewal as the portal would, with the card's token, and asks
// independent tools about the result.
func TestRenewal(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()

	check, err := w.portal.Check(ctx, contract.CheckRequest{Certificate: w.holder.Raw, Months: 24, Start: contract.StartAfterCurrent})
	if err != nil {
		t.Fatal(err)
	}
	want := contract.Subject{CommonName: "Żaneta TESTOWA-PRÓBNA", GivenName: "Żaneta", Surname: "TESTOWA-PRÓBNA", SerialNumber: "PNOPL-00000000000", Country: "PL"}
	if check.Subject != want || !check.NotBefore.Equal(w.holder.NotAfter.Add(time.Second)) {
		t.Errorf("Check = %+v", check)
	}

	app := w.signedApplication()
	w.checkSeal(app.Seal, seal.Application, app.Number, app.Document, map[seal.Field]string{
		seal.FieldNumber: app.Number, seal.FieldSubject: want.CommonName, seal.FieldMonths: "24",
		seal.FieldStart: app.NotBefore.Format(time.DateOnly), seal.FieldTarget: "cloud",
	})

	phone := newPhone(app.Number)
	st := w.state(phone)
	confirmation, err := w.portal.Confirm(ctx, contract.ConfirmationRequest{Number: app.Number, ApplicationCMS: app.cms, Statement: st, Contact: contact})
	if err != nil {
		t.Fatal(err)
	}
	w.checkSeal(confirmation.Seal, seal.Confirmation, app.Number, confirmation.Document, map[seal.Field]string{
		seal.FieldEmail: contact.Email, seal.FieldPhone: contact.Phone, seal.FieldPhoneCode: phone.claims.Code,
	})

	in := contract.CertificateRequest{Number: app.Number, ApplicationCMS: app.cms, ConfirmationCMS: w.cardSign(cades.CAdES, confirmation.Document), Statement: st}
	out, err := w.portal.Issue(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	cert := must(x509.ParseCertificate(out.Certificate))
	if !bytes.Equal(cert.RawSubject, w.holder.RawSubject) || !bytes.Equal(cert.RawSubjectPublicKeyInfo, phone.claims.Key) ||
		!cert.NotBefore.Equal(app.NotBefore) || !cert.NotAfter.Equal(app.NotAfter) {
		t.Error("the certificate is not the one that was confirmed")
	}
	if err := profile.Lint(cert); err != nil {
		t.Error(err)
	}
	w.opensslVerdicts(cert)
	w.checkText(confirmation.Document)

	t.Run("asked again", func(t *testing.T) {
		again, err := w.portal.Issue(ctx, in)
		if err != nil || !bytes.Equal(again.Certificate, out.Certificate) || len(again.Chain) != 2 {
			t.Errorf("Issue again: %v", err)
		}
		w.stop()
		w.start()
		again, err = w.portal.Issue(ctx, contract.CertificateRequest{Number: app.Number})
		if err != nil || !bytes.Equal(again.Certificate, out.Certificate) {
			t.Errorf("Issue after a restart: %v", err)
		}
	})
	t.Run("cannot be voided", func(t *testing.T) {
		wantCode(t, "Void", w.portal.Void(ctx, app.Number), contract.ApplicationIssued)
	})
	t.Run("does not carry the next renewal", func(t *testing.T) {
		_, err := w.portal.Check(ctx, contract.CheckRequest{Certificate: cert.Raw, Months: 24, Start: contract.StartNow})
		wantCode(t, "Check", err, contract.IdentityRequired)
	})
	t.Run("audit and logs", func(t *testing.T) { w.checkRecords(app.Number, phone.claims.Code) })
}

// checkSeal verifies a seal as the agent would, with the key of the published certificate.
func (w *world) checkSeal(compact string, kind seal.Kind, number string, document []byte, show map[seal.Field]string) {
	w.t.Helper()
	key := w.read(w.box.CA.Seal).PublicKey
	c, err := seal.Verify(compact, sealKeys(key), time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := c.Match(w.box.URLs.Portal, w.holder.Raw, document); err != nil || c.Kind != kind || c.Number != number {
		w.t.Errorf("seal is of something else: %v", err)
	}
	got := map[seal.Field]string{}
	for _, s := range c.Show {
		got[s.Field] = s.Value
	}
	for field, want := range show {
		if got[field] != want {
			w.t.Errorf("seal shows %s = %q, want %q", field, got[field], want)
		}
	}
}

func (w *world) opensslVerdicts(cert *x509.Certificate) {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "new.pem")
	writePEM(w.t, path, "CERTIFICATE", cert.Raw)
	ca := []string{"-CAfile", w.box.CA.Root, "-untrusted", w.box.CA.Issuing}
	openssl(w.t, append(append([]string{"verify", "-x509_strict", "-explicit_policy", "-policy", "0.4.0.194112.1.2"}, ca...), path)...)
	if out, err := try(w.t, "openssl", nil, append(append([]string{"openssl", "verify", "-explicit_policy", "-policy", "0.4.0.194112.1.0"}, ca...), path)...); err == nil {
		w.t.Errorf("verifies under another policy: %s", out)
	}
	out := openssl(w.t, "ocsp", "-issuer", w.box.CA.Issuing, "-cert", path, "-CAfile", w.box.CA.Root, "-url", "http://"+w.config.Public+"/ocsp", "-no_nonce")
	if !strings.Contains(out, "Response verify OK") || !strings.Contains(out, "new.pem: good") {
		w.t.Errorf("OCSP: %s", out)
	}
}

// checkText checks that the confirmation says everything that design step 10 lists.
func (w *world) checkText(document []byte) {
	w.t.Helper()
	for _, want := range []string{
		"Żaneta", "TESTOWA-PRÓBNA", "PNOPL-00000000000", contact.Email, contact.Phone, "na karcie", "w chmurze", "on the card", "in the cloud",
		w.holder.NotBefore.Format("2006-01-02 15:04:05"), w.holder.NotAfter.Format("2006-01-02 15:04:05"),
	} {
		if !bytes.Contains(document, []byte(want)) {
			w.t.Errorf("confirmation lacks %q:\n%s", want, document)
		}
	}
}

// checkRecords looks for the steps in the audit log, and for personal data where none may be.
func (w *world) checkRecords(number, code string) {
	w.t.Helper()
	log := must(os.ReadFile(w.config.Audit))
	if _, _, err := audit.Verify(bytes.NewReader(log)); err != nil {
		w.t.Error(err)
	}
	for _, event := range []string{"application.drawn_up", "confirmation.drawn_up", "certificate.issuing", "certificate.issued"} {
		if !bytes.Contains(log, []byte(`"event":"`+event+`","data":{`)) {
			w.t.Errorf("audit log lacks %s", event)
		}
	}
	for _, e := range w.logs.All() {
		log = append(log, must(json.Marshal([]any{e.Message, e.ContextMap()}))...)
	}
	for _, personal := range []string{"aneta", "TESTOWA", "PNOPL", contact.Email, contact.Phone, `"` + code + `"`, w.box.Card.PIN} {
		if bytes.Contains(log, []byte(personal)) {
			w.t.Errorf("%q is in a log", personal)
		}
	}
}

// TestIssueAfterCrash stops an issuer between the decision and the certificate, as a crash would.
func TestIssueAfterCrash(t *testing.T) {
	w := newWorld(t)
	a, in := w.confirmed()
	w.stop()
	w.exec(`CREATE TRIGGER crash BEFORE UPDATE OF certificate ON issues BEGIN SELECT RAISE(ABORT, 'crash'); END`)
	w.start()
	_, err := w.portal.Issue(t.Context(), in)
	wantCode(t, "Issue with a broken database", err, "internal")
	_, err = w.portal.Confirm(t.Context(), contract.ConfirmationRequest{Number: a.Number, ApplicationCMS: a.cms, Statement: in.Statement, Contact: contact})
	wantCode(t, "Confirm while issuing", err, contract.ApplicationIssued)
	wantCode(t, "Void while issuing", w.portal.Void(t.Context(), a.Number), contract.ApplicationIssued)
	w.stop()
	w.exec(`DROP TRIGGER crash`)
	w.start()
	out, err := w.portal.Issue(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	// Both attempts used one transaction, so both signed the same certificate.
	sum := sha256.Sum256(out.Certificate)
	n := 0
	for line := range strings.Lines(string(must(os.ReadFile(w.config.Audit)))) {
		if strings.Contains(line, `"event":"certificate.issued"`) && strings.Contains(line, a.Number) {
			n++
			if !strings.Contains(line, hexadecimal(sum[:])) {
				t.Errorf("an attempt made another certificate: %s", line)
			}
		}
	}
	if n != 2 {
		t.Errorf("%d records of issue, want one for each attempt", n)
	}
}
