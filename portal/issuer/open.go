package issuer

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/daemon"
	"github.com/odnowa/odnowa/portal/database"
	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/profile"
)

// process is a service with what it stands on.
type process struct {
	service *Service
	public  http.Handler
	opened  daemon.Opened
}

func open(ctx context.Context, c Config, log *zap.Logger) (*process, error) {
	p := &process{}
	if err := p.open(ctx, c, log); err != nil {
		return nil, errors.Join(err, p.opened.Close())
	}
	return p, nil
}

func (p *process) open(ctx context.Context, c Config, log *zap.Logger) error {
	s := &Service{config: c, policy: c.CA.Policy, log: log, now: time.Now}
	certs, err := readCertificates(c.Certificates)
	if err != nil {
		return err
	}
	s.root = certs["root"]
	if s.authority, err = c.authority(certs["issuing"]); err != nil {
		return err
	}
	if s.statement, err = readStatementKey(c.StatementKey); err != nil {
		return fmt.Errorf("statementKey: %w", err)
	}
	if s.audit, err = audit.Open(c.Audit); err != nil {
		return err
	}
	p.opened = append(p.opened, s.audit.Close)
	if s.db, err = database.Open(ctx, c.Database, migrations); err != nil {
		return err
	}
	p.opened = append(p.opened, s.db.Close)
	s.register = &Register{s.db}
	token, err := hsm.Open(c.HSM)
	if err != nil {
		return err
	}
	p.opened = append(p.opened, token.Close)
	p.service = s
	return p.useKeys(c, certs, token)
}

// useKeys takes the keys from the token and refuses one that is not its certificate's.
func (p *process) useKeys(c Config, certs map[string]*x509.Certificate, token *hsm.Token) error {
	s := p.service
	keys := map[string]crypto.Signer{}
	for name, label := range map[string]string{"issuing": c.Keys.CA, "ocsp": c.Keys.OCSP, "tsa": c.Keys.TSA, "seal": c.Keys.Seal} {
		key, err := token.Key(label)
		if err != nil {
			return fmt.Errorf("keys: %w", err)
		}
		if pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(certs[name].PublicKey) {
			return fmt.Errorf("keys: %s is not the key of certificates.%s", label, name)
		}
		keys[name] = key
	}
	s.sealKey = keys["seal"]
	s.issuer = embedded{s.authority, keys["issuing"]}
	rootCRL, err := os.ReadFile(c.RootCRL)
	if err != nil {
		return fmt.Errorf("rootCrl: %w", err)
	}
	policy, err := parseOID(c.CA.TSAPolicy)
	if err != nil {
		return fmt.Errorf("ca.tsaPolicy: %w", err)
	}
	p.public = newPublic(s,
		&responder{service: s, cert: certs["ocsp"], key: keys["ocsp"]},
		&crls{service: s, key: keys["issuing"], rootDER: rootCRL},
		&authority{service: s, cert: certs["tsa"], key: keys["tsa"], policy: policy},
		certs)
	return nil
}

// readCertificates gives the certificates by the name under which they are published.
func readCertificates(c Certificates) (map[string]*x509.Certificate, error) {
	out := map[string]*x509.Certificate{}
	for name, path := range map[string]string{"root": c.Root, "issuing": c.Issuing, "ocsp": c.OCSP, "tsa": c.TSA, "seal": c.Seal} {
		cert, err := readCertificate(path)
		if err != nil {
			return nil, fmt.Errorf("certificates.%s: %w", name, err)
		}
		out[name] = cert
	}
	if err := out["issuing"].CheckSignatureFrom(out["root"]); err != nil {
		return nil, fmt.Errorf("certificates.issuing is not of certificates.root: %w", err)
	}
	return out, nil
}

// authority says what stands in every certificate. The sandbox uses it too, for the test persons'.
func (c *Config) authority(issuing *x509.Certificate) (*profile.Authority, error) {
	return NewAuthority(issuing, c.PublicURL, c.CA)
}

// NewAuthority gives the profile's view of a CA whose public listener is at publicURL.
func NewAuthority(issuing *x509.Certificate, publicURL string, ca CA) (*profile.Authority, error) {
	policy, err := x509.ParseOID(ca.Policy)
	if err != nil {
		return nil, fmt.Errorf("ca.policy: %w", err)
	}
	return &profile.Authority{
		Certificate: issuing,
		IssuerURL:   publicURL + "/certs/issuing.cer",
		OCSPURL:     publicURL + "/ocsp",
		CRLURL:      publicURL + "/crl/issuing.crl",
		Disclosures: ca.Disclosures,
		Policy:      policy,
	}, nil
}

func parseOID(dotted string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(dotted, ".") {
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not an object identifier", dotted)
		}
		oid = append(oid, int(n))
	}
	return oid, nil
}
