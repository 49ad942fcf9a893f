// Package sandbox makes a certificate authority that looks real and is not: a hierarchy whose every
// name says TEST, tokens in SoftHSM, a test customer's card, and the configuration of all processes,
// in one directory. Demo, tests and web developers start from it.
//
// Everything in it is made anew each time and nothing of it is committed. Its directory holds keys and
// PINs side by side, as only a sandbox may. The root's key lies in a token of its own, offline-root,
// that no process is configured for: it signs the certificates and a CRL of one year when the sandbox is
// made, and never again, as the key of a real root in its safe.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/link"
)

// ErrNotEmpty: the directory has something in it already; a sandbox never overwrites.
var ErrNotEmpty = errors.New("directory is not empty")

// Options of a sandbox.
type Options struct {
	// Dir gets the sandbox; it is made, or has to be empty.
	Dir string
	// BasePort is the portal's; the phone app, the CA's public listener, the issuer's and the SAM's
	// internal ones follow.
	BasePort int
	// AgentPort is that of the agent's WebSocket.
	AgentPort int
	// PhoneApp and SDK are the directories of the built phone app and of the SDK that the page loads.
	PhoneApp, SDK string
}

// Sandbox is DIR/sandbox.json: all that demo and tests need to know. Paths are absolute.
type Sandbox struct {
	Dir         string    `json:"dir"`
	URLs        URLs      `json:"urls"`
	RenewalCode string    `json:"renewalCode"` // 24 months, cloud
	Card        Card      `json:"card"`
	PIV         PIV       `json:"piv"`
	Configs     Configs   `json:"configs"`
	Audit       Configs   `json:"audit"`
	Agent       Agent     `json:"agent"`
	Extension   Extension `json:"extension"`
	Installer   string    `json:"installer"` // configuration of the CA's packages: make packages CA=
	CA          CA        `json:"ca"`
	Operator    string    `json:"operator"` // link directory that may revoke
}

// URLs of the processes.
type URLs struct {
	Portal string `json:"portal"`
	Phone  string `json:"phone"`
	CA     string `json:"ca"`
	Issuer string `json:"issuer"` // internal, mutual TLS
	SAM    string `json:"sam"`    // internal, mutual TLS
}

// Card is the test customer's: a SoftHSM token. Set SOFTHSM2_CONF to Conf for whoever uses it.
type Card struct {
	Module     string `json:"module"`
	Conf       string `json:"conf"`
	TokenLabel string `json:"tokenLabel"`
	PIN        string `json:"pin"`
	PINFile    string `json:"pinFile"`
	// Qualified is the certificate to renew (PEM); the others lie beside it.
	Qualified      string `json:"qualified"`
	Authentication string `json:"authentication"`
	Expired        string `json:"expired"`
	// KeyLabel is the CKA_LABEL of Qualified and its key.
	KeyLabel string `json:"keyLabel"`
}

// PIV is what another card of the customer's holds, one that a PIV card made of software can be filled
// with (agent/card/pivtest): PEM files, the keys as PKCS#8.
type PIV struct {
	// Qualified can be renewed as the card's; Expired is another person's and cannot.
	Qualified    string `json:"qualified"`
	QualifiedKey string `json:"qualifiedKey"`
	Expired      string `json:"expired"`
	ExpiredKey   string `json:"expiredKey"`
}

// Configs are one file for each process.
type Configs struct {
	Portal string `json:"portal"`
	Issuer string `json:"issuer"`
	SAM    string `json:"sam"`
}

// Agent is what the agent of the customer's computer needs.
type Agent struct {
	Policy string `json:"policy"` // file; the agent finds it by ODNOWA_CONFIG
	Port   int    `json:"port"`   // of the WebSocket
}

// Extension is the browser extension's identity.
type Extension struct {
	ID     string `json:"id"`     // in Chromium
	Key    string `json:"key"`    // PKCS#8 PEM, to pack it
	Config string `json:"config"` // JSON for its build
}

// CA are the hierarchy's files, PEM but for the CRL (DER).
type CA struct {
	Root    string `json:"root"`
	Issuing string `json:"issuing"`
	OCSP    string `json:"ocsp"`
	TSA     string `json:"tsa"`
	Seal    string `json:"seal"`
	RootCRL string `json:"rootCrl"`
}

// maker makes one sandbox.
type maker struct {
	Options
	out Sandbox
	now time.Time

	issuerToken, samToken, cardToken hsm.Config
	keys                             publicKeys
	ca                               authorities
	card                             cardCertificates
	piv                              pivCard
	extensionKey                     []byte // SubjectPublicKeyInfo
}

// Create makes a sandbox and writes DIR/sandbox.json last, so that its presence says that the
// sandbox is whole.
func Create(ctx context.Context, o Options) (*Sandbox, error) {
	m, err := newMaker(o)
	if err != nil {
		return nil, fmt.Errorf("creating sandbox: %w", err)
	}
	for _, step := range []func(context.Context) error{
		m.makeKeys, m.makeHierarchy, m.makePIVKeys, m.issueToPersons, m.fillCard, m.fillPIV, m.register, m.makeLinks, m.makeExtension, m.configure,
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("creating sandbox: %w", err)
		}
	}
	return &m.out, m.writeJSON("sandbox.json", m.out)
}

// Load reads DIR/sandbox.json.
func Load(dir string) (*Sandbox, error) {
	b, err := os.ReadFile(filepath.Join(dir, "sandbox.json"))
	if err != nil {
		return nil, fmt.Errorf("loading sandbox: %w", err)
	}
	var s Sandbox
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("loading sandbox: %w", err)
	}
	return &s, nil
}

func newMaker(o Options) (*maker, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if o.BasePort < 1024 || o.BasePort > 65530 {
		return nil, errors.New("base port is not within 1024 and 65530")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		return nil, errors.Join(ErrNotEmpty, err)
	}
	o.Dir = dir
	m := &maker{Options: o, now: time.Now().UTC().Truncate(time.Second)}
	m.out.Dir = dir
	m.out.URLs = URLs{
		Portal: fmt.Sprintf("http://odnowa.localhost:%d", o.BasePort),
		Phone:  fmt.Sprintf("http://rsign.localhost:%d", o.BasePort+1),
		CA:     fmt.Sprintf("http://ca.localhost:%d", o.BasePort+2),
		Issuer: fmt.Sprintf("https://127.0.0.1:%d", o.BasePort+3),
		SAM:    fmt.Sprintf("https://127.0.0.1:%d", o.BasePort+4),
	}
	return m, nil
}

func (m *maker) makeLinks(context.Context) error {
	dirs := map[string]string{}
	for _, name := range []string{"portal", "issuer", "sam", "operator"} {
		dirs[name] = m.path(name, "link")
	}
	m.out.Operator = dirs["operator"]
	return link.Create(dirs)
}

func (m *maker) path(elem ...string) string {
	return filepath.Join(append([]string{m.Dir}, elem...)...)
}

func (m *maker) write(name string, b []byte) error {
	path := m.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func (m *maker) writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return m.write(name, append(b, '\n'))
}
