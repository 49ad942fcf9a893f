package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/pdf"
	"github.com/odnowa/odnowa/portal/renewal"
)

// The fakes stand in for issuer and SAM where a test needs faults and races that the real ones don't
// show on demand. The real ones are in the end-to-end test.

var errUnreachable = errors.New("connection refused")

func refusal(status int, code string) error { return &link.Problem{Status: status, Code: code} }

// faults makes calls fail by name.
type faults struct {
	mu    sync.Mutex
	fail  map[string]error
	calls map[string]int
}

func (f *faults) set(call string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail == nil {
		f.fail = map[string]error{}
	}
	f.fail[call] = err
}

func (f *faults) called(call string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[call]++
	return f.fail[call]
}

func (f *faults) count(call string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[call]
}

type fakeIssuer struct {
	faults
	prepared *pdf.Prepared
	numbers  int
	void     map[string]bool
	issued   map[string]*contract.Certificate
}

func newFakeIssuer() *fakeIssuer {
	return &fakeIssuer{prepared: preparedPDF(), void: map[string]bool{}, issued: map[string]*contract.Certificate{}}
}

var preparedPDF = sync.OnceValue(func() *pdf.Prepared {
	p, err := pdf.Write(pdf.Document{
		Title: "Wniosek", Author: "Centrum TEST", Language: "pl-PL", Translation: "en", Created: time.Now(),
		Letterhead: pdf.Letterhead{Name: "Centrum TEST"}, Reference: "TEST", PageLabel: func(int, int) string { return "1" },
		Blocks: []pdf.Block{
			pdf.Heading{Level: 1, Text: pdf.Pair{First: "Wniosek"}},
			pdf.Signature{Label: "Podpis", Note: pdf.Pair{First: "Tu podpis."}},
		},
	})
	if err != nil {
		panic(err)
	}
	return p
})

func (f *fakeIssuer) Check(_ context.Context, in contract.CheckRequest) (*contract.Check, error) {
	if err := f.called("check"); err != nil {
		return nil, err
	}
	return &contract.Check{
		NotBefore: time.Now(), NotAfter: time.Now().AddDate(0, in.Months, 0),
		Subject: contract.Subject{CommonName: "Żaneta TESTOWA", GivenName: "Żaneta", Surname: "TESTOWA", SerialNumber: "PNOPL-99999999999", Country: "PL"},
	}, nil
}

func (f *fakeIssuer) DrawUp(_ context.Context, in contract.ApplicationRequest) (*contract.Application, error) {
	if err := f.called("draw"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.numbers++
	return &contract.Application{
		Number: fmt.Sprintf("W/TEST/%d", f.numbers), Document: f.prepared.PDF, ByteRange: f.prepared.ByteRange, Digest: f.prepared.Digest(),
		Seal: fmt.Sprint("seal-", f.numbers), NotBefore: time.Now(), NotAfter: time.Now().AddDate(0, in.Months, 0), Enrolment: in.EnrolmentURL,
	}, nil
}

func (f *fakeIssuer) Void(_ context.Context, number string) error {
	if err := f.called("void"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.void[number] = true
	return nil
}

func (f *fakeIssuer) Confirm(_ context.Context, in contract.ConfirmationRequest) (*contract.Confirmation, error) {
	if err := f.called("confirm"); err != nil {
		return nil, err
	}
	return &contract.Confirmation{
		Document: []byte("Potwierdzenie " + in.Number + " " + in.Contact.Email + " " + in.Statement), Seal: "seal-" + in.Statement,
	}, nil
}

func (f *fakeIssuer) Issue(_ context.Context, in contract.CertificateRequest) (*contract.Certificate, error) {
	if err := f.called("issue"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.issued[in.Number] == nil {
		ca := newHolder("TEST CA")
		f.issued[in.Number] = &contract.Certificate{Certificate: newHolder("Żaneta TESTOWA").cert.Raw, Chain: [][]byte{ca.cert.Raw}}
	}
	return f.issued[in.Number], nil
}

type fakeSAM struct {
	faults
	number     int
	enrolments map[string]*enrolment
	confirmed  map[string]string
	changed    chan struct{}
	relayed    []relayedCall
}

type relayedCall struct {
	method, path string
	header       http.Header
	body         []byte
}

func newFakeSAM() *fakeSAM {
	return &fakeSAM{enrolments: map[string]*enrolment{}, confirmed: map[string]string{}, changed: make(chan struct{})}
}

func (f *fakeSAM) Enrol(context.Context, string) (*newEnrolment, error) {
	if err := f.called("enrol"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.number++
	id := fmt.Sprint("enrolment-", f.number)
	f.enrolments[id] = &enrolment{ID: id, Version: 1, State: renewal.PhoneOpen}
	return &newEnrolment{ID: id, URL: "http://rsign.localhost:8701/#secret-" + id}, nil
}

func (f *fakeSAM) SetApplication(context.Context, string, string) error {
	return f.called("application")
}

func (f *fakeSAM) Wait(ctx context.Context, id string, version int64, wait time.Duration) (*enrolment, error) {
	if err := f.called("wait"); err != nil {
		return nil, err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		f.mu.Lock()
		e, changed := *f.enrolments[id], f.changed
		f.mu.Unlock()
		if e.Version > version || wait == 0 {
			return &e, nil
		}
		select {
		case <-changed:
		case <-timer.C:
			return &e, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *fakeSAM) Confirm(_ context.Context, id, statement string) error {
	if err := f.called("confirm"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.enrolments[id].Statement != statement {
		return refusal(409, "key_mismatch")
	}
	f.confirmed[id] = statement
	return nil
}

func (f *fakeSAM) SetCertificate(_ context.Context, id string, _ []byte, _ [][]byte) error {
	if err := f.called("certificate"); err != nil {
		return err
	}
	f.update(id, func(e *enrolment) { e.State = renewal.PhoneActive })
	return nil
}

func (f *fakeSAM) Void(_ context.Context, id string) error {
	if err := f.called("void"); err != nil {
		return err
	}
	f.update(id, func(e *enrolment) { e.State = renewal.PhoneVoid })
	return nil
}

func (f *fakeSAM) Offer(_ context.Context, id string) (string, error) {
	if err := f.called("offer"); err != nil {
		return "", err
	}
	return "offer-for-" + id, nil
}

// Relay says what came through.
func (f *fakeSAM) Relay(_ context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	if err := f.called("relay"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.relayed = append(f.relayed, relayedCall{method, path, header, body})
	return &http.Response{
		StatusCode: http.StatusAccepted, Body: io.NopCloser(strings.NewReader(`{"handle":"h"}`)),
		Header: http.Header{"Content-Type": {"application/json"}, "Www-Authenticate": {"DPoP"}, "Set-Cookie": {"a=b"}, "Server": {"sam"}},
	}, nil
}

func (f *fakeSAM) update(id string, change func(*enrolment)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.enrolments[id]
	before := *e
	if change(e); *e != before {
		e.Version++
		close(f.changed)
		f.changed = make(chan struct{})
	}
}

// ready is a phone that was scanned, has chosen its PIN and shows this code.
func (f *fakeSAM) ready(id, code string) {
	f.update(id, func(e *enrolment) { e.State, e.Code, e.Statement = renewal.PhoneReady, code, "statement-"+code })
}

func (f *fakeSAM) state(id string) renewal.PhoneState {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.enrolments[id].State
}
