package session

import (
	"sync"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// rate is a bucket that holds burst requests and gets one back every interval.
type rate struct {
	burst    float64
	interval time.Duration
}

// Signatures open windows, and activations registrations at the CA, so that a website may ask for few; the
// rest is cheap.
var (
	signRate  = rate{burst: 10, interval: 6 * time.Second}
	otherRate = rate{burst: 60, interval: time.Second}
)

// limiter holds websites to their rates. Only listed origins get here, so its map stays small.
type limiter struct {
	now func() time.Time

	mu      sync.Mutex // guards the field that follows
	buckets map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, buckets: map[string]*bucket{}}
}

// allow takes one request of the origin's, if it has one left.
func (l *limiter) allow(origin, method string) bool {
	r, key := otherRate, origin
	if method == bridge.MethodCreateSignature || method == bridge.MethodActivateRSign {
		r, key = signRate, origin+" "+method
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.buckets[key]
	if b == nil {
		b = &bucket{left: r.burst, at: now}
		l.buckets[key] = b
	}
	b.left = min(r.burst, b.left+float64(now.Sub(b.at))/float64(r.interval))
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
