// Package policy reads the machine's policy: which extensions and websites may use the agent, by
// which keys their documents are sealed, which card modules are loaded.
//
// The file belongs to the administrator and is trusted as such; it is read strictly, and whatever
// it does not name is denied. A file that cannot be read or understood is an error and never an
// empty policy, because the next place to look might belong to somebody else.
package policy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// Environment names a policy file for a machine that has no machine policy: a sandbox or a
// developer's. Where a machine policy exists it is ignored.
const Environment = "ODNOWA_CONFIG"

// Defaults of fields that the file leaves out.
const (
	DefaultPort            = 22701
	DefaultWindowTimeoutMs = 120_000
)

const maxFile = 1 << 20

// Documents says what an origin may have signed.
type Documents string

// The kinds. Raw digests are never signed.
const (
	// Sealed lets only documents through that carry a seal of one of the origin's keys.
	Sealed Documents = "sealed"
	// Document also lets documents through that carry none; the window then shows name, size and
	// hash.
	Document Documents = "document"
)

// Policy is the file, JSON. Linux /etc/odnowa/agent.json, macOS
// /Library/Application Support/Odnowa/agent.json, Windows %ProgramData%\Odnowa\agent.json. It is
// read when a process of the agent starts.
type Policy struct {
	// Port of the service's loopback WebSocket, 1024 to 65535. Default 22701.
	Port int `json:"port,omitempty"`
	// Service says that the agent's service is installed on this machine. Sessions then work only
	// while it runs.
	Service bool `json:"service,omitempty"`
	// ServiceSocket is where sessions reach the service. Its folder must belong to the service's
	// user and be writable by nobody else: that is how sessions know the service. Default
	// /run/odnowa-agent/agent.sock. On Windows the name of a pipe, whose owner must be one of the system's
	// accounts; default \\.\pipe\ProtectedPrefix\LocalService\odnowa-agent.
	ServiceSocket string `json:"serviceSocket,omitempty"`
	// StateDir keeps the service's pairings and audit log. Default /var/lib/odnowa-agent.
	StateDir string `json:"stateDir,omitempty"`
	// Extensions that may call. Default none.
	Extensions Extensions `json:"extensions,omitempty"`
	// Origins that may call through them. Default none.
	Origins []Origin `json:"origins,omitempty"`
	// Modules are the PKCS#11 modules, in the order in which cards are listed. Default none.
	Modules []Module `json:"modules,omitempty"`
	// WindowTimeoutMs is how long each question of the window stays open without an answer,
	// 10000 to 900000. Default 120000.
	WindowTimeoutMs int `json:"windowTimeoutMs,omitempty"`
	// Pinentry is the absolute path of the program that shows the window (Linux). Default: the
	// first graphical pinentry that is installed.
	Pinentry string `json:"pinentry,omitempty"`
	// Viewer is the absolute path of the program that opens a document for viewing; it gets the
	// file's path as its only argument. Default xdg-open.
	Viewer string `json:"viewer,omitempty"`
	// AllowRoot lets the WebSocket take browsers that run as root, which only sandboxes and
	// containers have. Default false.
	AllowRoot bool `json:"allowRoot,omitempty"`

	source string
}

// Extensions lists extension ids.
type Extensions struct {
	// Chromium ids: 32 letters a to p.
	Chromium []string `json:"chromium,omitempty"`
	// Firefox ids: name@domain, or a UUID in braces.
	Firefox []string `json:"firefox,omitempty"`
}

// Origin is one website.
type Origin struct {
	// Origin as RFC 6454 section 6.2 writes it: https://ca.example. Plain http only for localhost,
	// names below it and loopback addresses.
	Origin string `json:"origin"`
	// SealKeys are P-256 public keys (DER SubjectPublicKeyInfo) whose seals count for this origin.
	SealKeys [][]byte `json:"sealKeys,omitempty"`
	// Documents is "sealed" (default) or "document".
	Documents Documents `json:"documents,omitempty"`
	// RSign is where the website's CA serves the CSC API, such as https://ca.example/csc/v2, without
	// a slash at the end. Certificates in that cloud may then be used by this website and by
	// odnowa-agent sign. Plain http only as with Origin. Default: rSign is refused.
	RSign string `json:"rsign,omitempty"`

	keys []*ecdsa.PublicKey
}

// Module is a PKCS#11 module.
type Module struct {
	// Name is what diagnosis and logs call it.
	Name string `json:"name"`
	// Path is absolute.
	Path string `json:"path"`
	// Env is added to the environment of the module's process, "NAME=value" each.
	Env []string `json:"env,omitempty"`
}

// Load reads the machine's policy, else the one that [Environment] names, else gives one that
// denies everything.
func Load() (*Policy, error) { return load(MachinePath(), os.Getenv(Environment)) }

func load(machine, user string) (*Policy, error) {
	p, err := readFile(machine, true)
	if !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	if user == "" {
		return Parse(strings.NewReader("{}"))
	}
	return readFile(user, false)
}

func readFile(path string, machine bool) (*Policy, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening policy: %w", err)
	}
	defer f.Close()
	if err := checkOwner(f, machine); err != nil {
		return nil, fmt.Errorf("policy %s: %w", path, err)
	}
	p, err := Parse(f)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", path, err)
	}
	p.source = path
	return p, nil
}

