package policy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// computer is a folder with the machine's policy and a user's.
type computer struct {
	t             *testing.T
	machine, user string
	sources
}

func newComputer(t *testing.T, build string) *computer {
	dir := t.TempDir()
	c := &computer{t: t, machine: filepath.Join(dir, "etc", "agent.json"), user: filepath.Join(dir, "user.json")}
	if err := os.Mkdir(filepath.Dir(c.machine), 0o755); err != nil {
		t.Fatal(err)
	}
	c.sources = sources{build: []byte(build), machine: []place{filePlace(Source{FromFile, c.machine})}, user: c.user}
	return c
}

// write replaces a file as administrators' tools do, by another one.
func (c *computer) write(path, text string) {
	c.t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		c.t.Fatal(err)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: the machine's policy must be root's")
	}
}

// TestPrecedence: the machine's policy decides over the build's list, member by member, and the environment
// where there is neither.
func TestPrecedence(t *testing.T) {
	needRoot(t)
	const list = `{"port":1111,"origins":[{"origin":"https://build.example"}]}`
	for _, c := range []struct {
		name, build, machine, user string
		port                       int
		origin                     string
		portFrom, originsFrom      Kind
	}{
		{name: "nothing", build: `{}`, port: DefaultPort, portFrom: FromDefault, originsFrom: FromDefault},
		{name: "build", build: list, port: 1111, origin: "https://build.example", portFrom: FromBuild, originsFrom: FromBuild},
		{name: "machine", build: `{}`, machine: `{"port":2222}`, port: 2222, portFrom: FromFile, originsFrom: FromDefault},
		{name: "machine over build", build: list, machine: `{"port":2222}`, port: 2222, origin: "https://build.example", portFrom: FromFile, originsFrom: FromBuild},
		{name: "machine's list instead of the build's", build: list, machine: `{"origins":[{"origin":"https://machine.example"}]}`,
			port: 1111, origin: "https://machine.example", portFrom: FromBuild, originsFrom: FromFile},
		{name: "machine takes the build's list away", build: list, machine: `{"origins":[]}`, port: 1111, portFrom: FromBuild, originsFrom: FromFile},
		{name: "user", build: `{}`, user: `{"port":3333}`, port: 3333, portFrom: FromEnvironment, originsFrom: FromDefault},
		{name: "user behind the machine", build: `{}`, machine: `{}`, user: `{"port":3333}`, port: DefaultPort, portFrom: FromDefault, originsFrom: FromDefault},
		{name: "user behind the build", build: list, user: `{"port":3333}`, port: 1111, origin: "https://build.example", portFrom: FromBuild, originsFrom: FromBuild},
	} {
		t.Run(c.name, func(t *testing.T) {
			pc := newComputer(t, c.build)
			if c.machine != "" {
				pc.write(pc.machine, c.machine)
			}
			if c.user != "" {
				pc.write(pc.user, c.user)
			} else {
				pc.sources.user = ""
			}
			p, err := load(pc.sources)
			if err != nil {
				t.Fatal(err)
			}
			origin := ""
			if len(p.Origins) > 0 {
				origin = p.Origins[0].Origin
			}
			if p.Port != c.port || origin != c.origin || p.From("port").Kind != c.portFrom || p.From("origins").Kind != c.originsFrom {
				t.Errorf("port %d from %s, origin %q from %s", p.Port, p.From("port"), origin, p.From("origins"))
			}
		})
	}
}

