package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Verify checks a whole log and gives the number of its records and the hash of the last, which
// is 64 zeros for an empty log. The error wraps ErrChain or ErrTorn and names the line.
func Verify(r io.Reader) (n int, head string, err error) {
	s, err := scan(r)
	return int(s.seq), s.head, err
}

// scanned is what the good lines of a log come to.
type scanned struct {
	size int64 // bytes of whole lines
	seq  uint64
	head string
	torn []byte // what stands after the last newline
}

func scan(r io.Reader) (scanned, error) {
	s := scanned{head: strings.Repeat("0", 64)}
	in := bufio.NewReaderSize(r, MaxLine+1)
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return s, nil
		case errors.Is(err, io.EOF):
			s.torn = bytes.Clone(line)
			return s, fmt.Errorf("line %d: %w", s.seq+1, ErrTorn)
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return s, fmt.Errorf("reading line %d: %w", s.seq+1, err)
		case err != nil:
			return s, fmt.Errorf("line %d is too long: %w", s.seq+1, ErrChain)
		}
		if err := follows(s, line[:len(line)-1]); err != nil {
			return s, fmt.Errorf("line %d: %w: %w", s.seq+1, ErrChain, err)
		}
		s.seq++
		s.head = hash(line[:len(line)-1])
		s.size += int64(len(line))
	}
}

func follows(s scanned, line []byte) error {
	var rec Record
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&rec); err != nil {
		return errors.New("not a record")
	}
	// One form for one record: spaces or repeated names would let two readers see two things.
	if again, err := json.Marshal(rec); err != nil || !bytes.Equal(again, line) {
		return errors.New("not in its only form")
	}
	if _, err := time.Parse(time.RFC3339Nano, rec.Time); err != nil {
		return errors.New("time is malformed")
	}
	if rec.Seq != s.seq+1 {
		return fmt.Errorf("its number is %d", rec.Seq)
	}
	if rec.Prev != s.head {
		return errors.New("does not follow the line before it")
	}
	return nil
}
