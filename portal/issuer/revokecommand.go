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

// RevokeMain is the command line "revoke": it asks the running issuer, as the operator, and then the SAM, so
// that the key in the cloud is destroyed. A certificate on a card has none there, which is no error.
func RevokeMain(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("revoke", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("link", "", "the operator's link `directory`")
	url := flags.String("issuer", "https://127.0.0.1:8703", "`URL` of the issuer's internal API")
	samURL := flags.String("sam", "", "`URL` of the SAM's internal API; without it a key in the cloud stays")
	reason := flags.Int("reason", 0, "`code` of RFC 5280 5.3.1: 0 unspecified, 1 key compromise, 3 affiliation changed,\n4 superseded, 5 cessation of operation, 9 privilege withdrawn")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *dir == "" || flags.NArg() != 1 {
		fmt.Fprintln(stderr, "usage: odnowa-portal revoke --link DIR [--issuer URL] [--sam URL] [--reason N] SERIAL (hexadecimal)")
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
	if *samURL == "" {
		fmt.Fprintln(stdout, "a key in the cloud is not destroyed: for that, run the command again with --sam URL")
		return 0
	}
	said, err := destroyKey(ctx, link.Config{Dir: *dir}, *samURL, out.Serial)
	if err != nil {
		fmt.Fprintf(stderr, "%v\nThe certificate is revoked, and its key in the cloud is not destroyed yet. Run the command again.\n", err)
		return 1
	}
	fmt.Fprintln(stdout, said)
	return 0
}

// samPeer is the SAM's name in link certificates.
const samPeer = "sam"

// destroyKey tells the SAM of a revocation.
func destroyKey(ctx context.Context, c link.Config, url, serial string) (said string, err error) {
	client, err := c.Client(samPeer)
	if err != nil {
		return "", err
	}
	var p *link.Problem
	err = link.Do(ctx, client, "POST", url+"/v1/revocations", map[string]string{"serial": serial}, nil)
	if errors.As(err, &p) && p.Code == "not_found" {
		return "there is no key of it in the cloud", nil
	}
	return "its key in the cloud is destroyed", err
}
