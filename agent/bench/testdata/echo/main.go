// Command echo is the least that a native host can be: it sends each frame back.
package main

import (
	"encoding/binary"
	"io"
	"os"
)

func main() {
	for {
		var head [4]byte
		if _, err := io.ReadFull(os.Stdin, head[:]); err != nil {
			return
		}
		frame := make([]byte, 4+binary.NativeEndian.Uint32(head[:]))
		copy(frame, head[:])
		if _, err := io.ReadFull(os.Stdin, frame[4:]); err != nil {
			return
		}
		if _, err := os.Stdout.Write(frame); err != nil {
			return
		}
	}
}
