package host

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/odnowa/odnowa/agent/frame"
)

// relay hands frames on until the source ends, in pieces of at most chunk bytes where it has to copy them: a document
// that waited here until it is whole would be copied whole once more. What it reads of frames is their lengths:
// nothing is handed on of one that is larger than max.
func relay(to io.Writer, from io.Reader, max int) error {
	in := bufio.NewReaderSize(from, chunk)
	for {
		head, err := in.Peek(4)
		switch {
		case errors.Is(err, io.EOF) && len(head) == 0:
			return nil
		case err != nil:
			return readError(err)
		}
		size := binary.NativeEndian.Uint32(head)
		if uint64(size) > uint64(max) {
			return fmt.Errorf("reading frame: %w: %d of %d bytes", frame.ErrTooLarge, size, max)
		}
		for left := 4 + int64(size); left > 0; {
			n, err := hand(to, in, from, left)
			if err != nil {
				return err
			}
			left -= n
		}
	}
}

// hand hands on some of what is left of a frame: what is there, or else what comes next.
func hand(to io.Writer, in *bufio.Reader, from io.Reader, left int64) (int64, error) {
	if in.Buffered() == 0 {
		if n, err := splice(to, from, left); n > 0 || err != nil {
			return n, err
		}
		if _, err := in.Peek(1); err != nil {
			return 0, readError(err)
		}
	}
	part, err := in.Peek(int(min(left, int64(in.Buffered()))))
	if err != nil {
		return 0, readError(err)
	}
	n, err := to.Write(part)
	if err != nil {
		return 0, fmt.Errorf("writing frame: %w", err)
	}
	_, err = in.Discard(n)
	return int64(n), err
}

// readError is an end where there should be none, or any other.
func readError(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading frame: %w", err)
}
