package access

import (
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	now := time.Unix(0, 0)
	l := NewLimiter(func() time.Time { return now })
	count := func(who string, q Request) (n int) {
		for n < 1000 && l.Allow(who, q) {
			n++
		}
		return n
	}
	sign := rates[Sign]
	for name, c := range map[string]struct {
		who  string
		what Request
		want float64
	}{
		"signatures":            {"a", Sign, sign.burst},
		"another website's":     {"b", Sign, sign.burst},
		"activations beside":    {"a", Activate, rates[Activate].burst},
		"lists":                 {"a", List, otherRate.burst},
		"pairings of a user":    {"1000", Pair, rates[Pair].burst},
		"records of a user":     {"1000", Record, rates[Record].burst},
		"cancelling is no rate": {"a", Cancel, 1000},
	} {
		if got := count(c.who, c.what); got != int(c.want) {
			t.Errorf("%s: got %d, want %v", name, got, c.want)
		}
	}
	if got := count("a", Diagnose); got != 0 {
		t.Errorf("diagnosis after the lists: got %d, want 0", got)
	}
	now = now.Add(2 * sign.interval)
	if got := count("a", Sign); got != 2 {
		t.Errorf("after two intervals: got %d, want 2", got)
	}
	now = now.Add(24 * time.Hour)
	if got := count("a", Sign); got != int(sign.burst) {
		t.Errorf("after a day: got %d, want %v", got, sign.burst)
	}
}

// TestSlots: no user takes another's place, and all together not the machine's.
func TestSlots(t *testing.T) {
	s := NewSlots(2, 5)
	take := func(user string, want bool) func() {
		t.Helper()
		free, ok := s.Take(user)
		if ok != want {
			t.Errorf("user %s: got %v, want %v", user, ok, want)
		}
		return free
	}
	first := take("a", true)
	take("a", true)
	take("a", false)
	take("b", true)
	take("b", true)
	take("", true)
	take("c", false) // all are taken
	take("", false)
	first()
	first() // twice gives back once
	take("c", true)
	take("a", false)
	unknown := NewSlots(1, 3)
	for range 3 {
		if _, ok := unknown.Take(""); !ok {
			t.Error("users that nobody names are held to be one")
		}
	}
}
