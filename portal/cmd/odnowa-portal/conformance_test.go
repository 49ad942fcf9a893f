package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/protocol/conformance"
)

// kit makes the kit's configuration, as a web team does.
func (w *world) kit() *conformance.Config {
	w.t.Helper()
	out, err := exec.Command(w.program(), "sandbox", "conformance", "--dir", w.box.Dir).Output()
	w.must(err)
	c, err := conformance.LoadConfig(strings.TrimSpace(string(out)))
	w.must(err)
	return c
}

// TestConformance: our own portal passes the kit, with nothing left out but what plain HTTP leaves out.
func TestConformance(t *testing.T) {
	w := newWorld(t)
	report, err := conformance.Run(t.Context(), w.kit())
	w.must(err)
	var text bytes.Buffer
	w.must(report.Write(&text, false))
	for _, r := range report.Results {
		if r.Outcome == conformance.Failed || r.Outcome == conformance.Skipped && r.ID != "site.hsts" && r.ID != "limits.tries" {
			t.Errorf("%s: %s", r.ID, r.Outcome)
		}
	}
	if t.Failed() {
		t.Logf("%s", text.Bytes())
	}
}
