package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Problem is one place where a log is not what was written.
type Problem struct {
	File string `json:"file"` // name without its folder
	Line int    `json:"line"` // from 1; 0 where it is about the whole file
	What string `json:"what"`
}

func (p Problem) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.What)
	}
	return p.File + ": " + p.What
}

// Report is what [Verify] found.
type Report struct {
	Files   int `json:"files"`
	Records int `json:"records"`
	// First and Last are the numbers of the first and last record. Those before First were rotated away.
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	// Head is the hash of the last line. The system's log has the same beside the record's number.
	Head string `json:"head"`
	// HalfLine says that the program died while it wrote the last line. That is no problem: nothing
	// was signed on the strength of it, and the next record mends it.
	HalfLine bool      `json:"halfLine"`
	Problems []Problem `json:"problems"`
}

// Verify follows the chain through all files of the log at path, the oldest first. Where path is one of
// the full files, through that alone. head, where it is not empty, is the hash of a record that must
// be in it. An error means that the log could not be read.
func Verify(path, head string) (Report, error) {
	v := verifier{head: head, Report: Report{Problems: []Problem{}}}
	full, err := fullFiles(path)
	if err != nil {
		return v.Report, err
	}
	for _, f := range append(full, numbered{path: path}) {
		err := v.file(f.path)
		if errors.Is(err, fs.ErrNotExist) && len(full) > 0 {
			continue // between two files
		}
		if err != nil {
			return v.Report, fmt.Errorf("reading audit log: %w", err)
		}
	}
	if head != "" && !v.seen {
		v.problem(0, "the record with the hash %s is not in the log: its end was cut off, or changed", head)
	}
	return v.Report, nil
}

// verifier follows a chain.
type verifier struct {
	Report
	head   string
	seen   bool
	name   string // of the file that is read
	number uint64 // of the file that is read
	before place
}

// place is a line and what the next must say of it.
type place struct {
	file   string
	line   int
	number uint64
	hash   string // empty for a line that is no record, which was told already
}

func (v *verifier) problem(line int, format string, args ...any) {
	v.Problems = append(v.Problems, Problem{v.name, line, fmt.Sprintf(format, args...)})
}

func (v *verifier) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	v.Files++
	v.name = filepath.Base(path)
	r := bufio.NewReaderSize(f, 2*maxLine)
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			v.HalfLine = len(line) > 0
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			v.problem(n, "longer than any record; what follows was not read")
			return nil
		case err != nil:
			return err
		}
		if v.HalfLine { // within the log there is none
			v.HalfLine = false
			v.problem(n, "a line without an end stands before this file")
		}
		v.line(n, bytes.TrimSuffix(line, []byte("\n")))
	}
}

// line checks one line against the one before. Whatever is wrong, the next is held against this one, so that
// each place is told once.
func (v *verifier) line(n int, line []byte) {
	e, err := parse(line)
	hash := hashOf(line)
	v.seen = v.seen || hash == v.head
	at := place{v.name, n, e.Number, hash}
	if err != nil {
		v.problem(n, "not a record: it was changed or put in")
		at.number, at.hash = v.before.number+1, ""
	} else {
		if n == 1 {
			v.first(e)
		} else if e.File != 0 {
			v.problem(n, "the first line of a file stands in the middle of one")
		}
		v.follows(n, e)
		v.Last = e.Number
	}
	if v.Records == 0 {
		v.First = at.number
	}
	v.Records++
	v.before, v.Head = at, hash
}

// first checks the beginning of a file.
func (v *verifier) first(e Entry) {
	switch {
	case e.File == 0:
		v.problem(1, "lines were taken off the beginning of the file")
		v.number++
		return
	case v.Records > 0 && e.File != v.number+1:
		v.problem(0, "file %d follows file %d", e.File, v.number)
	}
	v.number = e.File
}

func (v *verifier) follows(n int, e Entry) {
	if v.Records == 0 && e.Number > 1 {
		return // what was before is rotated away
	}
	next := v.before.number + 1
	switch {
	case e.Number > next:
		v.problem(n, "records %d to %d before this line were taken out", next, e.Number-1)
	case e.Number < next:
		v.problem(n, "record %d was put in here, or moved", e.Number)
	case v.before.hash != "" && e.Previous != v.before.hash:
		v.Problems = append(v.Problems, Problem{v.before.file, v.before.line, "this line was changed"})
	case v.Records == 0 && e.Previous != "":
		v.problem(n, "the first record names one before it")
	}
}
