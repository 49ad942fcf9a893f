package sandbox

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/odnowa/odnowa/portal/issuer"
	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/profile"
	"github.com/odnowa/odnowa/portal/sam"
)

// latestStartDays leaves room for a start after the current certificate, which ends in 30.
const latestStartDays = 60

// configure writes the configuration of every process and of the customer's agent.
func (m *maker) configure(ctx context.Context) error {
	m.out.Configs = Configs{
		Portal: m.path("portal", "config.json"), Issuer: m.path("issuer", "config.json"), SAM: m.path("sam", "config.json"),
	}
	m.out.Audit = Configs{
		Portal: m.path("portal", "audit.jsonl"), Issuer: m.path("issuer", "audit.jsonl"), SAM: m.path("sam", "audit.jsonl"),
	}
	m.out.Agent = Agent{Policy: m.path("agent", "policy.json"), Port: m.AgentPort}
	m.out.Installer = m.path("installer", "ca.json")
	statement, err := x509.MarshalPKIXPublicKey(m.keys[keyStatement])
	if err != nil {
		return err
	}
	return errors.Join(
		m.write("ca/statement.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: statement})),
		m.writeJSON("issuer/config.json", m.issuerConfig()),
		m.writeJSON("sam/config.json", m.samConfig()),
		m.writePolicy(),
		m.writeInstaller(),
		m.configurePortal(ctx),
	)
}

// address is where a process listens: its place after the base port.
func (m *maker) address(place int) string { return fmt.Sprintf("127.0.0.1:%d", m.BasePort+place) }

// caWords is what documents and certificates say about the CA. The disclosure statements are under
// example domains (RFC 2606): the profile wants https, which a sandbox can't serve.
func (m *maker) caWords() issuer.CA {
	return issuer.CA{
		Name: organization, Address: address,
		Policy: policyCertificates, PolicyVersion: "1.0", TSAPolicy: policyTimeStamps,
		Disclosures: []profile.Disclosure{
			{URL: "https://ca.example/test/pds_en.pdf", Language: "en"}, {URL: "https://ca.example/test/pds_pl.pdf", Language: "pl"},
		},
		DisclosureVersion: "1.0", Test: true,
	}
}

func (m *maker) issuerConfig() issuer.Config {
	return issuer.Config{
		Public: m.address(2), PublicURL: m.out.URLs.CA, Internal: m.address(3),
		Link:     link.Config{Dir: m.path("issuer", "link")},
		Database: m.path("issuer", "issuer.db"), Audit: m.out.Audit.Issuer,
		HSM:  m.issuerToken,
		Keys: issuer.Keys{CA: keyCA, OCSP: keyOCSP, TSA: keyTSA, Seal: keySeal},
		Certificates: issuer.Certificates{
			Root: m.out.CA.Root, Issuing: m.out.CA.Issuing, OCSP: m.out.CA.OCSP, TSA: m.out.CA.TSA, Seal: m.out.CA.Seal,
		},
		RootCRL: m.out.CA.RootCRL, StatementKey: m.path("ca", "statement.pem"),
		CA: m.caWords(), Origins: []string{m.out.URLs.Portal}, Months: []int{12, 24, 36}, LatestStartDays: latestStartDays,
		WithdrawnDevices: []string{withdrawnDevice},
	}
}

func (m *maker) samConfig() sam.Config {
	return sam.Config{
		Public: m.address(1), PublicURL: m.out.URLs.Phone, App: m.PhoneApp,
		Internal: m.address(4), SigningURL: m.signingURL(), Link: link.Config{Dir: m.path("sam", "link")},
		Database: m.path("sam", "sam.db"), Audit: m.out.Audit.SAM,
		HSM: m.samToken, StatementKey: keyStatement,
	}
}

// signingURL is the signing API (CSC API) as computers reach it.
func (m *maker) signingURL() string { return m.out.URLs.Portal + "/csc/v2" }

// writePolicy writes the policy of the customer's machine (agent/policy). Its form is the agent's;
// the CA's side knows it as an administrator does.
func (m *maker) writePolicy() error {
	seal, err := x509.MarshalPKIXPublicKey(m.keys[keySeal])
	if err != nil {
		return err
	}
	return m.writeJSON("agent/policy.json", map[string]any{
		"port":          m.AgentPort,
		"service":       true,
		"serviceSocket": m.path("agent", "run", "agent.sock"),
		"stateDir":      m.path("agent", "state"),
		"extensions":    map[string]any{"chromium": []string{m.out.Extension.ID}, "firefox": []string{geckoID}},
		"origins":       []any{map[string]any{"origin": m.out.URLs.Portal, "sealKeys": [][]byte{seal}, "rsign": m.signingURL()}},
		"modules":       []any{map[string]any{"name": "SoftHSM TEST", "path": m.out.Card.Module}},
		"allowRoot":     true,
	})
}
