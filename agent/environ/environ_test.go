package environ

import (
	"slices"
	"testing"
)

func TestPick(t *testing.T) {
	t.Setenv("DISPLAY", ":7")
	t.Setenv("PATH", "/home/evil/bin")
	t.Setenv("LD_PRELOAD", "/home/evil/x.so")
	t.Setenv("GTK_MODULES", "evil")
	t.Setenv("ODNOWA_CONFIG", "/c.json")
	for name, c := range map[string]struct {
		got    []string
		config bool
	}{"desktop": {Desktop(), false}, "session": {Session(), true}} {
		if !slices.Contains(c.got, "DISPLAY=:7") || c.got[0] != path {
			t.Errorf("%s: %q", name, c.got)
		}
		for _, not := range []string{"PATH=/home/evil/bin", "LD_PRELOAD=/home/evil/x.so", "GTK_MODULES=evil"} {
			if slices.Contains(c.got, not) {
				t.Errorf("%s has %s", name, not)
			}
		}
		if slices.Contains(c.got, "ODNOWA_CONFIG=/c.json") != c.config {
			t.Errorf("%s: %q", name, c.got)
		}
	}
}
