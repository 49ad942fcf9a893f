package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/lock"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// Defaults of Options: some 350,000 records.
const (
	DefaultFileBytes = 8 << 20
	DefaultFiles     = 20
)

// maxLine is the most bytes of a line.
const maxLine = 8 << 10

// Options of a log. The zero value has the defaults and no system log.
type Options struct {
	// FileBytes is how large a file may get before the next one begins.
	FileBytes int
	// Files is how many are kept, the current one among them; the oldest goes first.
	Files int
	// System is told of every record that was written; nil for nobody.
	System System
	// Now is the clock.
	Now func() time.Time
}

// System is the operating system's log. What it does with errors is its own matter: the file is the record.
type System interface {
	Record(n uint64, hash string, r Record)
}

// Entry is a line of the log.
type Entry struct {
	// Number counts the records of the log from 1, over all files.
	Number uint64 `json:"n"`
	// Previous is the lower-case hexadecimal SHA-256 of the line before this one, without its line feed,
	// whichever file that is in; of the very first line it is empty.
	Previous string `json:"prev"`
	// File counts the log's files from 1. It stands in the first line of each, so that lines cannot be
	// taken off the beginning.
	File uint64 `json:"file,omitempty"`
	Record
}

// File is a log in a file of JSON lines. When it is full it becomes audit-000001.jsonl and so on,
// beside it. Several processes may write to one log.
type File struct {
	path string
	Options
	mu      sync.Mutex    // held for the length of a Write
	last    known         // guarded by mu
	telling chan struct{} // holds a token while System is told
}