// TestRefusedFiles: what others can have written is not taken, and not passed over either.
func TestRefusedFiles(t *testing.T) {
	needRoot(t)
	for _, c := range []struct {
		name, want string
		bend       func(*computer) error
	}{
		{"broken", "EOF", func(c *computer) error { return os.WriteFile(c.machine, []byte("{"), 0o644) }},
		{"writable by its group", "writable by others", func(c *computer) error { return os.Chmod(c.machine, 0o664) }},
		{"writable by everybody", "writable by others", func(c *computer) error { return os.Chmod(c.machine, 0o646) }},
		{"a user's", "does not belong to root", func(c *computer) error { return os.Chown(c.machine, 1234, 0) }},
		{"folder writable by everybody", "its folder: writable", func(c *computer) error { return os.Chmod(filepath.Dir(c.machine), 0o757) }},
		{"a user's folder", "its folder: does not belong", func(c *computer) error { return os.Chown(filepath.Dir(c.machine), 1234, 0) }},
		{"a folder", "not a regular file", func(c *computer) error {
			if err := os.Remove(c.machine); err != nil {
				return err
			}
			return os.Mkdir(c.machine, 0o755)
		}},
		{"the user's writable by everybody", "writable by others", func(c *computer) error {
			if err := os.Remove(c.machine); err != nil {
				return err
			}
			return os.Chmod(c.user, 0o666)
		}},
		{"another user's", "neither", func(c *computer) error {
			if err := os.Remove(c.machine); err != nil {
				return err
			}
			return os.Chown(c.user, 1234, 0)
		}},
		{"the user's not there", "no such file", func(c *computer) error { return os.RemoveAll(filepath.Dir(filepath.Dir(c.machine))) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			pc := newComputer(t, `{}`)
			pc.write(pc.machine, `{"port":2222}`)
			pc.write(pc.user, `{"port":3333}`)
			if err := c.bend(pc); err != nil {
				t.Fatal(err)
			}
			p, err := load(pc.sources)
			if p != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, %v, want %q", p, err, c.want)
			}
		})
	}
}

// TestStore: a change counts at once, a bad one never, and the next good one again.
func TestStore(t *testing.T) {
	needRoot(t)
	pc := newComputer(t, `{}`)
	pc.write(pc.user, `{}`)
	core, logs := observer.New(zap.InfoLevel)
	s, err := openStore(pc.sources, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func()
		port   int
		bad    bool
	}{
		{"none yet", func() {}, DefaultPort, false},
		{"put there", func() { pc.write(pc.machine, `{"port":2222}`) }, 2222, false},
		{"changed in place", func() { os.WriteFile(pc.machine, []byte(`{"port":3333}`), 0o644) }, 3333, false},
		{"broken", func() { pc.write(pc.machine, `{"port":"x"}`) }, 3333, true},
		{"still broken", func() {}, 3333, true},
		{"opened to everybody", func() { pc.write(pc.machine, `{"port":4444}`); os.Chmod(pc.machine, 0o666) }, 3333, true},
		{"closed again", func() { os.Chmod(pc.machine, 0o644) }, 4444, false},
		{"folder opened", func() { os.Chmod(filepath.Dir(pc.machine), 0o777) }, 4444, true},
		{"folder closed", func() { os.Chmod(filepath.Dir(pc.machine), 0o755) }, 4444, false},
		{"taken away", func() { os.Remove(pc.machine) }, DefaultPort, false},
		{"the user's taken away too", func() { os.Remove(pc.user) }, DefaultPort, true},
		{"the user's", func() { pc.write(pc.user, `{"port":5555}`) }, 5555, false},
	} {
		c.change()
		if got := s.Current().Port; got != c.port || (s.Problem() != nil) != c.bad {
			t.Errorf("%s: port %d, problem %v", c.name, got, s.Problem())
		}
	}
	if n := logs.FilterMessageSnippet("the changed policy is bad").Len(); n != 4 {
		t.Errorf("%d complaints, want one for each bad change", n)
	}
	if n := logs.FilterMessageSnippet("started again").FilterField(zap.Strings("members", []string{"port"})).Len(); n != 5 {
		t.Errorf("%d remarks that the port counts at the next start, want 5", n)
	}
	fixed := Fixed(s.Current())
	if fixed.Current().Port != 5555 || fixed.Problem() != nil {
		t.Error("a fixed policy is not")
	}
}

// TestBuildList: the repository's own build lists nobody.
func TestBuildList(t *testing.T) {
	if l, err := ReadLayer(Source{Kind: FromBuild}, strings.NewReader(string(buildList))); err != nil || len(l.Members) != 0 {
		t.Errorf("got %v, %v", l, err)
	}
}

// TestWaitForStart: the members that count at a start are members, and comparable.
func TestWaitForStart(t *testing.T) {
	for _, name := range atStart {
		if !slices.Contains(Members(), name) {
			t.Errorf("%s is no member", name)
		}
	}
	if got := waitForStart(defaults(), defaults()); got != nil {
		t.Errorf("got %q", got)
	}
	p, err := Parse(strings.NewReader(`{"service":true,"windowTimeoutMs":20000,"auditFiles":3}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := waitForStart(defaults(), p), []string{"service", "auditFiles"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
