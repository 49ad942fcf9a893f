package issuer_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/odnowa/odnowa/portal/issuer"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/sam/statement"
	"github.com/odnowa/odnowa/protocol/cades"
)

func sealKeys(key any) []*ecdsa.PublicKey { return []*ecdsa.PublicKey{key.(*ecdsa.PublicKey)} }

func hexadecimal(b []byte) string { return hex.EncodeToString(b) }

// exec changes the database behind the issuer's back.
func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	db := must(sql.Open("sqlite", "file:"+w.config.Database+"?_pragma=busy_timeout(5000)"))
	defer db.Close()
	if _, err := db.Exec(query, args...); err != nil {
		w.t.Fatal(err)
	}
}

// unrevokeAtEnd leaves a certificate as it was, for the tests that follow.
func (w *world) unrevokeAtEnd(cert *x509.Certificate) {
	sum := sha256.Sum256(cert.Raw)
	w.t.Cleanup(func() {
		w.exec(`UPDATE certificates SET revoked_at = NULL, revoked_reason = NULL WHERE sha256 = $1`, sum[:])
	})
}

// TestWhoMayNotRenew goes through everything that a certificate can lack.
func TestWhoMayNotRenew(t *testing.T) {
	w := newWorld(t)
	sum := sha256.Sum256(w.holder.Raw)
	set := func(change, back string) func() {
		return func() {
			w.exec(`UPDATE certificates SET `+change+` WHERE sha256 = $1`, sum[:])
			w.t.Cleanup(func() { w.exec(`UPDATE certificates SET `+back+` WHERE sha256 = $1`, sum[:]) })
		}
	}
	forget := func() {
		w.exec(`UPDATE certificates SET sha256 = x'00' WHERE sha256 = $1`, sum[:])
		w.t.Cleanup(func() { w.exec(`UPDATE certificates SET sha256 = $1 WHERE sha256 = x'00'`, sum[:]) })
	}
	selfSigned := func() []byte {
		key := newP256()
		c := *w.holder
		c.PublicKey, c.SignatureAlgorithm = nil, x509.UnknownSignatureAlgorithm
		parent := *w.read(w.box.CA.Issuing)
		parent.PublicKey = key.Public()
		return must(x509.CreateCertificate(rand.Reader, &c, &parent, w.holder.PublicKey, key))
	}()
	good := w.holder.Raw
	for _, tt := range []struct {
		name, code string
		der        []byte
		months     int
		start      string
		before     func()
	}{
		{"garbage", contract.CertificateMalformed, []byte("garbage"), 24, "now", nil},
		{"trailing bytes", contract.CertificateMalformed, append(bytes.Clone(good), 0), 24, "now", nil},
		{"the CA itself", contract.CertificateOtherCA, w.read(w.box.CA.Issuing).Raw, 24, "now", nil},
		{"same names, other CA key", contract.CertificateOtherCA, selfSigned, 24, "now", nil},
		{"authentication", contract.CertificateKeyUsage, w.read(w.box.Card.Authentication).Raw, 24, "now", nil},
		{"expired", contract.CertificateExpired, w.read(w.box.Card.Expired).Raw, 24, "now", nil},
		{"OCSP responder", contract.CertificateKeyUsage, w.read(w.box.CA.OCSP).Raw, 24, "now", nil},
		{"months not offered", contract.MonthsNotOffered, good, 23, "now", nil},
		{"unknown start", contract.StartTooLate, good, 24, "whenever", nil},
		{"revoked", contract.CertificateRevoked, good, 24, "now", set("revoked_at = 1, revoked_reason = 1", "revoked_at = NULL, revoked_reason = NULL")},
		{"issued on a signature", contract.IdentityRequired, good, 24, "now", set("identification = 'qualified_signature'", "identification = 'in_person'")},
		{"not registered", contract.IdentityRequired, good, 24, "now", forget},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.before != nil {
				tt.before()
			}
			_, err := w.portal.Check(t.Context(), contract.CheckRequest{Certificate: tt.der, Months: tt.months, Start: tt.start})
			wantCode(t, "Check", err, tt.code)
			in := w.applicationRequest()
			in.Certificate, in.Months, in.Start = tt.der, tt.months, tt.start
			_, err = w.portal.DrawUp(t.Context(), in)
			wantCode(t, "DrawUp", err, tt.code)
		})
	}
}

func TestWithdrawnDevice(t *testing.T) {
	w := newWorld(t)
	before := w.config
	t.Cleanup(func() {
		w.stop()
		w.config = before
		w.start()
	})
	w.stop()
	w.config.WithdrawnDevices = []string{"TEST-QSCD-2024-01"}
	w.config.LatestStartDays = 10
	w.start()
	_, err := w.portal.Check(t.Context(), contract.CheckRequest{Certificate: w.holder.Raw, Months: 24, Start: contract.StartNow})
	wantCode(t, "card whose certification has ended", err, contract.CertificateDeviceWithdrawn)
	w.stop()
	w.config.WithdrawnDevices = nil
	w.start()
	_, err = w.portal.Check(t.Context(), contract.CheckRequest{Certificate: w.holder.Raw, Months: 24, Start: contract.StartAfterCurrent})
	wantCode(t, "start in 30 days where 10 are allowed", err, contract.StartTooLate)
}

