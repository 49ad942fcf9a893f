package subprocess

import (
	"slices"
	"testing"
)

func TestEnvironment(t *testing.T) {
	parent := []string{
		"HOME=/home/zaneta", "LC_ALL=pl_PL.UTF-8", "SystemRoot=C:\\Windows", "SOFTHSM2_CONF=/etc/softhsm2.conf", "PCSCLITE_CSOCK_NAME=/x",
		"LD_PRELOAD=/tmp/x.so", "LD_LIBRARY_PATH=/tmp", "DYLD_INSERT_LIBRARIES=/tmp/x", "GODEBUG=x", "GOTRACEBACK=crash", "TOKEN_PIN=271828", "LC=x",
	}
	allowed := []string{"HOME", "LC_*", "SYSTEMROOT", "SOFTHSM2_CONF", "PCSCLITE_*"}
	want := append(slices.Clone(parent[:5]), "GOTRACEBACK=none", "HOSTILE=1")
	if got := environment(parent, allowed, []string{"HOSTILE=1"}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
