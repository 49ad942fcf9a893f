package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/odnowa/odnowa/agent/rsign"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// runRSign is odnowa-agent rsign activate [--origin URL] and odnowa-agent rsign status.
func runRSign(ctx context.Context, args []string, s stdio) int {
	c, err := openCommand(ctx, s, args[1] == "activate")
	if err != nil {
		return failOpening(s.err, err)
	}
	defer c.close()
	if args[1] == "status" {
		return c.rsignStatus(ctx)
	}
	origin := ""
	if len(args) == 4 {
		origin = args[3]
	}
	return c.rsignActivate(ctx, origin)
}

func (c *command) rsignActivate(parent context.Context, origin string) int {
	portal, err := c.portal(origin)
	if err != nil {
		return fail(c.stdio.err, err, say("Wskaż stronę z konfiguracji, która ma rSign: odnowa-agent rsign activate --origin https://...",
			"Name a website of the policy that has rSign: odnowa-agent rsign activate --origin https://..."))
	}
	// Ctrl-C means that the person does not want it, unlike a browser that goes away.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	defer cancel(nil)
	defer context.AfterFunc(parent, func() { cancel(bridge.Errorf(bridge.CodeRequestCancelled, nil)) })()
	certificate, err := c.session.Activate(ctx, rsign.Activation{Portal: portal, Progress: func(state bridge.ActivationState, code string) {
		if state == bridge.ActivationFound {
			fmt.Fprintln(c.stdio.err, say("Telefon znalazł ten komputer. Potwierdź na telefonie PIN-em.", "The phone has found this computer. Confirm on the phone with its PIN."))
			return
		}
		fmt.Fprintf(c.stdio.out, "\n    %s %s\n\n", code[:3], code[3:])
		fmt.Fprintln(c.stdio.err, say("Otwórz na telefonie aplikację rSign, wybierz dodanie komputera i wpisz ten kod. Ctrl-C przerywa.",
			"Open the rSign app on your phone, choose to add a computer and type this code. Ctrl-C stops."))
	}})
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintf(c.stdio.out, "%s: %s\n", say("rSign jest aktywny na tym komputerze", "rSign is active on this computer"), nameOf(*certificate))
	return 0
}

// portal gives the CSC API of an origin, or the only one that the policy has.
func (c *command) portal(origin string) (string, error) {
	if origin != "" {
		if o := c.policy.Origin(origin); o != nil && o.RSign != "" {
			return o.RSign, nil
		}
		return "", errors.New(say("konfiguracja nie wymienia rSign tej strony", "the policy names no rSign for this website"))
	}
	switch all := c.policy.RSignPortals(); len(all) {
	case 0:
		return "", errors.New(say("konfiguracja nie wymienia rSign", "the policy names no rSign"))
	case 1:
		return all[0], nil
	}
	return "", errors.New(say("konfiguracja wymienia rSign kilku stron", "the policy names rSign for several websites"))
}

// rsignStatus asks each service; exit code 1 if one would not take a request now.
func (c *command) rsignStatus(ctx context.Context) int {
	all, err := c.session.RSign.Status(ctx, c.policy.RSignPortals())
	code := 0
	if err != nil {
		code = fail(c.stdio.err, err, say("Usuń ten plik albo przywróć go tylko sobie i aktywuj rSign jeszcze raz.",
			"Remove the file, or give it back to you alone, and activate rSign again."))
	}
	if len(all) == 0 {
		fmt.Fprintln(c.stdio.out, say("rSign nie jest aktywny na tym komputerze.", "rSign is not active on this computer."))
		return code
	}
	w := tabwriter.NewWriter(c.stdio.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, say("NAZWA\tWAŻNY DO\tAKTYWNY OD\tSTAN\tUSŁUGA\tID", "NAME\tVALID TO\tACTIVE SINCE\tSTATE\tSERVICE\tID"))
	for _, one := range all {
		state := "ok"
		if one.Code != "" {
			state, code = string(one.Code), 1
		}
		cert, err := x509.ParseCertificate(one.Certificate.DER)
		if err != nil {
			continue // the store has only what it could parse
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.16s\n", plain(cert.Subject.CommonName), cert.NotAfter.Format("2006-01-02"),
			one.Since.Local().Format("2006-01-02 15:04"), state, one.Portal, one.Certificate.ID)
	}
	if err := w.Flush(); err != nil {
		return 1
	}
	for _, one := range all {
		if one.Code != "" {
			cause, cure := explain(one.Code)
			fmt.Fprintf(c.stdio.err, "%.16s: %s\n  %s\n", one.Certificate.ID, cause, cure)
		}
	}
	return code
}

// nameOf is the holder's name, for the holder.
func nameOf(b bridge.Certificate) string {
	cert, err := x509.ParseCertificate(b.DER)
	if err != nil {
		return b.ID[:16]
	}
	return plain(cert.Subject.CommonName)
}