func TestDrawUpRefuses(t *testing.T) {
	w := newWorld(t)
	for name, tt := range map[string]struct {
		change func(*contract.ApplicationRequest)
		code   string
	}{
		"other website":     {func(r *contract.ApplicationRequest) { r.Origin = "https://elsewhere.example" }, contract.OriginNotAllowed},
		"target card":       {func(r *contract.ApplicationRequest) { r.Target = "card" }, contract.TargetNotOffered},
		"bidi in contract":  {func(r *contract.ApplicationRequest) { r.Contract = &contract.Contract{With: "A\u202eB"} }, contract.TextNotDrawable},
		"enrolment not URL": {func(r *contract.ApplicationRequest) { r.EnrolmentURL = "javascript:x" }, contract.TextNotDrawable},
	} {
		in := w.applicationRequest()
		tt.change(&in)
		_, err := w.portal.DrawUp(t.Context(), in)
		wantCode(t, name, err, tt.code)
	}
}

// TestConfirmRefuses: signatures and statements that are not of this application.
func TestConfirmRefuses(t *testing.T) {
	w := newWorld(t)
	a, other := w.signedApplication(), w.signedApplication()
	good := contract.ConfirmationRequest{Number: a.Number, ApplicationCMS: a.cms, Statement: w.state(newPhone(a.Number)), Contact: contact}
	expired := w.read(w.box.Card.Expired)
	foreign := must(statement.Sign(newP256(), newPhone(a.Number).claims))
	for name, tt := range map[string]struct {
		change func(*contract.ConfirmationRequest)
		code   string
	}{
		"unknown number":      {func(r *contract.ConfirmationRequest) { r.Number = "WN-2026-0000-0000" }, contract.ApplicationUnknown},
		"garbage CMS":         {func(r *contract.ConfirmationRequest) { r.ApplicationCMS = []byte("x") }, contract.SignatureInvalid},
		"other application's": {func(r *contract.ConfirmationRequest) { r.ApplicationCMS = other.cms }, contract.SignatureOther},
		"other profile":       {func(r *contract.ConfirmationRequest) { r.ApplicationCMS = w.cardSign(cades.CAdES, a.signedBytes()) }, contract.SignatureOther},
		"whole file":          {func(r *contract.ConfirmationRequest) { r.ApplicationCMS = w.cardSign(cades.PAdES, a.Document) }, contract.SignatureOther},
		"other certificate": {func(r *contract.ConfirmationRequest) {
			r.ApplicationCMS = w.signWith("QES EXPIRED TEST", expired, cades.PAdES, a.signedBytes())
		}, contract.SignatureOther},
		"statement of another":  {func(r *contract.ConfirmationRequest) { r.Statement = w.state(newPhone(other.Number)) }, contract.StatementOther},
		"statement, other SAM":  {func(r *contract.ConfirmationRequest) { r.Statement = foreign }, contract.StatementInvalid},
		"statement, garbage":    {func(r *contract.ConfirmationRequest) { r.Statement = "a.b.c" }, contract.StatementInvalid},
		"e-mail without domain": {func(r *contract.ConfirmationRequest) { r.Contact.Email = "a@b" }, contract.ContactMalformed},
		"e-mail with a line":    {func(r *contract.ConfirmationRequest) { r.Contact.Email = "a@b.example\nx" }, contract.ContactMalformed},
		"phone without country": {func(r *contract.ConfirmationRequest) { r.Contact.Phone = "600100200" }, contract.ContactMalformed},
	} {
		in := good
		tt.change(&in)
		_, err := w.portal.Confirm(t.Context(), in)
		wantCode(t, name, err, tt.code)
	}
	if _, err := w.portal.Confirm(t.Context(), good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// TestIssueRefuses: no certificate unless everything is of this application and this phone.
func TestIssueRefuses(t *testing.T) {
	w := newWorld(t)
	a, good := w.confirmed()
	_, other := w.confirmed()
	for name, tt := range map[string]struct {
		change func(*contract.CertificateRequest)
		code   string
	}{
		"unknown number":            {func(r *contract.CertificateRequest) { r.Number = "x" }, contract.ApplicationUnknown},
		"other application's CMS":   {func(r *contract.CertificateRequest) { r.ApplicationCMS = other.ApplicationCMS }, contract.SignatureOther},
		"other confirmation's CMS":  {func(r *contract.CertificateRequest) { r.ConfirmationCMS = other.ConfirmationCMS }, contract.SignatureOther},
		"application twice":         {func(r *contract.CertificateRequest) { r.ConfirmationCMS = r.ApplicationCMS }, contract.SignatureOther},
		"other phone, same number":  {func(r *contract.CertificateRequest) { r.Statement = w.state(newPhone(a.Number)) }, contract.StatementOther},
		"statement of other number": {func(r *contract.CertificateRequest) { r.Statement = other.Statement }, contract.StatementOther},
		"no statement":              {func(r *contract.CertificateRequest) { r.Statement = "" }, contract.StatementInvalid},
		"no confirmation":           {func(r *contract.CertificateRequest) { r.ConfirmationCMS = nil }, contract.SignatureInvalid},
	} {
		in := good
		tt.change(&in)
		_, err := w.portal.Issue(t.Context(), in)
		wantCode(t, name, err, tt.code)
	}
	unconfirmed := w.signedApplication()
	_, err := w.portal.Issue(t.Context(), contract.CertificateRequest{Number: unconfirmed.Number, ApplicationCMS: unconfirmed.cms})
	wantCode(t, "never confirmed", err, contract.NotConfirmed)

	if _, err := w.portal.Issue(t.Context(), good); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	// The same key once more, for another application.
	b := w.signedApplication()
	claims := must(statement.Verify(good.Statement, &w.samKey.PublicKey))
	claims.Number = b.Number
	_, err = w.portal.Confirm(t.Context(), contract.ConfirmationRequest{
		Number: b.Number, ApplicationCMS: b.cms, Statement: must(statement.Sign(w.samKey, *claims)), Contact: contact,
	})
	wantCode(t, "key that has a certificate", err, contract.KeyUsed)
}

// TestChangesBetween: what happens between confirmation and issue decides.
func TestChangesBetween(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()

	a, in := w.confirmed()
	corrected := contract.Contact{Email: "inna@poczta.example", Phone: contact.Phone}
	if _, err := w.portal.Confirm(ctx, contract.ConfirmationRequest{Number: a.Number, ApplicationCMS: a.cms, Statement: in.Statement, Contact: corrected}); err != nil {
		t.Fatal(err)
	}
	_, err := w.portal.Issue(ctx, in)
	wantCode(t, "signature over the confirmation before", err, contract.SignatureOther)

	a, in = w.confirmed()
	for range 2 {
		if err := w.portal.Void(ctx, a.Number); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.portal.Issue(ctx, in)
	wantCode(t, "void application", err, contract.ApplicationVoid)
	_, err = w.portal.Confirm(ctx, contract.ConfirmationRequest{Number: a.Number, ApplicationCMS: a.cms, Statement: in.Statement, Contact: contact})
	wantCode(t, "confirming a void application", err, contract.ApplicationVoid)
	if err := w.portal.Void(ctx, "WN-2026-0000-0000"); err != nil {
		t.Errorf("voiding an unknown number: %v", err)
	}

	a, in = w.confirmed()
	w.exec(`UPDATE applications SET created_at = $2 WHERE number = $1`, a.Number, time.Now().Add(-issuer.DocumentLife-time.Minute).Unix())
	_, err = w.portal.Issue(ctx, in)
	wantCode(t, "too late", err, contract.ConfirmationExpired)
	_, err = w.portal.Confirm(ctx, contract.ConfirmationRequest{Number: a.Number, ApplicationCMS: a.cms, Statement: in.Statement, Contact: contact})
	wantCode(t, "confirming too late", err, contract.ConfirmationExpired)

	_, in = w.confirmed()
	w.unrevokeAtEnd(w.holder)
	if _, err := w.operator.Revoke(ctx, contract.RevocationRequest{Serial: w.holder.SerialNumber.Text(16), Reason: 1}); err != nil {
		t.Fatal(err)
	}
	_, err = w.portal.Issue(ctx, in)
	wantCode(t, "revoked since", err, contract.CertificateRevoked)
}

// TestIssueOnce: many requests at once make one certificate.
func TestIssueOnce(t *testing.T) {
	w := newWorld(t)
	_, in := w.confirmed()
	var mu sync.Mutex
	got := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			out, err := w.portal.Issue(t.Context(), in)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			got[string(out.Certificate)] = true
		})
	}
	wg.Wait()
	if len(got) != 1 {
		t.Errorf("%d certificates", len(got))
	}
}

