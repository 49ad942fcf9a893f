package issuer

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/odnowa/odnowa/portal/daemon"
	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/profile"
)

// Config is the issuer's configuration file, JSON; unknown fields are refused. Relative paths are
// relative to the working directory.
type Config struct {
	// Public is the address of OCSP, CRLs, certificates and time-stamps, such as 127.0.0.1:8702.
	Public string `json:"public"`
	// PublicURL is how the world reaches it, plain http: certificates carry it for good.
	PublicURL string `json:"publicUrl"`
	// Internal is the address on which the portal calls, such as 127.0.0.1:8703 (mutual TLS).
	Internal string `json:"internal"`
	// Link holds the certificates of Internal. Only the process "portal" may call.
	Link link.Config `json:"link"`
	// Database is the file of the issuer's own SQLite database; made when absent.
	Database string `json:"database"`
	// Audit is the file of the audit log; made when absent.
	Audit string `json:"audit"`
	// HSM is the token with the CA's keys. Nobody else uses it.
	HSM hsm.Config `json:"hsm"`
	// Keys are the labels of the keys in that token.
	Keys Keys `json:"keys"`
	// Certificates are PEM files.
	Certificates Certificates `json:"certificates"`
	// RootCRL is the file (DER) of the root's CRL. The root is kept offline; this file is replaced by hand.
	RootCRL string `json:"rootCrl"`
	// StatementKey is a PEM file (PUBLIC KEY): the SAM's, whose statements count.
	StatementKey string `json:"statementKey"`
	// CA is what documents and certificates say about this CA.
	CA CA `json:"ca"`
	// Origins are the websites for which documents are sealed.
	Origins []string `json:"origins"`
	// Months are the validities on offer.
	Months []int `json:"months"`
	// LatestStartDays is how many days from now the validity of a new certificate may start.
	LatestStartDays int `json:"latestStartDays"`
	// WithdrawnDevices are certification ids of cards whose certification has ended.
	WithdrawnDevices []string `json:"withdrawnDevices,omitempty"`
}

// Keys are labels in the token: P-256 for OCSP, time-stamps and seals, P-256 or RSA for the CA.
type Keys struct {
	CA   string `json:"ca"`
	OCSP string `json:"ocsp"`
	TSA  string `json:"tsa"`
	Seal string `json:"seal"`
}

// Certificates are PEM files.
type Certificates struct {
	Root    string `json:"root"`
	Issuing string `json:"issuing"`
	OCSP    string `json:"ocsp"` // delegated responder of Issuing, RFC 6960 4.2.2.2
	TSA     string `json:"tsa"`  // of Root, critical extended key usage timeStamping
	Seal    string `json:"seal"` // published only: agents pin the key
}

// CA is what documents and certificates say about this CA.
type CA struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	// Policy is the CA's own certificate policy, dotted; PolicyVersion that of its document.
	Policy        string `json:"policy"`
	PolicyVersion string `json:"policyVersion"`
	// TSAPolicy is the policy of time-stamps, dotted.
	TSAPolicy string `json:"tsaPolicy"`
	// Disclosures are the PKI disclosure statements, English first; DisclosureVersion is theirs.
	Disclosures       []profile.Disclosure `json:"disclosures"`
	DisclosureVersion string               `json:"disclosureVersion"`
	// Test marks documents as of no legal effect.
	Test bool `json:"test"`
}

// LoadConfig reads and checks a configuration file.
func LoadConfig(path string) (Config, error) {
	return daemon.LoadConfig(path, (*Config).check)
}

func (c *Config) check() error {
	if err := daemon.Missing(map[string]string{
		"public": c.Public, "publicUrl": c.PublicURL, "internal": c.Internal, "link.dir": c.Link.Dir,
		"database": c.Database, "audit": c.Audit, "hsm.module": c.HSM.Module, "hsm.tokenLabel": c.HSM.TokenLabel,
		"hsm.pinFile": c.HSM.PINFile, "keys.ca": c.Keys.CA, "keys.ocsp": c.Keys.OCSP, "keys.tsa": c.Keys.TSA,
		"keys.seal": c.Keys.Seal, "certificates.root": c.Certificates.Root, "certificates.issuing": c.Certificates.Issuing,
		"certificates.ocsp": c.Certificates.OCSP, "certificates.tsa": c.Certificates.TSA, "certificates.seal": c.Certificates.Seal,
		"rootCrl": c.RootCRL, "statementKey": c.StatementKey, "ca.name": c.CA.Name, "ca.address": c.CA.Address,
		"ca.policy": c.CA.Policy, "ca.policyVersion": c.CA.PolicyVersion, "ca.tsaPolicy": c.CA.TSAPolicy,
		"ca.disclosureVersion": c.CA.DisclosureVersion,
	}); err != nil {
		return err
	}
	if len(c.CA.Disclosures) == 0 || c.CA.Disclosures[0].Language != "en" {
		return errors.New("ca.disclosures does not start with the English one")
	}
	if len(c.Origins) == 0 {
		return errors.New("origins is empty: nothing could be sealed")
	}
	if len(c.Months) == 0 || slices.Min(c.Months) < 1 || slices.Max(c.Months) > 36 {
		return errors.New("months is empty or not within 1 and 36")
	}
	if c.LatestStartDays < 0 || c.LatestStartDays > 366 {
		return errors.New("latestStartDays is not within 0 and 366")
	}
	return nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	der, err := readPEM(path, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cert, nil
}

func readStatementKey(path string) (*ecdsa.PublicKey, error) {
	der, err := readPEM(path, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	pub, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s: not a P-256 key", path)
	}
	return key, nil
}

func readPEM(path, kind string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != kind || len(bytes.TrimSpace(rest)) != 0 {
		return nil, fmt.Errorf("%s: not one PEM block %s", path, kind)
	}
	return block.Bytes, nil
}
