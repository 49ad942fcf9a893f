// Package audit writes a log that shows when somebody changed it: lines of JSON, each with the hash
// of the line before it, each on the disk before Append returns.
//
// It proves order and wholeness to whoever knows a later head (see [Log.Head]): the chain alone
// doesn't stop its owner from writing a new one, so the head has to be kept elsewhere too. It holds
// ids, codes and hashes only; [Log.Append] refuses values that could be a name, an address or a text.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

var (
	// ErrChain: a line is not JSON, not in order, or not the successor of the line before it.
	ErrChain = errors.New("audit log was changed")
	// ErrTorn: the last line has no end; its writer died while writing it.
	ErrTorn = errors.New("the last line of the audit log is torn")
	// ErrBusy: another process has the log open.
	ErrBusy = errors.New("another process has the audit log open")
	// ErrField: an event, a key or a value is not an id.
	ErrField = errors.New("not an id")
)

// EventTruncated is what Open writes after it cut a torn last line off: its length ("bytes") and the
// SHA-256 of what was cut ("sha256"). Append had not returned for that line, so nothing relied on it.
const EventTruncated = "audit.truncated"

// MaxLine is the most bytes of one line.
const MaxLine = 8 << 10

// Record is one line.
type Record struct {
	Seq   uint64            `json:"seq"`  // from 1, without gaps
	Time  string            `json:"time"` // RFC 3339 with nanoseconds, UTC
	Event string            `json:"event"`
	Data  map[string]string `json:"data,omitempty"`
	Prev  string            `json:"prev"` // hexadecimal SHA-256 of the line before, without its newline; 64 zeros in the first
}

// Field is one id of a record.
type Field struct{ Key, Value string }

// ID makes a field.
func ID(key, value string) Field { return Field{key, value} }

// Hash makes a field with the hexadecimal SHA-256 of b.
func Hash(key string, b []byte) Field {
	sum := sha256.Sum256(b)
	return Field{key, hex.EncodeToString(sum[:])}
}

// Log is an open log. Its methods may be called from several goroutines.
type Log struct {
	mu   sync.Mutex // guards the fields that follow
	file *os.File
	size int64
	seq  uint64
	head string
	// broken is set when a failed write could not be undone: the log takes nothing more.
	broken error

	now func() time.Time
}

// Open opens or creates the log and verifies all of it. It locks the file against other processes
// (ErrBusy). A changed log is refused (ErrChain); a torn last line is cut off, and a record says so.
func Open(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	l := &Log{file: f, now: time.Now}
	if err := l.load(); err != nil {
		f.Close()
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	return l, nil
}

func (l *Log) load() error {
	if err := unix.Flock(int(l.file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return ErrBusy
	}
	s, err := scan(l.file)
	if err != nil && !errors.Is(err, ErrTorn) {
		return err
	}
	l.size, l.seq, l.head = s.size, s.seq, s.head
	if err == nil {
		return nil
	}
	if err := l.file.Truncate(l.size); err != nil {
		return fmt.Errorf("cutting torn line: %w", err)
	}
	return l.Append(EventTruncated, ID("bytes", fmt.Sprint(len(s.torn))), Hash("sha256", s.torn))
}

// Append adds a record and returns when it is on the disk. On any error the log is as it was.
func (l *Log) Append(event string, fields ...Field) error {
	data, err := checked(event, fields)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	line, err := json.Marshal(Record{
		Seq: l.seq + 1, Time: l.now().UTC().Format(time.RFC3339Nano), Event: event, Data: data, Prev: l.head,
	})
	if err != nil {
		return fmt.Errorf("encoding audit record: %w", err)
	}
	if len(line) >= MaxLine {
		return fmt.Errorf("audit event %s: record is too long", event)
	}
	if err := l.writeLocked(append(line, '\n')); err != nil {
		return fmt.Errorf("writing audit record: %w", err)
	}
	l.size += int64(len(line)) + 1
	l.seq++
	l.head = hash(line)
	return nil
}

func (l *Log) writeLocked(line []byte) error {
	_, err := l.file.WriteAt(line, l.size)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		if undo := l.file.Truncate(l.size); undo != nil {
			l.broken = fmt.Errorf("audit log is broken: %w", err)
		}
	}
	return err
}

// Head gives the hash of the last line and its number; keep it where the log's owner can't change it.
func (l *Log) Head() (seq uint64, head string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq, l.head
}

// Close lets go of the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = os.ErrClosed
	return l.file.Close()
}

var (
	name = regexp.MustCompile(`^[a-z][a-zA-Z0-9_.]{0,63}$`)
	// value has no space, no @, no + and no letter beyond ASCII: names, e-mail addresses and phone
	// numbers in E.164 don't fit, ids, hashes, codes, times and OIDs do.
	value = regexp.MustCompile(`^[A-Za-z0-9._:/=-]{0,200}$`)
)

func checked(event string, fields []Field) (map[string]string, error) {
	if !name.MatchString(event) {
		return nil, fmt.Errorf("audit event: %w", ErrField)
	}
	if len(fields) == 0 {
		return nil, nil
	}
	data := make(map[string]string, len(fields))
	for _, f := range fields {
		if !name.MatchString(f.Key) || !value.MatchString(f.Value) {
			return nil, fmt.Errorf("audit event %s, field %q: %w", event, f.Key, ErrField)
		}
		if _, twice := data[f.Key]; twice {
			return nil, fmt.Errorf("audit event %s: field %s given twice", event, f.Key)
		}
		data[f.Key] = f.Value
	}
	return data, nil
}

func hash(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}