// Open makes the log's folder, for its owner alone, and mends what a crash has left.
func Open(path string, o Options) (*File, error) {
	if o.FileBytes == 0 {
		o.FileBytes = DefaultFileBytes
	}
	if o.Files == 0 {
		o.Files = DefaultFiles
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := local.MakePrivate(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	l := &File{path: path, Options: o, telling: make(chan struct{}, 1)}
	return l, l.locked(func(*chain) error { return nil })
}

// Write appends one line and brings it to the disk.
func (l *File) Write(r Record) error {
	var hash string
	var number uint64
	err := l.locked(func(c *chain) error {
		err := c.append(r)
		number, hash = c.number, c.hash
		return err
	})
	if err != nil {
		return fmt.Errorf("writing audit record: %w", err)
	}
	l.tell(number, hash, r)
	return nil
}

// Close ends the log. There is nothing to do: no file stays open between records.
func (l *File) Close() error { return nil }

// locked runs do at the end of the chain while no other process writes.
func (l *File) locked(do func(*chain) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	held, err := lock.Wait(l.path + ".lock")
	if err != nil {
		return fmt.Errorf("locking audit log: %w", err)
	}
	defer held.Close()
	c := &chain{log: l}
	defer c.close()
	if err := c.open(); err != nil {
		return err
	}
	return do(c)
}

// chain is the log, open at its end.
type chain struct {
	log *File
	f   *os.File // the current file
	end
}

// end is where a log ends. Before the first record number is 0 and hash empty.
type end struct {
	size   int64  // of the current file
	file   uint64 // its number
	number uint64 // of the last record
	hash   string // of the last line
}

// known is the end as this process left it, and what the file was then.
type known struct {
	end
	info fs.FileInfo // nil where it is not known
}

func (c *chain) close() {
	if c.f != nil {
		c.f.Close() // what was written was synced
	}
}

// open finds where the log ends, and mends what a crash has left: a line without an end is taken off, and that
// is recorded.
func (c *chain) open() (err error) {
	if c.f, err = os.OpenFile(c.log.path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return fmt.Errorf("opening audit log: %w", err)
	}
	if c.isUnchanged() {
		return nil
	}
	tail, size, err := readTail(c.f)
	if err != nil {
		return err
	}
	i := bytes.LastIndexByte(tail, '\n') + 1
	half := tail[i:]
	c.size = size - int64(len(half))
	if err := c.settle(tail[:i]); err != nil || len(half) == 0 {
		return err
	}
	if err := c.f.Truncate(c.size); err != nil {
		return fmt.Errorf("taking off a half-written line: %w", err)
	}
	return c.append(Record{Time: c.log.Now().UTC(), Action: ActionRecover, Digest: hashOf(half), Outcome: Recovered})
}

// settle finds the last line: the current file's, or that of the newest full one.
func (c *chain) settle(lines []byte) error {
	full, err := fullFiles(c.log.path)
	if err != nil {
		return err
	}
	if len(full) > 0 {
		c.file = full[len(full)-1].number
	}
	if len(lines) > 0 {
		first, err := readFirst(c.f)
		if err != nil {
			return err
		}
		c.file = first.File
	} else if len(full) > 0 {
		last, err := os.Open(full[len(full)-1].path)
		if err != nil {
			return err
		}
		defer last.Close()
		if lines, _, err = readTail(last); err != nil {
			return err
		}
	}
	if len(lines) == 0 {
		return nil
	}
	line := bytes.TrimSuffix(lines, []byte("\n"))
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	e, err := parse(line)
	if err != nil {
		return fmt.Errorf("%w at its end: %w", errDamaged, err)
	}
	c.number, c.hash = e.Number, hashOf(line)
	return nil
}

// errDamaged: nothing is signed without a log.
var errDamaged = errors.New("the audit log is damaged (odnowa-agent audit verify says where; move it away to go on)")

// append writes a line, into the next file where the current one is full.
func (c *chain) append(r Record) error {
	if c.size > 0 && c.size+maxLine > int64(c.log.FileBytes) {
		if err := c.next(); err != nil {
			return err
		}
	}
	e := Entry{Number: c.number + 1, Previous: c.hash, Record: r}
	if c.size == 0 {
		e.File = c.file + 1
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if len(line) >= maxLine {
		return errors.New("record is too long")
	}
	if _, err = c.f.WriteAt(append(line, '\n'), c.size); err == nil {
		err = c.f.Sync()
	}
	if err != nil {
		return errors.Join(err, c.f.Truncate(c.size)) // a full disk leaves no half line
	}
	if e.File != 0 {
		c.file = e.File
	}
	c.size += int64(len(line)) + 1
	c.number, c.hash = e.Number, hashOf(line)
	info, err := c.f.Stat()
	if err != nil {
		info = nil
	}
	c.log.last = known{c.end, info}
	return nil
}

// isUnchanged tells whether nobody else has written since this process did: then the end need not be read again.
func (c *chain) isUnchanged() bool {
	last := c.log.last
	if last.info == nil {
		return false
	}
	info, err := c.f.Stat()
	if err != nil || !os.SameFile(info, last.info) || info.Size() != last.size || !info.ModTime().Equal(last.info.ModTime()) {
		return false
	}
	c.end = last.end
	return true
}

// next puts the full file aside, drops the oldest, and opens another. Should the program die in between, the
// next record finds an empty file and goes on from the newest full one.
func (c *chain) next() error {
	c.f.Close() // it was synced, and Windows renames no open file
	if err := os.Rename(c.log.path, fullName(c.log.path, c.file)); err != nil {
		return err
	}
	full, err := fullFiles(c.log.path)
	if err != nil {
		return err
	}
	for ; len(full) >= c.log.Files && len(full) > 0; full = full[1:] {
		if err := os.Remove(full[0].path); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(c.log.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	c.f, c.size = f, 0
	return nil
}

// readTail reads the end of a file, at least its last whole line and what is behind that.
func readTail(f *os.File) ([]byte, int64, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	from := max(0, info.Size()-3*maxLine)
	tail := make([]byte, info.Size()-from)
	if _, err := f.ReadAt(tail, from); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if from > 0 && bytes.Count(tail, []byte("\n")) < 2 {
		return nil, 0, fmt.Errorf("%w at its end: no whole line is there", errDamaged)
	}
	return tail, info.Size(), nil
}

func readFirst(f *os.File) (Entry, error) {
	head := make([]byte, maxLine)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Entry{}, err
	}
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	e, err := parse(line)
	if err == nil && e.File == 0 {
		err = errors.New("no number of the file")
	}
	if err != nil {
		return Entry{}, fmt.Errorf("%w at its beginning: %w", errDamaged, err)
	}
	return e, nil
}

// parse reads a line.
func parse(line []byte) (Entry, error) {
	var e Entry
	if len(line) > maxLine {
		return e, errors.New("longer than any record")
	}
	if err := bridge.Decode(line, &e); err != nil {
		return e, err
	}
	if e.Number == 0 || !isHash(e.Previous) {
		return e, errors.New("not a record of an audit log")
	}
	return e, nil
}

func hashOf(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// numbered is a full file.
type numbered struct {
	path   string
	number uint64
}

// fullName is where a full file is put: audit-000007.jsonl.
func fullName(path string, number uint64) string {
	base, ext := strings.TrimSuffix(path, filepath.Ext(path)), filepath.Ext(path)
	return fmt.Sprintf("%s-%06d%s", base, number, ext)
}

// fullFiles lists them, the oldest first.
func fullFiles(path string) ([]numbered, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []numbered
	for _, e := range entries { // sorted by name
		ext := filepath.Ext(path)
		middle, ok := strings.CutPrefix(e.Name(), strings.TrimSuffix(filepath.Base(path), ext)+"-")
		var n uint64
		if _, err := fmt.Sscanf(middle, "%d", &n); !ok || err != nil {
			continue
		}
		if name := fullName(path, n); filepath.Base(name) == e.Name() {
			all = append(all, numbered{name, n})
		}
	}
	return all, nil
}
