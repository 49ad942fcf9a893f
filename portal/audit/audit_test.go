package audit

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func newLog(t *testing.T) (*Log, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

func verifyFile(t *testing.T, path string) (int, string, error) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Verify(bytes.NewReader(b))
}

func TestChainGrowsAcrossOpens(t *testing.T) {
	l, path := newLog(t)
	if err := l.Append("start"); err != nil {
		t.Fatal(err)
	}
	if err := l.Append("application.drawn", ID("number", "WN/2026/AB"), Hash("digest", []byte("x"))); err != nil {
		t.Fatal(err)
	}
	l.Close()
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Append("stop"); err != nil {
		t.Fatal(err)
	}
	n, head, err := verifyFile(t, path)
	if err != nil || n != 3 {
		t.Fatalf("Verify = %d, %v", n, err)
	}
	if seq, h := l.Head(); seq != 3 || h != head {
		t.Errorf("Head = %d %s, want 3 %s", seq, h, head)
	}
}

func TestChangesShow(t *testing.T) {
	l, path := newLog(t)
	for _, e := range []string{"one", "two", "three"} {
		if err := l.Append(e, ID("number", "1")); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(good), "\n")
	for name, bad := range map[string]string{
		"value changed":  strings.Replace(string(good), `"two"`, `"owt"`, 1),
		"line removed":   lines[0] + lines[2],
		"first removed":  lines[1] + lines[2],
		"lines swapped":  lines[1] + lines[0] + lines[2],
		"line repeated":  lines[0] + lines[0] + lines[1] + lines[2],
		"not JSON":       lines[0] + "junk\n",
		"spaces":         strings.Replace(string(good), `{"seq":1,`, `{ "seq":1,`, 1),
		"name twice":     strings.Replace(string(good), `{"seq":1,`, `{"seq":7,"seq":1,`, 1),
		"other field":    strings.Replace(string(good), `{"seq":1,`, `{"x":1,"seq":1,`, 1),
		"empty line":     lines[0] + "\n" + lines[1],
		"very long line": lines[0] + strings.Repeat("x", MaxLine+10) + "\n",
	} {
		if _, _, err := Verify(strings.NewReader(bad)); !errors.Is(err, ErrChain) {
			t.Errorf("%s: Verify: %v", name, err)
		}
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := Open(path); !errors.Is(err, ErrChain) {
			t.Errorf("%s: Open: %v", name, err)
			if l != nil {
				l.Close()
			}
		}
	}
}

func TestTornLineIsCutAndRecorded(t *testing.T) {
	l, path := newLog(t)
	if err := l.Append("one"); err != nil {
		t.Fatal(err)
	}
	l.Close()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"seq":2,"ti`)
	f.Close()

	if n, _, err := verifyFile(t, path); n != 1 || !errors.Is(err, ErrTorn) {
		t.Fatalf("Verify of torn log = %d, %v", n, err)
	}
	l, err = Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if n, _, err := verifyFile(t, path); n != 2 || err != nil {
		t.Errorf("Verify after Open = %d, %v", n, err)
	}
	b, _ := os.ReadFile(path)
	if !strings.Contains(string(b), `"event":"audit.truncated","data":{"bytes":"12","sha256":"`) {
		t.Errorf("no record of the cut: %s", b)
	}
}

func TestPersonalDataDoesNotFit(t *testing.T) {
	l, path := newLog(t)
	for _, v := range []string{"Żaneta", "a b", "a@b.example", "+48600100200", "line\nbreak", strings.Repeat("x", 201)} {
		if err := l.Append("event", ID("value", v)); !errors.Is(err, ErrField) {
			t.Errorf("%q: %v", v, err)
		}
	}
	if err := l.Append("Event with words"); !errors.Is(err, ErrField) {
		t.Errorf("event: %v", err)
	}
	if n, _, err := verifyFile(t, path); n != 0 || err != nil {
		t.Errorf("Verify = %d, %v", n, err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	_, path := newLog(t)
	if _, err := Open(path); !errors.Is(err, ErrBusy) {
		t.Errorf("second Open: %v", err)
	}
}

func TestConcurrentAppends(t *testing.T) {
	l, path := newLog(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if err := l.Append("event"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, _, err := verifyFile(t, path); n != 80 || err != nil {
		t.Errorf("Verify = %d, %v", n, err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"seq":1,"time":"2026-01-02T03:04:05Z","event":"e","prev":"` + strings.Repeat("0", 64) + "\"}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, _, err := Verify(bytes.NewReader(b))
		if err == nil && n != bytes.Count(b, []byte("\n")) {
			t.Errorf("%d records in %q", n, b)
		}
	})
}
