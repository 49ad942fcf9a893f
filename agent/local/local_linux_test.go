package local

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSessionPath: each desktop of a user has a session of its own, and whatever the environment says stays one
// name in the user's folder.
func TestSessionPath(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	for _, c := range []struct{ display, wayland, want string }{
		{"", "", "session.sock"},
		{":0", "", "session-0.sock"},
		{":0.0", "", "session-0.sock"},
		{":0", "wayland-0", "session-0.sock"},
		{":1", "wayland-0", "session-1.sock"},
		{"localhost:10.0", "", "session-localhost-10.sock"},
		{"", "wayland-1", "session-wayland-1.sock"},
		{"", "/run/user/1000/wayland-1", "session-*.sock"},
		{"../../../etc/x", "", "session-*.sock"},
		{strings.Repeat("a", 200) + ":0", "", "session-*.sock"},
	} {
		t.Setenv("DISPLAY", c.display)
		t.Setenv("WAYLAND_DISPLAY", c.wayland)
		got, err := SessionPath()
		name := strings.TrimPrefix(got, filepath.Join(dir, "odnowa-agent")+"/")
		if ok, _ := filepath.Match(c.want, name); err != nil || !ok || len(name) > 48 {
			t.Errorf("%q, %q: got %s, %v, want %s", c.display, c.wayland, name, err, c.want)
		}
	}
}
