package renewal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

var (
	testPhone   = Phone{State: PhoneReady, Version: 3, Code: "123456", Statement: "statement"}
	testContact = Contact{Email: "test@example.test", Phone: "+48600000000"}
)

// walk takes a freshly opened renewal to a state.
func walk(t *testing.T, s *Store, session string, to State) {
	t.Helper()
	for _, st := range States[1:] {
		r, err := s.Get(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		if r.State == to {
			return
		}
		if slices.Index(States, st) <= slices.Index(States, r.State) {
			continue
		}
		if r, err = forward[st](t.Context(), s, session, r); err != nil || r.State != st {
			t.Fatalf("walking to %s: %v", st, err)
		}
	}
}

// forward makes the step into each state.
var forward = map[State]func(context.Context, *Store, string, *Renewal) (*Renewal, error){
	StartChosen: func(ctx context.Context, s *Store, session string, _ *Renewal) (*Renewal, error) {
		return s.SetStart(ctx, session, StartNow)
	},
	CertificateChosen: func(ctx context.Context, s *Store, session string, _ *Renewal) (*Renewal, error) {
		return s.SetCertificate(ctx, session, StartNow, Checked{Certificate: []byte("old"), Subject: Subject{CommonName: "Żaneta TESTOWA"}, NotBefore: s.now(), NotAfter: s.now().AddDate(2, 0, 0)})
	},
	ApplicationDrawnUp: func(ctx context.Context, s *Store, session string, _ *Renewal) (*Renewal, error) {
		r, lease, err := s.Begin(ctx, ActDrawUp, session, "pl")
		if err != nil || lease == "" {
			return r, err
		}
		return s.DrawUp(ctx, session, lease, Application{Number: "W/1", Language: "pl", ByteRange: []int{0, 1, 2, 3}, Enrolment: "e1", EnrolmentURL: "u"}, []byte("pdf"), s.now(), s.now().AddDate(2, 0, 0))
	},
	TermsAccepted: func(ctx context.Context, s *Store, session string, _ *Renewal) (*Renewal, error) {
		return s.AcceptTerms(ctx, session, Terms{Terms: "1", Privacy: "1"})
	},
	ApplicationSigned: func(ctx context.Context, s *Store, session string, _ *Renewal) (*Renewal, error) {
		return s.SignApplication(ctx, session, "W/1", []byte("cms"), []byte("signed pdf"))
	},
	ContactGiven: func(ctx context.Context, s *Store, session string, r *Renewal) (*Renewal, error) {
		if r.Phone.Version < testPhone.Version && r.Application.Enrolment != "" {
			if _, err := s.SeePhone(ctx, r.ID, "e1", testPhone); err != nil {
				return nil, err
			}
		}
		return s.SetContact(ctx, session, testPhone, testContact)
	},
	ConfirmationDrawnUp: func(ctx context.Context, s *Store, session string, _ *Renewal) (*Renewal, error) {
		r, lease, err := s.Begin(ctx, ActDrawUpConf, session)
		if err != nil || lease == "" {
			return r, err
		}
		return s.DrawUpConfirmation(ctx, session, lease, Confirmation{Seal: "seal", Statement: "statement"}, []byte("text"))
	},
	Confirmed: func(ctx context.Context, s *Store, session string, _ *Renewal) (*Renewal, error) {
		return s.Confirm(ctx, session, "seal", []byte("cms2"))
	},
	Issuing: func(ctx context.Context, s *Store, _ string, r *Renewal) (*Renewal, error) {
		return s.BeginIssue(ctx, r.ID)
	},
	Issued: func(ctx context.Context, s *Store, _ string, r *Renewal) (*Renewal, error) {
		return s.FinishIssue(ctx, r.ID, []byte("new"), [][]byte{[]byte("ca")})
	},
}

// TestEveryActionInEveryState holds the whole table: what is allowed, what was done already, what
// is refused, and that a refusal changes nothing.
func TestEveryActionInEveryState(t *testing.T) {
	type result map[State]State // from, to; absent is a StateError
	backTo := func(to State, from ...State) result {
		out := result{}
		for _, s := range from {
			out[s] = to
		}
		return out
	}
	want := map[Action]result{
		ActSetStart:   backTo(StartChosen, Opened, StartChosen, CertificateChosen),
		ActSetCert:    backTo(CertificateChosen, StartChosen, CertificateChosen),
		ActDrawUp:     backTo(ApplicationDrawnUp, CertificateChosen, ApplicationDrawnUp),
		ActTerms:      backTo(TermsAccepted, ApplicationDrawnUp, TermsAccepted),
		ActSign:       backTo(ApplicationSigned, TermsAccepted, ApplicationSigned),
		ActContact:    backTo(ContactGiven, ApplicationSigned, ContactGiven, ConfirmationDrawnUp),
		ActDrawUpConf: backTo(ConfirmationDrawnUp, ContactGiven, ConfirmationDrawnUp),
		ActConfirm:    {ConfirmationDrawnUp: Confirmed, Confirmed: Confirmed, Issuing: Issuing, Issued: Issued},
		ActIssue:      {Confirmed: Issuing, Issuing: Issuing, Issued: Issued},
		ActIssued:     {Issuing: Issued, Issued: Issued},
		ActRefused:    {Issuing: Opened},
		ActExpired:    backTo(Opened, ApplicationSigned, ContactGiven, ConfirmationDrawnUp),
		ActWithdraw:   backTo(Opened, States[:8]...),
	}
	do := map[Action]func(context.Context, *Store, string, *Renewal) (*Renewal, error){
		ActSetStart: forward[StartChosen], ActSetCert: forward[CertificateChosen], ActDrawUp: forward[ApplicationDrawnUp],
		ActTerms: forward[TermsAccepted], ActSign: forward[ApplicationSigned], ActContact: forward[ContactGiven],
		ActDrawUpConf: forward[ConfirmationDrawnUp], ActConfirm: forward[Confirmed], ActIssue: forward[Issuing], ActIssued: forward[Issued],
		ActWithdraw: func(ctx context.Context, s *Store, session string, _ *Renewal) (*Renewal, error) {
			return s.Withdraw(ctx, session)
		},
		ActRefused: func(ctx context.Context, s *Store, _ string, r *Renewal) (*Renewal, error) {
			return s.Refuse(ctx, r.ID)
		},
		ActExpired: func(ctx context.Context, s *Store, _ string, r *Renewal) (*Renewal, error) {
			return s.Expire(ctx, r.ID, r.Application.Number)
		},
	}
	for action := range moves {
		if _, ok := do[action]; !ok && action != ActOpen && action != ActPhoneSeen && action != ActPhoneChanged {
			t.Errorf("%s is not tried", action)
		}
	}
	for _, from := range States {
		s, _ := newStore(t)
		for action, act := range do {
			session, _ := open(t, s, sell(t, s), "")
			walk(t, s, session, from)
			before, err := s.Get(t.Context(), session)
			if err != nil {
				t.Fatal(err)
			}
			r, err := act(t.Context(), s, session, before)
			to, allowed := want[action][from]
			if allowed && (err != nil || r.State != to) {
				t.Errorf("%s in %s: %v, want %s", action, from, err, to)
			}
			if allowed {
				continue
			}
			var state *StateError
			if !errors.As(err, &state) || state.State != from {
				t.Errorf("%s in %s: %v, want a StateError", action, from, err)
			}
			after, err := s.Get(t.Context(), session)
			seen := action == ActContact && after != nil && after.Phone.Version != before.Phone.Version
			if err != nil || after.State != from || after.Version != before.Version && !seen {
				t.Errorf("%s in %s was refused and changed it: version %d to %d, %v", action, from, before.Version, after.Version, err)
			}
		}
	}
}

// TestAgainWithOtherValues: done already, but with something else, is no repetition.
func TestAgainWithOtherValues(t *testing.T) {
	for st, act := range map[State]func(context.Context, *Store, string) error{
		ApplicationDrawnUp: func(ctx context.Context, s *Store, session string) error {
			_, _, err := s.Begin(ctx, ActDrawUp, session, "en")
			return err
		},
		TermsAccepted: func(ctx context.Context, s *Store, session string) error {
			_, err := s.AcceptTerms(ctx, session, Terms{Terms: "2", Privacy: "1"})
			return err
		},
		ApplicationSigned: func(ctx context.Context, s *Store, session string) error {
			_, err := s.SignApplication(ctx, session, "W/1", []byte("other"), []byte("x"))
			return err
		},
		Confirmed: func(ctx context.Context, s *Store, session string) error {
			_, err := s.Confirm(ctx, session, "seal", []byte("other"))
			return err
		},
		Issued: func(ctx context.Context, s *Store, session string) error {
			r, err := s.Get(ctx, session)
			if err != nil {
				return err
			}
			_, err = s.FinishIssue(ctx, r.ID, []byte("second"), nil)
			return err
		},
	} {
		s, _ := newStore(t)
		session, _ := open(t, s, sell(t, s), "")
		walk(t, s, session, st)
		var state *StateError
		if err := act(t.Context(), s, session); !errors.As(err, &state) || state.State != st {
			t.Errorf("%s again with other values: %v", st, err)
		}
	}
}

// TestGivenHasChanged: what was worked out from something that has changed is not stored.
func TestGivenHasChanged(t *testing.T) {
	s, _ := newStore(t)
	session, _ := open(t, s, sell(t, s), "")
	walk(t, s, session, StartChosen)
	if _, err := s.SetCertificate(t.Context(), session, StartAfterCurrent, Checked{}); !isState(err) {
		t.Errorf("certificate checked for another start: %v", err)
	}
	walk(t, s, session, TermsAccepted)
	if _, err := s.SignApplication(t.Context(), session, "W/0", []byte("cms"), nil); !isState(err) {
		t.Errorf("signature over another application: %v", err)
	}
	walk(t, s, session, ConfirmationDrawnUp)
	if _, err := s.Confirm(t.Context(), session, "old seal", []byte("cms")); !isState(err) {
		t.Errorf("signature over another confirmation: %v", err)
	}
	r, err := s.Get(t.Context(), session)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expire(t.Context(), r.ID, "W/0"); !isState(err) {
		t.Errorf("another application has expired: %v", err)
	}
}

func TestNoSession(t *testing.T) {
	s, _ := newStore(t)
	session, r := open(t, s, sell(t, s), "")
	if err := s.Leave(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	for st, act := range forward {
		if st == Issuing || st == Issued {
			continue // by id, not by session
		}
		if _, err := act(t.Context(), s, session, r); !errors.Is(err, ErrNoSession) {
			t.Errorf("into %s without a session: %v", st, err)
		}
	}
	for _, session := range []string{"", "x"} {
		if _, err := s.Get(t.Context(), session); !errors.Is(err, ErrNoSession) {
			t.Errorf("session %q: %v", session, err)
		}
	}
}

// TestCodeExpiresOnTheWay: before the confirmation the code's end stops the renewal, after it not.
func TestCodeExpiresOnTheWay(t *testing.T) {
	for i, from := range States[:len(States)-1] {
		s, clock := newStore(t)
		code := sell(t, s)
		clock.advance(CodeLife - time.Hour)
		session, _ := open(t, s, code, "")
		walk(t, s, session, from)
		clock.advance(time.Hour)
		r, err := s.Get(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		_, err = forward[States[i+1]](t.Context(), s, session, r)
		if late := from == Confirmed || from == Issuing; late && err != nil || !late && !errors.Is(err, ErrCodeExpired) {
			t.Errorf("from %s after the code's end: %v", from, err)
		}
	}
}

func TestPhone(t *testing.T) {
	s, _ := newStore(t)
	session, r := open(t, s, sell(t, s), "")
	walk(t, s, session, TermsAccepted)
	if _, err := s.SeePhone(t.Context(), r.ID, "e1", testPhone); !isState(err) {
		t.Errorf("a phone before the signature: %v", err)
	}
	walk(t, s, session, ApplicationSigned)
	if _, err := s.SeePhone(t.Context(), r.ID, "e0", testPhone); !isState(err) {
		t.Errorf("another enrolment's phone: %v", err)
	}
	walk(t, s, session, ConfirmationDrawnUp)
	if _, err := s.SeePhone(t.Context(), r.ID, "e1", Phone{State: PhoneScanned, Version: 2}); !isState(err) {
		t.Errorf("older news: %v", err)
	}
	same := testPhone
	same.Version++
	if r, err := s.SeePhone(t.Context(), r.ID, "e1", same); err != nil || r.State != ConfirmationDrawnUp {
		t.Errorf("the same phone: %v", err)
	}
	other := Phone{State: PhoneReady, Version: 9, Code: "654321", Statement: "other"}
	r, err := s.SeePhone(t.Context(), r.ID, "e1", other)
	if err != nil || r.State != ContactGiven || r.Phone != other || r.Contact != testContact || r.Confirmation != (Confirmation{}) {
		t.Errorf("another phone: %+v, %v", r, err)
	}
}

// TestDoubleDrawUp: requests at a time draw up one application.
func TestDoubleDrawUp(t *testing.T) {
	s, _ := newStore(t)
	session, _ := open(t, s, sell(t, s), "")
	walk(t, s, session, CertificateChosen)
	var mu sync.Mutex
	var drawn int
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r, lease, err := s.Begin(t.Context(), ActDrawUp, session, "pl")
			if err == nil && lease != "" {
				mu.Lock()
				drawn++
				mu.Unlock()
				r, err = s.DrawUp(t.Context(), session, lease, Application{Number: fmt.Sprint(i), Language: "pl"}, []byte("pdf"), s.now(), s.now())
			}
			if err != nil || r.State != ApplicationDrawnUp {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if drawn != 1 {
		t.Errorf("drawn up %d times", drawn)
	}
}

func TestLease(t *testing.T) {
	s, clock := newStore(t)
	session, r := open(t, s, sell(t, s), "")
	walk(t, s, session, CertificateChosen)
	_, lost, err := s.Begin(t.Context(), ActDrawUp, session, "pl")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, _, err := s.Begin(ctx, ActDrawUp, session, "pl"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second lease: %v", err)
	}
	clock.advance(LeaseLife)
	_, lease, err := s.Begin(t.Context(), ActDrawUp, session, "pl")
	if err != nil || lease == "" {
		t.Fatalf("after the lease's end: %v", err)
	}
	if _, err := s.DrawUp(t.Context(), session, lost, Application{Number: "lost", Language: "pl"}, nil, s.now(), s.now()); !isState(err) {
		t.Errorf("under a lost lease: %v", err)
	}
	if err := s.End(t.Context(), r.ID, lease); err != nil {
		t.Fatal(err)
	}
	if _, lease, err = s.Begin(t.Context(), ActDrawUp, session, "pl"); err != nil || lease == "" {
		t.Errorf("after giving it back: %v", err)
	}
	if _, err := s.Withdraw(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DrawUp(t.Context(), session, lease, Application{Number: "late", Language: "pl"}, nil, s.now(), s.now()); !isState(err) {
		t.Errorf("after withdrawal: %v", err)
	}
}

// TestHold: a lease that is held outlives its life; when it is let go, it ends.
func TestHold(t *testing.T) {
	s, clock := newStore(t)
	s.holdEvery = time.Millisecond
	session, r := open(t, s, sell(t, s), "")
	walk(t, s, session, CertificateChosen)
	_, held, err := s.Begin(t.Context(), ActDrawUp, session, "pl")
	if err != nil {
		t.Fatal(err)
	}
	stop := s.Hold(t.Context(), r.ID, held)
	until := func() (at int64) {
		t.Helper()
		if err := s.db.QueryRowContext(t.Context(), `SELECT lease_until FROM renewals WHERE id = $1`, r.ID).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	for range 3 {
		clock.advance(LeaseLife - time.Second)
		for until() < clock.now().Add(LeaseLife).Unix() {
			time.Sleep(time.Millisecond)
		}
	}
	stop()
	if _, err := s.DrawUp(t.Context(), session, held, Application{Number: "W/1", Language: "pl"}, nil, s.now(), s.now()); err != nil {
		t.Errorf("under a lease that was held: %v", err)
	}
	if at := until(); at != 0 {
		t.Errorf("the lease lives on until %d", at)
	}
}

// TestDoubleSignature: of different signatures at a time one is kept.
func TestDoubleSignature(t *testing.T) {
	s, _ := newStore(t)
	session, _ := open(t, s, sell(t, s), "")
	walk(t, s, session, TermsAccepted)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = s.SignApplication(t.Context(), session, "W/1", fmt.Append(nil, "cms", i), fmt.Append(nil, "pdf", i))
		})
	}
	wg.Wait()
	kept := slices.IndexFunc(errs, func(err error) bool { return err == nil })
	for i, err := range errs {
		if i != kept && !isState(err) {
			t.Errorf("signature %d: %v", i, err)
		}
	}
	pdf, err := s.Document(t.Context(), session, SignedApplicationPDF)
	if err != nil || string(pdf) != fmt.Sprint("pdf", kept) {
		t.Errorf("kept %q, %v", pdf, err)
	}
}

func TestWatch(t *testing.T) {
	s, _ := newStore(t)
	session, r := open(t, s, sell(t, s), "")
	changed, stop := s.Watch(r.ID)
	walk(t, s, session, CertificateChosen) // several changes, one value waits
	<-changed
	stop()
	if len(s.hub.watchers) != 0 {
		t.Error("watcher left behind")
	}
	if _, err := s.SetStart(t.Context(), session, StartNow); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
		t.Error("told after stop")
	default:
	}
}

func TestUnfinished(t *testing.T) {
	s, _ := newStore(t)
	for _, st := range States {
		session, _ := open(t, s, sell(t, s), "")
		walk(t, s, session, st)
	}
	ids, err := s.Unfinished(t.Context())
	if err != nil || len(ids) != 3 {
		t.Fatalf("%d unfinished, %v", len(ids), err)
	}
	for _, id := range ids {
		r, err := s.ByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Delivered(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if again, _ := s.ByID(t.Context(), id); again.Delivered != (r.State == Issued) {
			t.Errorf("delivered in %s: %t", r.State, again.Delivered)
		}
	}
}
