package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var record = Record{Time: time.Unix(1_800_000_000, 0).UTC(), User: "1000", Origin: "https://ca.example", Outcome: Signed}

// open opens a log of small files.
func open(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path, Options{FileBytes: 2 * maxLine, Files: 3})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, l Log, n int) {
	t.Helper()
	for range n {
		if err := l.Write(record); err != nil {
			t.Fatal(err)
		}
	}
}

func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "state", "audit.jsonl") }

func lines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
}

func verified(t *testing.T, path, head string) Report {
	t.Helper()
	r, err := Verify(path, head)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFile: several openings append to one chain at the same time.
func TestFile(t *testing.T) {
	path := newPath(t)
	var all sync.WaitGroup
	for range 4 {
		f, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for range 25 {
				if err := As(f, "2000").Write(record); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for i, line := range lines(t, path) {
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.User != "2000" || e.Number != uint64(i+1) || (e.File == 1) != (i == 0) {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if r := verified(t, path, ""); r.Records != 100 || len(r.Problems) != 0 || r.HalfLine {
		t.Errorf("got %+v", r)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}

// TestRotation: the chain goes on over files, and the oldest go.
func TestRotation(t *testing.T) {
	path := newPath(t)
	l := open(t, path)
	write(t, l, 200)
	full, err := fullFiles(path)
	if err != nil || len(full) != 2 || full[0].number < 2 {
		t.Fatalf("full files: %v, %v", full, err)
	}
	r := verified(t, path, "")
	if len(r.Problems) != 0 || r.Files != 3 || r.Last != 200 || r.First == 1 {
		t.Errorf("got %+v", r)
	}
	if one := verified(t, full[0].path, ""); len(one.Problems) != 0 || one.Files != 1 || one.First != r.First {
		t.Errorf("one file alone: %+v", one)
	}
	// Died between two files: the chain goes on, after a verification that sees no fault.
	if err := os.Rename(path, fullName(path, full[1].number+1)); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, path, r.Head); len(r.Problems) != 0 || r.Last != 200 {
		t.Errorf("between two files: %+v", r)
	}
	write(t, open(t, path), 1)
	if r := verified(t, path, r.Head); len(r.Problems) != 0 || r.Last != 201 {
		t.Errorf("after that: %+v", r)
	}
}

// TestRecovery: whatever a crash leaves of the last line, the log goes on and says so.
func TestRecovery(t *testing.T) {
	for name, half := range map[string]string{
		"a byte": "{", "half a line": `{"n":4,"prev":"00`, "all but the line feed": `{"n":4}`, "zeros": strings.Repeat("\x00", 4096),
	} {
		for _, before := range []int{0, 3} {
			path := newPath(t)
			write(t, open(t, path), before)
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(half); err != nil || f.Close() != nil {
				t.Fatal(err)
			}
			if r := verified(t, path, ""); !r.HalfLine || len(r.Problems) != 0 || r.Records != before {
				t.Errorf("%s before: %+v", name, r)
			}
			write(t, open(t, path), 2)
			if r := verified(t, path, ""); r.HalfLine || len(r.Problems) != 0 || r.Records != before+3 {
				t.Errorf("%s after: %+v", name, r)
			}
			if got := lines(t, path)[before]; !strings.Contains(got, `"log_recover"`) || !strings.Contains(got, hashOf([]byte(half))) {
				t.Errorf("%s: no trace in %s", name, got)
			}
		}
	}
}

// TestTampering is the table of what may be done to a log, and the line that is named.
func TestTampering(t *testing.T) {
	path := newPath(t)
	write(t, open(t, path), 6)
	original, full := lines(t, path), verified(t, path, "")
	original[5] += "\n"
	for _, c := range []struct {
		name string
		bend func([]string) []string
		line int
		want string
	}{
		{"changed", func(l []string) []string { l[2] = strings.Replace(l[2], "1000", "1001", 1); return l }, 3, "this line was changed"},
		{"first changed", func(l []string) []string { l[0] = strings.Replace(l[0], "1000", "1001", 1); return l }, 1, "this line was changed"},
		{"changed into no record", func(l []string) []string { l[2] = "{}\n"; return l }, 3, "not a record"},
		{"unknown member", func(l []string) []string { l[2] = strings.Replace(l[2], "{", `{"name":"x",`, 1); return l }, 3, "not a record"},
		{"removed", func(l []string) []string { return slices.Delete(l, 2, 3) }, 3, "records 3 to 3 before this line were taken out"},
		{"two removed", func(l []string) []string { return slices.Delete(l, 2, 4) }, 3, "records 3 to 4"},
		{"first removed", func(l []string) []string { return l[1:] }, 1, "beginning"},
		{"put in twice", func(l []string) []string { return slices.Insert(l, 3, l[2]) }, 4, "put in here"},
		{"renumbered", func(l []string) []string { l[3] = strings.Replace(l[3], `"n":4`, `"n":9`, 1); return l }, 4, "taken out"},
		{"reordered", func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }, 3, "taken out"},
		{"truncated in the middle of a line", func(l []string) []string { l[2] = l[2][:20] + "\n"; return l }, 3, "not a record"},
		{"two lines in one", func(l []string) []string { l[2] = strings.TrimSuffix(l[2], "\n"); return l }, 3, "not a record"},
		{"very long line", func(l []string) []string { l[2] = strings.Repeat("x", 3*maxLine) + "\n"; return l }, 3, "longer"},
		{"first line of a file in the middle", func(l []string) []string { l[2] = strings.Replace(l[2], "{", `{"file":2,`, 1); return l }, 3, "middle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(strings.Join(c.bend(slices.Clone(original)), "")), 0o600); err != nil {
				t.Fatal(err)
			}
			r := verified(t, path, "")
			if len(r.Problems) == 0 || r.Problems[0].Line != c.line || !strings.Contains(r.Problems[0].What, c.want) {
				t.Errorf("got %+v, want line %d: %s", r.Problems, c.line, c.want)
			}
		})
	}
	// What the chain alone cannot show, the hash in the system's log does.
	for name, bend := range map[string]func([]string) []string{
		"end cut off":       func(l []string) []string { return l[:5] },
		"last line changed": func(l []string) []string { l[5] = strings.Replace(l[5], "1000", "1001", 1); return l },
		"all gone":          func([]string) []string { return nil },
	} {
		if err := os.WriteFile(path, []byte(strings.Join(bend(slices.Clone(original)), "")), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := verified(t, path, ""); len(r.Problems) != 0 {
			t.Errorf("%s: the chain alone shows %+v", name, r.Problems)
		}
		if r := verified(t, path, full.Head); len(r.Problems) != 1 {
			t.Errorf("%s: got %+v", name, r.Problems)
		}
	}
}

// TestFilesGone: a whole file in the middle, too.
func TestFilesGone(t *testing.T) {
	path := newPath(t)
	write(t, open(t, path), 150)
	full, err := fullFiles(path)
	if err != nil || len(full) != 2 {
		t.Fatal(full, err)
	}
	if err := os.Remove(full[1].path); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, path, ""); len(r.Problems) != 2 || r.Problems[0].File != "audit.jsonl" {
		t.Errorf("got %+v", r)
	}
}

// TestDamaged: a log that cannot be gone on with stops signatures, and says what to do.
func TestDamaged(t *testing.T) {
	path := newPath(t)
	write(t, open(t, path), 1)
	if err := os.WriteFile(path, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); !errors.Is(err, errDamaged) {
		t.Errorf("got %v", err)
	}
}

// told keeps what the system's log is told.
type told []string

func (s *told) Record(_ uint64, hash string, _ Record) { *s = append(*s, hash) }

func TestSystem(t *testing.T) {
	path := newPath(t)
	var s told
	l, err := Open(path, Options{System: &s})
	if err != nil {
		t.Fatal(err)
	}
	write(t, l, 3)
	if r := verified(t, path, s[1]); len(s) != 3 || r.Head != s[2] || len(r.Problems) != 0 {
		t.Errorf("told %q, head %s", s, r.Head)
	}
}

// hanging is a system log that takes its time.
type hanging struct{ until chan struct{} }

func (s hanging) Record(uint64, string, Record) { <-s.until }

// TestSystemHangs: a system log that hangs holds nobody up for long, and only once.
func TestSystemHangs(t *testing.T) {
	s := hanging{make(chan struct{})}
	l, err := Open(newPath(t), Options{System: s})
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	write(t, l, 5)
	if d := time.Since(begun); d > 2*systemPatience {
		t.Errorf("five records took %s", d)
	}
	close(s.until)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"n":1,"prev":"","file":1,"time":"2026-01-01T00:00:00Z","user":"1","origin":"","certificate":"","digest":"","outcome":"busy"}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := parse(line)
		if err != nil {
			return
		}
		again, err := json.Marshal(e)
		if err != nil {
			t.Skip("JSON does not write such a year: ", err)
		}
		if len(again) > maxLine {
			return // escapes have made it longer
		}
		back, err := parse(again)
		if err != nil {
			t.Fatalf("%s becomes %s: %v", line, again, err)
		}
		if once, err := json.Marshal(back); err != nil || !bytes.Equal(once, again) {
			t.Errorf("%s becomes %s", line, again)
		}
	})
}
