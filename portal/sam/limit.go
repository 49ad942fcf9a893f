package sam

import (
	"net/netip"
	"sync"
	"time"
)

// maxBuckets bounds the limiter's memory; when it is full of addresses that are still in use, new
// ones are refused.
const maxBuckets = 20_000

// limiter is a token bucket for each network address.
type limiter struct {
	perSecond, burst float64
	now              func() time.Time

	mu      sync.Mutex // guards the field that follows
	buckets map[netip.Prefix]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(perMinute int, now func() time.Time) *limiter {
	return &limiter{
		perSecond: float64(perMinute) / 60, burst: max(1, float64(perMinute)/3),
		now: now, buckets: map[netip.Prefix]bucket{},
	}
}

// allow takes one token of the caller's bucket. remote is host:port.
func (l *limiter) allow(remote string) bool {
	p, err := netip.ParseAddrPort(remote)
	return err == nil && l.allowNetwork(networkOf(p.Addr()))
}

// networkOf is what counts as one caller: an address, or of IPv6 the /64 that a subscriber has.
func networkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	return netip.PrefixFrom(addr, bits).Masked()
}

func (l *limiter) allowNetwork(network netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, known := l.buckets[network]
	if !known {
		if len(l.buckets) >= maxBuckets && !l.forgetLocked(now) {
			return false
		}
		b.tokens = l.burst
	} else {
		b.tokens = min(l.burst, b.tokens+now.Sub(b.at).Seconds()*l.perSecond)
	}
	b.at = now
	allowed := b.tokens >= 1
	if allowed {
		b.tokens--
	}
	l.buckets[network] = b
	return allowed
}

// forgetLocked drops buckets that are full again by now.
func (l *limiter) forgetLocked(now time.Time) (some bool) {
	for k, b := range l.buckets {
		if b.tokens+now.Sub(b.at).Seconds()*l.perSecond >= l.burst {
			delete(l.buckets, k)
			some = true
		}
	}
	return some
}
