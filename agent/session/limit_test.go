package session

import (
	"testing"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestLimiter(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(func() time.Time { return now })
	count := func(origin, method string) (n int) {
		for n < 1000 && l.allow(origin, method) {
			n++
		}
		return n
	}
	if got := count("a", bridge.MethodCreateSignature); got != int(signRate.burst) {
		t.Errorf("signatures at once: got %d, want %v", got, signRate.burst)
	}
	if got := count("b", bridge.MethodCreateSignature); got != int(signRate.burst) {
		t.Errorf("another website: got %d, want %v", got, signRate.burst)
	}
	if got := count("a", bridge.MethodListCertificate); got != int(otherRate.burst) {
		t.Errorf("lists: got %d, want %v", got, otherRate.burst)
	}
	now = now.Add(2 * signRate.interval)
	if got := count("a", bridge.MethodCreateSignature); got != 2 {
		t.Errorf("after two intervals: got %d, want 2", got)
	}
	now = now.Add(24 * time.Hour)
	if got := count("a", bridge.MethodCreateSignature); got != int(signRate.burst) {
		t.Errorf("after a day: got %d, want %v", got, signRate.burst)
	}
}