// Parse reads a policy strictly and fills in the defaults.
func Parse(r io.Reader) (*Policy, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, errors.New("larger than 1 MiB")
	}
	p := &Policy{
		Port:            DefaultPort,
		ServiceSocket:   defaultServiceSocket(),
		StateDir:        defaultStateDir(),
		WindowTimeoutMs: DefaultWindowTimeoutMs,
	}
	if err := bridge.Decode(data, p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

// Source is the file that the policy was read from, or empty for the one that denies everything.
func (p *Policy) Source() string { return p.source }

// WindowTimeout is WindowTimeoutMs as a duration.
func (p *Policy) WindowTimeout() time.Duration {
	return time.Duration(p.WindowTimeoutMs) * time.Millisecond
}

// Origin finds a website by its exact origin, or gives nil.
func (p *Policy) Origin(origin string) *Origin {
	for i := range p.Origins {
		if p.Origins[i].Origin == origin {
			return &p.Origins[i]
		}
	}
	return nil
}

// RSignPortals lists the addresses of all origins' CSC APIs, each once.
func (p *Policy) RSignPortals() []string {
	var all []string
	for _, o := range p.Origins {
		if o.RSign != "" && !slices.Contains(all, o.RSign) {
			all = append(all, o.RSign)
		}
	}
	return all
}

// Keys are the parsed SealKeys.
func (o *Origin) Keys() []*ecdsa.PublicKey { return o.keys }

var (
	chromiumID = regexp.MustCompile(`^[a-p]{32}$`)
	firefoxID  = regexp.MustCompile(`^(\{[0-9a-fA-F-]{36}\}|[A-Za-z0-9._-]*@[A-Za-z0-9._-]+)$`)
)

func (p *Policy) check() error {
	if p.Port < 1024 || p.Port > 65535 {
		return errors.New("port is not within 1024 and 65535")
	}
	if p.WindowTimeoutMs < 10_000 || p.WindowTimeoutMs > 900_000 {
		return errors.New("windowTimeoutMs is not within 10000 and 900000")
	}
	for name, path := range map[string]string{"serviceSocket": p.ServiceSocket, "stateDir": p.StateDir, "pinentry": p.Pinentry, "viewer": p.Viewer} {
		if path != "" && !filepath.IsAbs(path) {
			return fmt.Errorf("%s is not an absolute path", name)
		}
	}
	for _, id := range p.Extensions.Chromium {
		if !chromiumID.MatchString(id) {
			return fmt.Errorf("%q is not the id of a Chromium extension", id)
		}
	}
	for _, id := range p.Extensions.Firefox {
		if !firefoxID.MatchString(id) {
			return fmt.Errorf("%q is not the id of a Firefox extension", id)
		}
	}
	if err := p.checkModules(); err != nil {
		return err
	}
	return p.checkOrigins()
}

func (p *Policy) checkModules() error {
	var names []string
	for _, m := range p.Modules {
		if m.Name == "" || slices.Contains(names, m.Name) {
			return fmt.Errorf("module %q has no name of its own", m.Name)
		}
		if !filepath.IsAbs(m.Path) {
			return fmt.Errorf("module %q has no absolute path", m.Name)
		}
		names = append(names, m.Name)
	}
	return nil
}

func (p *Policy) checkOrigins() error {
	var seen []string
	for i := range p.Origins {
		o := &p.Origins[i]
		if err := checkOrigin(o.Origin); err != nil {
			return fmt.Errorf("origin %q: %w", o.Origin, err)
		}
		if slices.Contains(seen, o.Origin) {
			return fmt.Errorf("origin %q is listed twice", o.Origin)
		}
		seen = append(seen, o.Origin)
		if err := o.parse(); err != nil {
			return fmt.Errorf("origin %q: %w", o.Origin, err)
		}
	}
	return nil
}

func (o *Origin) parse() error {
	if o.Documents == "" {
		o.Documents = Sealed
	}
	if o.Documents != Sealed && o.Documents != Document {
		return fmt.Errorf("documents is %q, want %q or %q", o.Documents, Sealed, Document)
	}
	if o.RSign != "" {
		if err := checkRSign(o.RSign); err != nil {
			return fmt.Errorf("rsign %q: %w", o.RSign, err)
		}
	}
	for i, der := range o.SealKeys {
		pub, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			return fmt.Errorf("seal key %d: %w", i+1, err)
		}
		key, ok := pub.(*ecdsa.PublicKey)
		if !ok || key.Curve != elliptic.P256() {
			return fmt.Errorf("seal key %d is not P-256", i+1)
		}
		o.keys = append(o.keys, key)
	}
	return nil
}

// checkOrigin wants the serialisation that browsers use, so that comparing bytes is comparing
// origins.
func checkOrigin(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme+"://"+u.Host != s || u.Host == "" || strings.ToLower(s) != s {
		return errors.New("not a serialised origin")
	}
	host, port := u.Hostname(), u.Port()
	switch {
	case u.Scheme == "https" && port != "443":
		return nil
	case u.Scheme == "http" && port != "80" && Loopback(host):
		return nil
	}
	return errors.New("neither https nor loopback, or its default port is written out")
}

// checkRSign wants one way to write an address, since computers' keys are kept by it.
func checkRSign(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme+"://"+u.Host+u.Path != s || path.Clean(u.Path) != u.Path || u.Path == "/" {
		return errors.New("not a plain address with a path")
	}
	return checkOrigin(u.Scheme + "://" + u.Host)
}

// Loopback says whether a host's name means this computer (RFC 6761 section 6.3), or its address
// does.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}
