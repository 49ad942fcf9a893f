package web

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/odnowa/odnowa/portal/daemon"
	"github.com/odnowa/odnowa/portal/link"
)

// Config is the portal's configuration file, JSON; unknown fields are refused. Relative paths are
// relative to the working directory.
type Config struct {
	// Listen is the address of the website, such as 127.0.0.1:8700. Plain HTTP: a reverse proxy speaks
	// TLS before it.
	Listen string `json:"listen"`
	// Origin is the website as browsers see it, such as http://odnowa.localhost:8700. Requests for
	// other hosts and changes from other origins are refused; seals name it.
	Origin string `json:"origin"`
	// TrustedProxies are the networks (CIDR) of reverse proxies whose X-Forwarded-For is believed. It
	// only matters for limiting tries of codes.
	TrustedProxies []string `json:"trustedProxies,omitempty"`
	// Database is the file of the portal's own SQLite database; made when absent.
	Database string `json:"database"`
	// CodeKey is the file with the key that renewal codes are hashed with (renewal.CreateKeyFile).
	CodeKey string `json:"codeKey"`
	// Audit is the file of the audit log; made when absent.
	Audit string `json:"audit"`
	// Link holds the certificates for calling issuer and SAM, in the name "portal".
	Link link.Config `json:"link"`
	// IssuerURL is the issuer's internal API, such as https://127.0.0.1:8703.
	IssuerURL string `json:"issuerUrl"`
	// SAMURL is the SAM's internal API, such as https://127.0.0.1:8704.
	SAMURL string `json:"samUrl"`
	// TSA gives the time-stamps of signed applications.
	TSA TSA `json:"tsa"`
	// Issuers are PEM files of the CAs whose certificates can be renewed; the wizard picks fitting
	// certificates by their names.
	Issuers []string `json:"issuers"`
	// Name is the CA's name as people know it.
	Name string `json:"name"`
	// Test says that this is a sandbox; every page says so too.
	Test bool `json:"test"`
	// Support is whom people call.
	Support SupportConfig `json:"support"`
	// PhoneApp is where the phone app is found, such as http://rsign.localhost:8701.
	PhoneApp string `json:"phoneApp"`
	// Install has where the website's install page leads visitors for a browser or system, by the names of the
	// attributes of <odnowa-install>: "extension-chrome", "agent-windows" ... What is not there has no button.
	Install map[string]string `json:"install,omitempty"`
	// Assets is the directory with the built SDK (extension/dist/sdk: odnowa.js and what it fetches).
	Assets string `json:"assets"`
	// LatestStartDays is how many days from now validity may start; the issuer has its own limit.
	LatestStartDays int `json:"latestStartDays"`
}

// TSA is a time-stamp authority (RFC 3161).
type TSA struct {
	// URL answers application/timestamp-query, such as http://ca.localhost:8702/tsa.
	URL string `json:"url"`
	// Root is a PEM file with the only root that its certificate may lead to.
	Root string `json:"root"`
}

// SupportConfig is how people reach the CA.
type SupportConfig struct {
	Email string `json:"email"`
	Phone string `json:"phone"`
}

// LoadConfig reads and checks a configuration file.
func LoadConfig(path string) (Config, error) {
	return daemon.LoadConfig(path, (*Config).check)
}

// installNames are the attributes of <odnowa-install> that lead to downloads.
var installNames = []string{
	"extension-chrome", "extension-edge", "extension-firefox", "agent-windows", "agent-macos", "agent-linux",
}

func (c *Config) check() error {
	if err := daemon.Missing(map[string]string{
		"listen": c.Listen, "origin": c.Origin, "database": c.Database, "codeKey": c.CodeKey, "audit": c.Audit,
		"link.dir": c.Link.Dir, "issuerUrl": c.IssuerURL, "samUrl": c.SAMURL, "tsa.url": c.TSA.URL, "tsa.root": c.TSA.Root,
		"name": c.Name, "support.email": c.Support.Email, "support.phone": c.Support.Phone,
		"phoneApp": c.PhoneApp, "assets": c.Assets,
	}); err != nil {
		return err
	}
	if len(c.Issuers) == 0 {
		return errors.New("issuers are missing")
	}
	if c.LatestStartDays < 1 {
		return errors.New("latestStartDays has to be at least 1")
	}
	for _, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			return fmt.Errorf("trustedProxies: %w", err)
		}
	}
	for name, address := range c.Install {
		if u, err := url.Parse(address); !slices.Contains(installNames, name) || err != nil || u.Scheme != "https" {
			return fmt.Errorf("install: %s is not one of %s with an https address", name, strings.Join(installNames, ", "))
		}
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil || host == "" {
		return errors.New("listen has to be host:port; 0.0.0.0 has to be written out")
	}
	if !daemon.IsOrigin(c.Origin) {
		return errors.New("origin has to be scheme://host or scheme://host:port")
	}
	return nil
}

// host is what Host headers must say.
func (c *Config) host() string {
	_, host, _ := strings.Cut(c.Origin, "://")
	return host
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	var out []*x509.Certificate
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificates: %s: %w", path, err)
		}
		out = append(out, cert)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("reading certificates: none in %s", path)
	}
	return out, nil
}
