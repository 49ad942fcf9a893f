package worker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A frame is
//
//	4 bytes  length of the message, big-endian
//	1 byte   length of the secret
//	message  JSON
//	secret   raw bytes: the PIN, never part of the JSON, whose encoder keeps buffers that can't be wiped
const frameHeader = 5

// The most bytes of a message. An answer holds all certificates of all tokens of a module.
const (
	maxRequest  = 64 << 10
	maxResponse = 16 << 20
	maxSecret   = 255
)

// writeFrame writes message and secret at once and wipes its copy of the secret.
func writeFrame(w io.Writer, message any, secret []byte) error {
	if len(secret) > maxSecret {
		return errors.New("secret is too long")
	}
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	frame := make([]byte, 0, frameHeader+len(body)+len(secret)) // never grows: no stray copy
	defer func() { clear(frame[:cap(frame)]) }()
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(body)))
	frame = append(frame, byte(len(secret)))
	frame = append(frame, body...)
	frame = append(frame, secret...)
	_, err = w.Write(frame)
	return err
}

// readFrame reads one frame with a message of at most limit bytes. The caller wipes the secret. It
// gives io.EOF only between frames.
func readFrame(r io.Reader, limit int) (message, secret []byte, err error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, nil, err
	}
	n := binary.BigEndian.Uint32(header[:])
	if uint64(n) > uint64(limit) {
		return nil, nil, fmt.Errorf("message has %d bytes, more than %d", n, limit)
	}
	message = make([]byte, n)
	if _, err := io.ReadFull(r, message); err != nil {
		return nil, nil, cutShort(err)
	}
	secret = make([]byte, header[4])
	if _, err := io.ReadFull(r, secret); err != nil {
		clear(secret)
		return nil, nil, cutShort(err)
	}
	return message, secret, nil
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
