// Package frame has the framing of every byte stream of the agent (a browser's native messaging,
// the session's socket, the service's socket) and the prefaces that open the agent's own sockets.
//
// A frame is a length of four bytes in native byte order and that many bytes, which is what
// browsers speak to a native host, so that the host can hand frames on unread. The package trusts
// no length: a reader states its limit, and nothing is allocated before the limit was checked.
package frame

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// ErrTooLarge is a frame longer than the reader's limit. The stream is of no use after it.
var ErrTooLarge = errors.New("frame is larger than its limit")

// Read reads one frame of at most max bytes. io.EOF means that the stream ended between frames;
// io.ErrUnexpectedEOF that it ended within one.
func Read(r io.Reader, max int) ([]byte, error) {
	return read(r, max, func(n int) []byte { return make([]byte, n) })
}

func read(r io.Reader, max int, alloc func(int) []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.NativeEndian.Uint32(head[:])
	if uint64(size) > uint64(max) {
		return nil, fmt.Errorf("%w: %d of %d bytes", ErrTooLarge, size, max)
	}
	body := alloc(int(size))
	if _, err := io.ReadFull(r, body); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return body, nil
}

// Write writes one frame in one call of w.Write.
func Write(w io.Writer, body []byte) error {
	if uint64(len(body)) > uint64(bridge.MaxRequest) {
		return ErrTooLarge
	}
	buf := make([]byte, 4+len(body))
	binary.NativeEndian.PutUint32(buf, uint32(len(body)))
	copy(buf[4:], body)
	_, err := w.Write(buf)
	return err
}

// Channel is a stream of frames in both directions, for one reader and any number of writers.
type Channel struct {
	stream io.ReadWriteCloser
	max    int
	alloc  func(int) []byte // nil for new memory

	mu sync.Mutex // held for the length of a write
}

// NewChannel frames a stream; max bounds the frames that come in, in bytes.
func NewChannel(stream io.ReadWriteCloser, max int) *Channel {
	return &Channel{stream: stream, max: max}
}

// AllocateBy has the memory of frames that come in given by alloc, which is told how many bytes are wanted. It is for
// before the first Recv.
func (c *Channel) AllocateBy(alloc func(int) []byte) { c.alloc = alloc }

// Recv reads the next frame.
func (c *Channel) Recv() ([]byte, error) {
	if c.alloc != nil {
		return read(c.stream, c.max, c.alloc)
	}
	return Read(c.stream, c.max)
}

// Send writes a frame.
func (c *Channel) Send(body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Write(c.stream, body)
}

// SendJSON writes v as one frame.
func (c *Channel) SendJSON(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding frame: %w", err)
	}
	return c.Send(body)
}

// RecvJSON reads one frame into v, strictly.
func (c *Channel) RecvJSON(v any) error {
	body, err := c.Recv()
	if err != nil {
		return err
	}
	return bridge.Decode(body, v)
}

// Close closes the stream.
func (c *Channel) Close() error { return c.stream.Close() }
