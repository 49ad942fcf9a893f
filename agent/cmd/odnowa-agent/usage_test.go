package main

import (
	"os"
	"strings"
	"testing"
)

// TestExitCodes: help that was asked for is no mistake.
func TestExitCodes(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for line, want := range map[string]int{
		"help": 0, "--help": 0, "-h": 0, "doctor --help": 0, "audit verify --help": 0, "--version": 0,
		"": 2, "sudo": 2, "sudo --help": 2, "sign": 2, "doctor --bad": 2, "audit verify --bad": 2, "session now": 2,
	} {
		if got := run(t.Context(), strings.Fields(line), stdio{null, null, null}); got != want {
			t.Errorf("%q: exit code %d, want %d", line, got, want)
		}
	}
}
