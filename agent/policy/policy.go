// Package policy reads the machine's policy: which extensions and websites may use the agent, by
// which keys their documents are sealed, which card modules are loaded.
//
// It comes from places (places.go): the build's own list, the administrator's file, and where there is
// neither, a file that the environment names. A place is read into a [Layer] and layers are merged, each
// member as a whole, the later place's instead of the earlier one's (layer.go); [Store] notices when a place
// changes. The administrator's file is trusted as such, once nobody else can have written it; every place is
// read strictly, and whatever none names is denied. A place that cannot be read or understood is an error and
// never an empty policy, because the next place to look might belong to somebody else.
package policy

import (
	"crypto/ecdsa"
	"slices"
	"time"

	"github.com/odnowa/odnowa/agent/audit"
)

// Environment names a policy file for a machine that has no machine policy: a sandbox or a
// developer's. Where a machine policy exists it is ignored.
const Environment = "ODNOWA_CONFIG"

// Defaults of fields that the file leaves out.
const (
	DefaultPort            = 22701
	DefaultWindowTimeoutMs = 120_000
)

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
// /Library/Application Support/Odnowa/agent.json, Windows %ProgramData%\Odnowa\agent.json, which must belong to
// the administrators. On Windows group policy is in front of the file, member by member:
// HKLM\SOFTWARE\Policies\Odnowa\Agent, in the forms that registry_windows.go names. A changed file or key
// counts from the next request on, but for port, service, serviceSocket, stateDir and what is said of the
// audit log: those count when the service and the sessions start.
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
	// Modules are PKCS#11 modules, in the order in which cards are listed. Default none.
	Modules []Module `json:"modules,omitempty"`
	// DiscoverModules says whether other modules of the machine are used, too, after those listed: what p11-kit is
	// configured with (Linux), and what the known card makers' software installs. Default: true where Modules
	// lists none, false where it does.
	DiscoverModules *bool `json:"discoverModules,omitempty"`
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
	// AuditFileBytes is how large a file of the audit log may get before the next begins, 65536 or more.
	// Default 8388608.
	AuditFileBytes int `json:"auditFileBytes,omitempty"`
	// AuditFiles is how many files of the audit log are kept, 2 or more. Default 20.
	AuditFiles int `json:"auditFiles,omitempty"`

	source string            // the last place that named anything but the build
	from   map[string]Source // by JSON name
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
	// Path is absolute. Neither the file nor a folder above it may be writable by others than administrators, after
	// symbolic links were followed: the module is refused otherwise.
	Path string `json:"path"`
	// UserWritable lets the module lie where others can write. For sandboxes and developers alone: whoever can write
	// there learns the PINs. Default false.
	UserWritable bool `json:"userWritable,omitempty"`
	// Env is added to the environment of the module's process, "NAME=value" each.
	Env []string `json:"env,omitempty"`
}

// defaults are the values of what no place names.
func defaults() *Policy {
	return &Policy{
		Port:            DefaultPort,
		ServiceSocket:   defaultServiceSocket(),
		StateDir:        defaultStateDir(),
		WindowTimeoutMs: DefaultWindowTimeoutMs,
		AuditFileBytes:  audit.DefaultFileBytes,
		AuditFiles:      audit.DefaultFiles,
	}
}

// Source is where the policy was read from, or empty for what holds without any.
func (p *Policy) Source() string { return p.source }

// From says where the value of a member comes from, by its JSON name.
func (p *Policy) From(member string) Source {
	if s, ok := p.from[member]; ok {
		return s
	}
	return Source{Kind: FromDefault}
}

// DiscoversModules says whether modules that the policy does not list are used.
func (p *Policy) DiscoversModules() bool {
	if p.DiscoverModules != nil {
		return *p.DiscoverModules
	}
	return len(p.Modules) == 0
}

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
