package issuer

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/link"
)

// RevokeMain is the command line "revoke": it asks the running issuer, as the operator.
func RevokeMain(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("revoke", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("link", "", "the operator's link `directory`")
	url := flags.String("issuer", "https://127.0.0.1:8703", "`URL` of the issuer's internal API")
	reason := flags.Int("reason", 0, "`code` of RFC 5280 5.3.1: 0 unspecified, 1 key compromise, 3 affiliation changed,\n4 superseded, 5 cessation of operation, 9 privilege withdrawn")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *dir == "" || flags.NArg() != 1 {
		fmt.Fprintln(stderr, "usage: odnowa-portal revoke --link DIR [--issuer URL] [--reason N] SERIAL (hexadecimal)")
		return 2
	}
	client, err := link.Config{Dir: *dir}.Client(contract.Peer)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	c := contract.Client{HTTP: client, URL: *url}
	out, err := c.Revoke(ctx, contract.RevocationRequest{Serial: flags.Arg(0), Reason: *reason})
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintf(stdout, "%s revoked since %s, reason %d\n", out.Serial, out.RevokedAt.Format("2006-01-02 15:04:05 UTC"), out.Reason)
	return 0
}
