package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/odnowa/odnowa/agent/frame"
)

// chunk is how much is handed on at a time, in bytes. A frame does not wait here until it is whole: a
// document would otherwise be copied whole once more on its way.
const chunk = 128 << 10

// relay hands frames on until the source ends. What it reads of them is their lengths: the bytes of one
// that is larger than max are not handed on.
func relay(to io.Writer, from io.Reader, max int) error {
	lengths := lengths{max: uint64(max)}
	buf := make([]byte, chunk)
	for {
		n, err := from.Read(buf)
		good, bad := lengths.follow(buf[:n])
		if good > 0 {
			if _, err := to.Write(buf[:good]); err != nil {
				return fmt.Errorf("writing frame: %w", err)
			}
		}
		switch {
		case bad != nil:
			return fmt.Errorf("reading frame: %w", bad)
		case errors.Is(err, io.EOF) && lengths.between():
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("reading frame: %w", io.ErrUnexpectedEOF)
		case err != nil:
			return fmt.Errorf("reading frame: %w", err)
		}
	}
}

// lengths follows the frames of a stream by their lengths.
type lengths struct {
	max  uint64
	head [4]byte
	have int    // bytes of head that are there
	left uint64 // bytes of the body that are to come
}

// between says whether the stream is between two frames.
func (l *lengths) between() bool { return l.have == 0 && l.left == 0 }

// follow gives how much of the next part of the stream may be handed on, and an error where that is not all.
func (l *lengths) follow(part []byte) (good int, err error) {
	for good < len(part) {
		if l.left > 0 {
			n := min(uint64(len(part)-good), l.left)
			l.left -= n
			good += int(n)
			continue
		}
		n := copy(l.head[l.have:], part[good:])
		l.have += n
		if l.have < len(l.head) {
			return good + n, nil
		}
		size := uint64(binary.NativeEndian.Uint32(l.head[:]))
		if size > l.max {
			return good, fmt.Errorf("%w: %d of %d bytes", frame.ErrTooLarge, size, l.max)
		}
		l.have, l.left = 0, size
		good += n
	}
	return good, nil
}
