package audit

import (
	"strings"
	"testing"
)

// TestSystemLine: what others wrote cannot begin a second line in the system's log.
func TestSystemLine(t *testing.T) {
	r := record
	r.Origin = "https://ca.example\nJan  1 00:00:00 root: all is well"
	got := systemLine(7, "abc", r)
	if strings.Contains(got, "\n") || !strings.HasPrefix(got, `audit n=7 hash=abc user="1000" `) {
		t.Errorf("got %q", got)
	}
}
