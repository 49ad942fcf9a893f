package sam

import (
	"errors"
	"strings"

	"github.com/odnowa/odnowa/portal/daemon"
	"github.com/odnowa/odnowa/portal/hsm"
	"github.com/odnowa/odnowa/portal/link"
)

// Config is the SAM's configuration file, JSON; unknown fields are refused. Relative paths are
// relative to the working directory.
type Config struct {
	// Public is the address on which phones are served, such as 127.0.0.1:8701. Plain HTTP unless
	// TLSCertificate is set: phones need HTTPS, and only browsers on the same machine do without.
	Public string `json:"public"`
	// PublicURL is the origin under which phones reach Public, such as http://rsign.localhost:8701.
	// QR codes carry it, and requests of other origins are refused.
	PublicURL string `json:"publicUrl"`
	// TLSCertificate and TLSKey are PEM files for Public; both or none.
	TLSCertificate string `json:"tlsCertificate,omitempty"`
	TLSKey         string `json:"tlsKey,omitempty"`
	// App is the directory of the built phone app (portal/phone/dist). It is read once, at start.
	App string `json:"app"`
	// Internal is the address on which the portal calls, such as 127.0.0.1:8704 (mutual TLS).
	Internal string `json:"internal"`
	// SigningURL is the base of the signing API (CSC API v2) as computers reach it, through the portal,
	// such as http://odnowa.localhost:8700/csc/v2. Their proofs name it.
	SigningURL string `json:"signingUrl"`
	// Link holds the certificates of Internal. Only the process "portal" may call.
	Link link.Config `json:"link"`
	// Database is the file of the SAM's own SQLite database; made when absent.
	Database string `json:"database"`
	// Audit is the file of the audit log; made when absent.
	Audit string `json:"audit"`
	// HSM is the token in which credentials' keys are made. Nobody else uses it.
	HSM hsm.Config `json:"hsm"`
	// StatementKey is the label of the P-256 key in that token that signs statements. The issuer
	// pins its public half.
	StatementKey string `json:"statementKey"`
	// RequestsPerMinute is how many calls of the phone API, and of the signing API, one address (IPv6:
	// /64 network) may make a minute; a third of it at once. 0 means 120.
	RequestsPerMinute int `json:"requestsPerMinute,omitempty"`
}

func (c *Config) perMinute() int {
	if c.RequestsPerMinute == 0 {
		return 120
	}
	return c.RequestsPerMinute
}

// LoadConfig reads and checks a configuration file.
func LoadConfig(path string) (Config, error) {
	return daemon.LoadConfig(path, (*Config).check)
}

func (c *Config) check() error {
	if err := daemon.Missing(map[string]string{
		"public": c.Public, "publicUrl": c.PublicURL, "app": c.App, "internal": c.Internal,
		"signingUrl": c.SigningURL, "database": c.Database, "audit": c.Audit, "statementKey": c.StatementKey,
		"link.dir": c.Link.Dir, "hsm.module": c.HSM.Module, "hsm.tokenLabel": c.HSM.TokenLabel, "hsm.pinFile": c.HSM.PINFile,
	}); err != nil {
		return err
	}
	if !daemon.IsOrigin(c.PublicURL) {
		return errors.New("publicUrl has to be an origin, scheme://host or scheme://host:port")
	}
	if origin, ok := strings.CutSuffix(c.SigningURL, signingPath); !ok || !daemon.IsOrigin(origin) {
		return errors.New("signingUrl has to be scheme://host" + signingPath)
	}
	if (c.TLSCertificate == "") != (c.TLSKey == "") {
		return errors.New("tlsCertificate and tlsKey go together")
	}
	if c.RequestsPerMinute < 0 {
		return errors.New("requestsPerMinute is negative")
	}
	return nil
}
