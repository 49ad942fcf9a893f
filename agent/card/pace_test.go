package card

import (
	"testing"
	"time"
)

func TestNextPace(t *testing.T) {
	const first = 2 * time.Second
	looks, pace := 0, first
	for at := time.Duration(0); at < time.Minute; at += pace {
		if pace < first || pace > 5*first {
			t.Fatalf("a pause of %v", pace)
		}
		pace = nextPace(pace, first, false)
		looks++
	}
	if looks > 10 {
		t.Errorf("%d looks in a minute in which nothing changes", looks)
	}
	if got := nextPace(pace, first, true); got != first {
		t.Errorf("after a change it pauses for %v, want %v", got, first)
	}
}
