package renewal

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// testClock is a clock that tests move.
type testClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newStore(t *testing.T) (*Store, *testClock) {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "code.key")
	if err := CreateKeyFile(key); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "renewals %?#.db")
	s, err := OpenStore(t.Context(), path, key)
	if err != nil {
		t.Fatal(err)
	}
	// The tests make thousands of commits and need none of them after a power cut.
	quick, err := sql.Open("sqlite", strings.Replace(dsn(path), "synchronous(FULL)", "synchronous(OFF)", 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	s.db = quick
	t.Cleanup(func() { s.Close() })
	clock := &testClock{t: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	s.now = clock.now
	return s, clock
}

func sell(t *testing.T, s *Store) string {
	t.Helper()
	code, err := s.CreateCode(t.Context(), Offer{Months: 24, Target: TargetCloud})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func open(t *testing.T, s *Store, code, session string) (string, *Renewal) {
	t.Helper()
	session, r, err := s.Open(t.Context(), code, "192.0.2.1", session)
	if err != nil {
		t.Fatal(err)
	}
	return session, r
}

func TestCreateCodeRefusals(t *testing.T) {
	s, _ := newStore(t)
	for _, o := range []Offer{{}, {Months: 24}, {Months: 13, Target: TargetCloud}, {Months: 24, Target: "moon"}} {
		if code, err := s.CreateCode(t.Context(), o); err == nil {
			t.Errorf("%+v was sold as %s", o, code)
		}
	}
}

func TestOpenKeepsOffer(t *testing.T) {
	s, clock := newStore(t)
	want := Contract{With: "TEST Sp. z o.o.", About: "TEST"}
	code, err := s.CreateCode(t.Context(), Offer{Months: 36, Target: TargetCloud, Contract: &want})
	if err != nil {
		t.Fatal(err)
	}
	session, r := open(t, s, code, "")
	if r.State != Opened || r.Offer.Months != 36 || r.Offer.Contract == nil || *r.Offer.Contract != want || len(session) != 43 {
		t.Errorf("opened %+v in session of %d characters", r, len(session))
	}
	if !r.Expires.Equal(clock.now().Add(CodeLife)) {
		t.Errorf("expires %s", r.Expires)
	}
}

func TestOpenRefusals(t *testing.T) {
	s, clock := newStore(t)
	card, err := s.CreateCode(t.Context(), Offer{Months: 24, Target: TargetCard})
	if err != nil {
		t.Fatal(err)
	}
	code := sell(t, s)
	used := sell(t, s)
	session, _ := open(t, s, used, "")
	walk(t, s, session, Confirmed)
	for name, c := range map[string]struct {
		code string
		want error
	}{
		"malformed":     {code[1:], ErrCodeMalformed},
		"unknown":       {formatCode(newCode()), ErrCodeUnknown},
		"other product": {card, ErrCodeOtherProduct},
		"used":          {used, ErrCodeUsed},
	} {
		if session, r, err := s.Open(t.Context(), c.code, "192.0.2.1", ""); !errors.Is(err, c.want) || r != nil || session != "" {
			t.Errorf("%s: %v, %v; want %v", name, r, err, c.want)
		}
	}
	clock.advance(CodeLife)
	if _, _, err := s.Open(t.Context(), code, "192.0.2.1", ""); !errors.Is(err, ErrCodeExpired) {
		t.Errorf("after 90 days: %v", err)
	}
	if _, _, err := s.Open(t.Context(), used, "192.0.2.1", ""); !errors.Is(err, ErrCodeUsed) {
		t.Errorf("used, after 90 days: %v", err)
	}
}

func TestOpenFromAnotherBrowser(t *testing.T) {
	s, _ := newStore(t)
	code := sell(t, s)
	first, _ := open(t, s, code, "")
	walk(t, s, first, ConfirmationDrawnUp)

	again, r := open(t, s, code, first)
	if again != first || r.State != ConfirmationDrawnUp {
		t.Fatalf("the same browser: %s, new session %t", r.State, again != first)
	}
	second, r := open(t, s, code, "")
	if r.State != Opened || second == first {
		t.Fatalf("another browser: %s", r.State)
	}
	if len(r.Certificate) != 0 || r.Subject != (Subject{}) || r.Contact != (Contact{}) ||
		r.Application.Number != "" || r.Phone != (Phone{}) || r.Confirmation != (Confirmation{}) || !r.NotBefore.IsZero() {
		t.Errorf("another browser sees %+v", r)
	}
	for _, d := range []Document{ApplicationPDF, SignedApplicationPDF, ApplicationCMS, ConfirmationText} {
		if b, err := s.Document(t.Context(), second, d); !isState(err) {
			t.Errorf("another browser reads %s: %d bytes, %v", d, len(b), err)
		}
	}
	if _, err := s.Get(t.Context(), first); !errors.Is(err, ErrNoSession) {
		t.Errorf("the first browser still has it: %v", err)
	}
	voids, err := s.Voids(t.Context())
	if err != nil || len(voids) != 2 || voids[0] != (Void{VoidApplication, "W/1"}) || voids[1] != (Void{VoidEnrolment, "e1"}) {
		t.Errorf("voids %v, %v", voids, err)
	}
	for _, v := range voids {
		if err := s.Voided(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	if voids, err = s.Voids(t.Context()); len(voids) != 0 {
		t.Errorf("voids %v, %v", voids, err)
	}
}

func TestSessionEnds(t *testing.T) {
	s, clock := newStore(t)
	code := sell(t, s)
	session, _ := open(t, s, code, "")
	walk(t, s, session, CertificateChosen)
	clock.advance(SessionLife)
	if _, err := s.Get(t.Context(), session); !errors.Is(err, ErrNoSession) {
		t.Errorf("after a day: %v", err)
	}
	fresh, r := open(t, s, code, session)
	if fresh == session || r.State != Opened {
		t.Errorf("the old session was taken up again in %s", r.State)
	}
	if err := s.Leave(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), fresh); !errors.Is(err, ErrNoSession) {
		t.Errorf("after leaving: %v", err)
	}
	if err := s.Leave(t.Context(), fresh); err != nil {
		t.Errorf("leaving twice: %v", err)
	}
}

func TestTries(t *testing.T) {
	s, clock := newStore(t)
	good := sell(t, s)
	try := func(code, client string) error {
		_, _, err := s.Open(t.Context(), code, client, "")
		return err
	}
	for i := range TriesPerClient {
		if err := try(formatCode(newCode()), "a"); !errors.Is(err, ErrCodeUnknown) {
			t.Fatalf("try %d: %v", i, err)
		}
		for range 2 { // neither slips nor right codes use up tries
			if err := try(good[1:], "a"); !errors.Is(err, ErrCodeMalformed) {
				t.Fatal(err)
			}
		}
		if i < TriesPerClient-1 {
			if err := try(good, "a"); err != nil {
				t.Fatal(err)
			}
		}
	}
	var tries *TriesError
	if err := try(good, "a"); !errors.As(err, &tries) || tries.RetryAfter != time.Hour {
		t.Fatalf("after %d unknown codes: %v", TriesPerClient, err)
	}
	if err := try(good, "b"); err != nil {
		t.Errorf("another client: %v", err)
	}
	clock.advance(time.Hour)
	if err := try(good, "a"); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

// TestTriesInParallel: no number of requests at a time gets more tries.
func TestTriesInParallel(t *testing.T) {
	s, _ := newStore(t)
	var unknown, refused int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 3 * TriesPerClient {
		wg.Go(func() {
			_, _, err := s.Open(t.Context(), formatCode(newCode()), "a", "")
			var tries *TriesError
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, ErrCodeUnknown):
				unknown++
			case errors.As(err, &tries):
				refused++
			default:
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if unknown != TriesPerClient || refused != 2*TriesPerClient {
		t.Errorf("%d tried, %d refused", unknown, refused)
	}
}

func TestTriesOverall(t *testing.T) {
	s, _ := newStore(t)
	if _, err := s.db.Exec(`INSERT INTO tries (client, window_start, count) VALUES ($1, $2, $3)`,
		[]byte{}, s.now().Truncate(TriesWindow).Unix(), TriesOverall); err != nil {
		t.Fatal(err)
	}
	var tries *TriesError
	if _, _, err := s.Open(t.Context(), formatCode(newCode()), "a", ""); !errors.As(err, &tries) {
		t.Errorf("%v", err)
	}
}

// TestParallelOpens: one browser gets the renewal, the others have lost it.
func TestParallelOpens(t *testing.T) {
	s, _ := newStore(t)
	code := sell(t, s)
	sessions := make([]string, 8)
	var wg sync.WaitGroup
	for i := range sessions {
		wg.Go(func() {
			var err error
			if sessions[i], _, err = s.Open(t.Context(), code, "a", ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var carrying int
	for _, session := range sessions {
		if _, err := s.Get(t.Context(), session); err == nil {
			carrying++
		} else if !errors.Is(err, ErrNoSession) {
			t.Error(err)
		}
	}
	if carrying != 1 {
		t.Errorf("%d sessions carry the renewal", carrying)
	}
}

// TestNothingReadableInDatabase: neither code nor session can be read out of the files.
func TestNothingReadableInDatabase(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := CreateKeyFile(key); err != nil {
		t.Fatal(err)
	}
	s, err := OpenStore(t.Context(), filepath.Join(dir, "db"), key)
	if err != nil {
		t.Fatal(err)
	}
	code := sell(t, s)
	session, _ := open(t, s, code, "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "db*"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{code, strings.ReplaceAll(code, "-", ""), session, "192.0.2.1"} {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds a secret", filepath.Base(f))
			}
		}
	}
}