// TestWhoMayCall: each call is for one process.
func TestWhoMayCall(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.operator.Check(ctx, contract.CheckRequest{})
	wantCode(t, "operator checks", err, "peer_not_allowed")
	_, err = w.operator.Issue(ctx, contract.CertificateRequest{})
	wantCode(t, "operator issues", err, "peer_not_allowed")
	_, err = w.portal.Revoke(ctx, contract.RevocationRequest{Serial: "01"})
	wantCode(t, "portal revokes", err, "peer_not_allowed")
	sam := contract.Client{HTTP: w.client("sam"), URL: w.box.URLs.Issuer}
	if _, err := sam.Check(ctx, contract.CheckRequest{}); err == nil {
		t.Error("the SAM was served")
	}
	_, err = w.operator.Revoke(ctx, contract.RevocationRequest{Serial: "zz"})
	wantCode(t, "malformed serial", err, contract.RevocationMalformed)
	_, err = w.operator.Revoke(ctx, contract.RevocationRequest{Serial: "0123", Reason: 6})
	wantCode(t, "suspension", err, contract.RevocationMalformed)
	_, err = w.operator.Revoke(ctx, contract.RevocationRequest{Serial: "0123"})
	wantCode(t, "unknown serial", err, contract.CertificateUnknown)
}
