package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestUsage: help that was asked for is no mistake, and a mistake is named.
func TestUsage(t *testing.T) {
	for line, want := range map[string]struct {
		code           int
		stdout, stderr string
	}{
		"help":   {0, "usage: odnowa-portal", ""},
		"--help": {0, "usage: odnowa-portal", ""},
		"":       {2, "", "usage: odnowa-portal"},
		"sell X": {2, "", "no such command: \"sell\"\n"},
		"code":   {2, "", "code create"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), strings.Fields(line), &stdout, &stderr)
		if code != want.code || !strings.Contains(stdout.String(), want.stdout) || !strings.Contains(stderr.String(), want.stderr) {
			t.Errorf("%q: exit code %d, %q, %q", line, code, &stdout, &stderr)
		}
		if want.stdout == "" && stdout.Len() > 0 || want.stderr == "" && stderr.Len() > 0 {
			t.Errorf("%q: %q, %q", line, &stdout, &stderr)
		}
	}
}
