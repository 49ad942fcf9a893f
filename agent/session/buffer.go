package session

import (
	"math/bits"
	"sync"
)

// maxKept is the largest buffer that is kept, in bytes.
const maxKept = 4 << 20

// buffers are those of documents that were signed, for the next: the system takes longer to give memory of that size
// than a document takes to be decoded. The garbage collector takes them when nobody signs any more.
var buffers sync.Pool // of *[]byte

// takeBuffer gives n bytes that may have anything in them.
func takeBuffer(n int) []byte {
	if n < minLift || n > maxKept {
		return make([]byte, n)
	}
	if b, ok := buffers.Get().(*[]byte); ok && cap(*b) >= n {
		return (*b)[:n]
	}
	return make([]byte, n, 1<<bits.Len(uint(n-1))) // so that it fits others of about this size
}

// giveBuffer gives back what takeBuffer gave. Nobody may look at it any more: what they see may be
// another's document.
func giveBuffer(b []byte) {
	if minLift <= cap(b) && cap(b) <= maxKept {
		buffers.Put(&b)
	}
}
