package access

import (
	"sync"
	"time"
)

// rate is a bucket that holds burst requests and gets one back every interval.
type rate struct {
	burst    float64
	interval time.Duration
}

// rates are those of requests that cost something. Signatures open windows, and activations registrations
// at the CA, so that a website may ask for few. Pairing opens a window for whoever reached the port. Each
// record is a line on the disk.
var rates = map[Request]rate{
	Sign:     {burst: 10, interval: 6 * time.Second},
	Activate: {burst: 10, interval: 6 * time.Second},
	Pair:     {burst: 10, interval: 20 * time.Second},
	Record:   {burst: 60, interval: time.Second},
}

// otherRate is that of all other requests together.
var otherRate = rate{burst: 60, interval: time.Second}

// Limiter holds callers to the rates. Callers are listed websites, or users who have a session, so that its
// map stays small.
type Limiter struct {
	now func() time.Time

	mu      sync.Mutex // guards the field that follows
	buckets map[key]*bucket
}

type key struct {
	who  string
	what Request // empty for all that have no rate of their own
}

type bucket struct {
	left float64
	at   time.Time
}

// NewLimiter makes a limiter; now is the clock.
func NewLimiter(now func() time.Time) *Limiter {
	return &Limiter{now: now, buckets: map[key]*bucket{}}
}

// Allow takes one request of the caller's, if it has one left. Cancelling is always possible.
func (l *Limiter) Allow(who string, q Request) bool {
	if q == Cancel {
		return true
	}
	r, k := otherRate, key{who: who}
	if own, ok := rates[q]; ok {
		r, k = own, key{who, q}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.buckets[k]
	if b == nil {
		b = &bucket{left: r.burst, at: now}
		l.buckets[k] = b
	}
	b.left = min(r.burst, b.left+float64(now.Sub(b.at))/float64(r.interval))
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// Slots bounds how many connections there are at a time, of one user and of all. Those whose user the system
// does not name count among all alone.
type Slots struct {
	each, all int

	mu    sync.Mutex // guards the fields that follow
	used  map[string]int
	total int
}

// NewSlots makes slots: each for one user, all for everybody.
func NewSlots(each, all int) *Slots { return &Slots{each: each, all: all, used: map[string]int{}} }

// Take takes a slot, if the user has one left; free gives it back.
func (s *Slots) Take(user string) (free func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if (user != "" && s.used[user] >= s.each) || s.total >= s.all {
		return nil, false
	}
	s.used[user]++
	s.total++
	return sync.OnceFunc(func() { s.free(user) }), true
}

func (s *Slots) free(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.used[user]--; s.used[user] == 0 {
		delete(s.used, user)
	}
}
