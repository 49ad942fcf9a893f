package renewal

import (
	"errors"
	"testing"
)

var (
	testHolder = Subject{CommonName: "Żaneta TESTOWA", Surname: "TESTOWA", SerialNumber: "PNOPL-00000000000", Country: "PL"}
	testOther  = Subject{CommonName: "Wacław TESTOWY", Surname: "TESTOWY", SerialNumber: "PNOPL-99999999999", Country: "PL"}
)

// shows chooses a certificate of this subject, in a session of its own.
func shows(t *testing.T, s *Store, code string, who Subject) (session string, err error) {
	t.Helper()
	session, _ = open(t, s, code, "")
	walk(t, s, session, StartChosen)
	_, err = s.SetCertificate(t.Context(), session, StartNow, Checked{Certificate: []byte(who.CommonName), Subject: who})
	return session, err
}

func TestOtherPerson(t *testing.T) {
	s, _ := newStore(t)
	code := sell(t, s)
	for _, who := range []Subject{testOther, testHolder} {
		session, err := shows(t, s, code, who)
		if err != nil {
			t.Fatalf("before anybody has signed: %v", err)
		}
		walk(t, s, session, TermsAccepted) // even when an application was drawn up
	}
	session, err := shows(t, s, code, testHolder)
	if err != nil {
		t.Fatal(err)
	}
	walk(t, s, session, ApplicationSigned)
	if _, err := s.Withdraw(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	walk(t, s, session, StartChosen)
	refused := func(session string, who Subject) {
		t.Helper()
		before, err := s.Get(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.SetCertificate(t.Context(), session, StartNow, Checked{Certificate: []byte("x"), Subject: who})
		if after, _ := s.Get(t.Context(), session); !errors.Is(err, ErrOtherPerson) || after.Version != before.Version {
			t.Errorf("%s: %v", who.CommonName, err)
		}
	}
	refused(session, testOther) // in the same session
	again, _ := open(t, s, code, "")
	walk(t, s, again, StartChosen)
	refused(again, testOther) // and in another
	refused(again, Subject{CommonName: testHolder.CommonName, Country: "PL"})
	refused(again, Subject{CommonName: testHolder.CommonName, SerialNumber: testHolder.SerialNumber, Country: "LT"})
	married := testHolder
	married.CommonName, married.Surname = "Żaneta TESTOWA-PRÓBNA", "TESTOWA-PRÓBNA"
	if _, err := shows(t, s, code, married); err != nil {
		t.Errorf("the same person under another name: %v", err)
	}
	// Where the order matters, the state is told first.
	if _, err := s.SetStart(t.Context(), again, StartNow); !errors.Is(err, ErrNoSession) {
		t.Errorf("a session that has lost its renewal: %v", err)
	}
	fresh, _ := open(t, s, code, "")
	if _, err := s.SetCertificate(t.Context(), fresh, StartNow, Checked{Subject: testOther}); !isState(err) {
		t.Errorf("certificate before the start: %v", err)
	}
}

// TestPersonWithoutNumber: names are all there is.
func TestPersonWithoutNumber(t *testing.T) {
	s, _ := newStore(t)
	code := sell(t, s)
	session, err := shows(t, s, code, Subject{CommonName: "A TEST", Country: "PL"})
	if err != nil {
		t.Fatal(err)
	}
	walk(t, s, session, ApplicationSigned)
	if _, err := shows(t, s, code, Subject{CommonName: "B TEST", Country: "PL"}); !errors.Is(err, ErrOtherPerson) {
		t.Errorf("another name: %v", err)
	}
	if _, err := shows(t, s, code, Subject{CommonName: "A TEST", Country: "PL"}); err != nil {
		t.Errorf("the same name: %v", err)
	}
}
