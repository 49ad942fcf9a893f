package sandbox

import (
	"context"
	"errors"

	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/renewal"
	"github.com/odnowa/odnowa/portal/web"
)

// configurePortal makes the portal's database with one renewal code, and its configuration.
func (m *maker) configurePortal(ctx context.Context) error {
	c := m.portalConfig()
	if err := errors.Join(m.writeJSON("portal/config.json", c), renewal.CreateKeyFile(c.CodeKey)); err != nil {
		return err
	}
	store, err := renewal.OpenStore(ctx, c.Database, c.CodeKey)
	if err != nil {
		return err
	}
	m.out.RenewalCode, err = store.CreateCode(ctx, renewal.Offer{Months: months, Target: renewal.TargetCloud})
	return errors.Join(err, store.Close())
}

func (m *maker) portalConfig() web.Config {
	return web.Config{
		Listen: m.address(0), Origin: m.out.URLs.Portal,
		Database: m.path("portal", "portal.db"), CodeKey: m.path("portal", "code.key"), Audit: m.out.Audit.Portal,
		Link:      link.Config{Dir: m.path("portal", "link")},
		IssuerURL: m.out.URLs.Issuer, SAMURL: m.out.URLs.SAM,
		// By address: names below localhost mean something to browsers only.
		TSA:     web.TSA{URL: "http://" + m.address(2) + "/tsa", Root: m.out.CA.Root},
		Issuers: []string{m.out.CA.Issuing},
		Name:    organization, Test: true,
		Support:  web.SupportConfig{Email: "pomoc@ca.example", Phone: "+48 00 000 00 00"},
		PhoneApp: m.out.URLs.Phone, Assets: m.SDK, LatestStartDays: latestStartDays,
	}
}
