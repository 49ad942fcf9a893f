package issuer_test

import (
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/issuer"
)

// TestRunSaysWhatIsWrong: each thing that can be wrong at the start, by a name that leads to it.
func TestRunSaysWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.stop()
	defer w.start()
	const nowhere = "/nonexistent/x"
	for name, tt := range map[string]struct {
		change func(*issuer.Config)
		says   string
	}{
		"not checked":         {func(c *issuer.Config) { c.RootCRL, c.Audit = "", "" }, "configuration: missing: audit, rootCrl"},
		"certificate":         {func(c *issuer.Config) { c.Certificates.TSA = nowhere }, "certificates.tsa: open " + nowhere},
		"no certificate":      {func(c *issuer.Config) { c.Certificates.TSA = c.StatementKey }, "not one PEM block CERTIFICATE"},
		"other root":          {func(c *issuer.Config) { c.Certificates.Root = c.Certificates.TSA }, "certificates.issuing is not of certificates.root"},
		"statement key":       {func(c *issuer.Config) { c.StatementKey = nowhere }, "statementKey: open " + nowhere},
		"audit":               {func(c *issuer.Config) { c.Audit = nowhere }, "opening audit log: open " + nowhere},
		"database":            {func(c *issuer.Config) { c.Database = nowhere }, "database " + nowhere},
		"module":              {func(c *issuer.Config) { c.HSM.Module = nowhere }, "opening token " + w.config.HSM.TokenLabel + " of " + nowhere},
		"key":                 {func(c *issuer.Config) { c.Keys.TSA = "other" }, "keys: no such key in the token: other"},
		"key of another":      {func(c *issuer.Config) { c.Keys.TSA = c.Keys.OCSP }, "is not the key of certificates.tsa"},
		"CRL":                 {func(c *issuer.Config) { c.RootCRL = nowhere }, "rootCrl: open " + nowhere},
		"policy":              {func(c *issuer.Config) { c.CA.Policy = "policy" }, "ca.policy: "},
		"policy of the stamp": {func(c *issuer.Config) { c.CA.TSAPolicy = "policy" }, "ca.tsaPolicy: "},
		"link":                {func(c *issuer.Config) { c.Link.Dir = nowhere }, "loading link certificate: open " + nowhere},
		"address":             {func(c *issuer.Config) { c.Internal = "192.0.2.1:1" }, "listening (internal): "},
	} {
		c := w.config
		tt.change(&c)
		if err := issuer.Run(t.Context(), c, zap.NewNop()); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}
