package session

import "testing"

// TestBuffers: what is given has the size that is wanted, whatever was given back; neither what is small nor what is large is kept.
func TestBuffers(t *testing.T) {
	for _, n := range []int{0, 1, minLift - 1, minLift, minLift + 1, 1 << 20, 100_000, 1<<20 + 3, maxKept - 1, maxKept, maxKept + 1, 3 * maxKept} {
		b := takeBuffer(n)
		if len(b) != n {
			t.Fatalf("%d bytes, want %d", len(b), n)
		}
		if n > maxKept && cap(b) > 2*n {
			t.Errorf("%d bytes for %d", cap(b), n)
		}
		giveBuffer(b)
	}
	giveBuffer(nil)
	if b := takeBuffer(minLift); len(b) != minLift {
		t.Errorf("%d bytes", len(b))
	}
}
