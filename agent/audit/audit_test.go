package audit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "audit.jsonl")
	var all sync.WaitGroup
	for range 4 { // several openings append to one file
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all.Go(func() {
			for range 25 {
				if err := As(f, "1000").Write(Record{Time: time.Now(), User: "somebody else", Origin: "https://ca.example", Outcome: Signed}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 100 {
		t.Errorf("%d lines, want 100", len(lines))
	}
	for _, line := range lines {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.User != "1000" {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestNoSubjects holds the record to its members: a name has no place in it.
func TestNoSubjects(t *testing.T) {
	var got []string
	for f := range reflect.TypeFor[Record]().Fields() {
		got = append(got, f.Name)
	}
	if want := []string{"Time", "User", "Action", "Origin", "Certificate", "Digest", "Outcome"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutcome(t *testing.T) {
	if got := Outcome(nil); got != Signed {
		t.Errorf("got %s", got)
	}
	if got := Outcome(bridge.Errorf(bridge.CodeBusy, nil)); got != "busy" {
		t.Errorf("got %s", got)
	}
}
