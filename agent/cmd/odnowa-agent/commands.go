package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/module"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/rsign"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// commandPatience is how long commands, whose person waits, give a slow module; sessions go on without it and tell of
// what it finds later.
const commandPatience = 30 * time.Second

// openCards opens the policy's and the machine's modules; patience 0 is a session's.
func openCards(p *policy.Policy, patience time.Duration) *card.Store {
	return card.New(module.List(p), card.Options{Patience: patience})
}

func runVersion(_ context.Context, _ []string, s stdio) int {
	fmt.Fprintln(s.out, "odnowa-agent", version)
	return 0
}

// runCertificates lists what is on the cards and in the cloud. It is run by the cards' owner in a terminal, so it
// shows names.
func runCertificates(ctx context.Context, args []string, s stdio) int {
	c, err := openCommand(ctx, s, false)
	if err != nil {
		return failOpening(s.err, err)
	}
	defer c.close()
	list, err := c.session.List(ctx, bridge.Filter{})
	if err != nil {
		return c.fail(err)
	}
	if len(args) == 2 {
		return printJSON(s.out, list)
	}
	for _, m := range list.Modules {
		if m.Code != "" {
			cause, cure := explain(m.Code)
			fmt.Fprintf(s.err, "%s: %s\n  %s\n", plain(m.Name), cause, cure)
		}
	}
	if len(list.Certificates) > 0 {
		return printCertificates(s.out, list.Certificates)
	}
	missing := c.missing(ctx)
	if !slices.ContainsFunc(list.Modules, func(m bridge.Module) bool { return m.Code == missing }) {
		cause, cure := explain(missing)
		fmt.Fprintf(s.err, "%s\n  %s\n", cause, cure)
	}
	return 0
}

func printCertificates(out io.Writer, list []bridge.Certificate) int {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, say("NAZWA\tWYSTAWCA\tWAŻNY DO\tKLUCZ\tUŻYCIE\tPIN\tCZYTNIK\tID", "NAME\tISSUER\tVALID TO\tKEY\tUSAGE\tPIN\tREADER\tID"))
	for _, c := range list {
		cert, err := x509.ParseCertificate(c.DER)
		if err != nil {
			continue // the store lists only what it could parse
		}
		pin, where := string(c.PIN), plain(c.Reader)
		if c.Source == bridge.SourceRSign {
			pin, where = say("telefon", "phone"), rsign.Token
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s-%d\t%s\t%s\t%s\t%.16s\n", plain(cert.Subject.CommonName), plain(cert.Issuer.CommonName),
			cert.NotAfter.Format("2006-01-02"), c.KeyType, c.KeyBits, strings.Join(c.KeyUsage, ","), pin, where, c.ID)
	}
	if err := w.Flush(); err != nil {
		return 1
	}
	return 0
}

// plain keeps what is written on a card from steering the terminal.
func plain(s string) string { return window.Clean(s) }

// language of the terminal, from the locale (POSIX: LC_ALL, then LC_MESSAGES, then LANG), else the system's.
func language() window.Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "pl") {
				return window.Polish
			}
			return window.English
		}
	}
	return systemLanguage()
}

// fail tells a person what happened and what to do.
func fail(w io.Writer, err error, hint string) int {
	fmt.Fprintf(w, "odnowa-agent: %v\n  %s\n", err, hint)
	return 1
}

func printJSON(w io.Writer, v any) int {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return 1
	}
	return 0
}
