package module

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestP11Kit(t *testing.T) {
	dir := t.TempDir()
	k := p11kit{
		folders:   []string{filepath.Join(dir, "etc"), filepath.Join(dir, "usr")},
		libraries: []string{filepath.Join(dir, "lib"), filepath.Join(dir, "lib64")},
	}
	library(t, filepath.Join(dir, "lib64/there.so"))
	for file, text := range map[string]string{
		"usr/absolute.module":           "# a comment\nmodule: /opt/a/absolute.so\n",
		"usr/relative.module":           "  module :there.so  \npriority: 3\n",
		"usr/missing.module":            "module: missing.so\n",
		"usr/up.module":                 "module: ../../tmp/evil.so\n",
		"usr/trust.module":              "module: trust.so\ntrust-policy: yes\n",
		"usr/remote.module":             "remote: |ssh other p11-kit remote /m.so\n",
		"usr/both.module":               "module: there.so\nremote: unix:path=/run/x\n",
		"usr/p11-kit-proxy.module":      "module: /usr/lib/p11-kit-proxy.so\n",
		"usr/softhsm2.module":           "module: /usr/lib/softhsm/libsofthsm2.so\n",
		"usr/keys.module":               "module: gnome-keyring-pkcs11.so\n",
		"usr/ours.module":               "module: /opt/ours.so\nenable-in: firefox, odnowa-agent\n",
		"usr/theirs.module":             "module: /opt/theirs.so\nenable-in: firefox\n",
		"usr/nobodys.module":            "module: /opt/nobodys.so\nenable-in:\n",
		"usr/not-ours.module":           "module: /opt/not.so\ndisable-in: odnowa-agent\n",
		"usr/not-theirs.module":         "module: /opt/not-theirs.so\ndisable-in: firefox odnowa\n",
		"usr/switched-off.module":       "module: /opt/off.so\n",
		"etc/switched-off.module":       "enable-in:\n",
		"usr/moved.module":              "module: /opt/old.so\nenable-in: odnowa-agent\n",
		"etc/moved.module":              "module: /opt/new.so\n",
		"usr/empty.module":              "",
		"usr/other.conf":                "module: /opt/other.so\n",
		"usr/huge.module":               "module: /opt/huge.so\n" + strings.Repeat("x: y\n", 20_000),
		"usr/long-line.module":          strings.Repeat("x", 70_000) + "\nmodule: /opt/long.so\n",
		"etc/administrators-own.module": "module: /opt/own.so",
	} {
		write(t, filepath.Join(dir, file), text)
	}
	var got []string
	for _, c := range k.find(anyone) {
		got = append(got, c.name+"="+strings.TrimPrefix(c.path, dir))
	}
	want := "absolute=/opt/a/absolute.so administrators-own=/opt/own.so missing=/lib/missing.so moved=/opt/new.so " +
		"not-theirs=/opt/not-theirs.so ours=/opt/ours.so relative=/lib64/there.so"
	if text := strings.Join(got, " "); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if found := k.find(func(string) error { return errUserWritable }); len(found) != 0 {
		t.Errorf("where users write: got %v", found)
	}
}
