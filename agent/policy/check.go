package policy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

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
	if p.AuditFileBytes < 65536 || p.AuditFiles < 2 {
		return errors.New("auditFileBytes is less than 65536, or auditFiles less than 2")
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
