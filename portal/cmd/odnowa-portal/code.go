package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/odnowa/odnowa/portal/renewal"
	"github.com/odnowa/odnowa/portal/web"
)

// createCode is the command line "code create": it sells a renewal and prints the code, which cannot
// be shown again.
func createCode(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("code create", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o renewal.Offer
	var c renewal.Contract
	config := flags.String("config", "", "the portal's configuration `file`")
	flags.IntVar(&o.Months, "months", 24, "12, 24 or 36")
	flags.StringVar(&o.Target, "target", renewal.TargetCloud, "cloud or card")
	flags.StringVar(&c.With, "contract-with", "", "who has the contract that the application rests on, if any")
	flags.StringVar(&c.About, "contract-about", "", "what that contract is about")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *config == "" || flags.NArg() > 0 || c.With == "" && c.About != "" {
		fmt.Fprintln(stderr, "usage: odnowa-portal code create --config FILE [--months N] [--contract-with NAME [--contract-about TEXT]]")
		return 2
	}
	if c.With != "" {
		o.Contract = &c
	}
	code, err := sell(ctx, *config, o)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintln(stdout, code)
	return 0
}

func sell(ctx context.Context, config string, o renewal.Offer) (string, error) {
	c, err := web.LoadConfig(config)
	if err != nil {
		return "", err
	}
	store, err := renewal.OpenStore(ctx, c.Database, c.CodeKey)
	if err != nil {
		return "", err
	}
	code, err := store.CreateCode(ctx, o)
	return code, errors.Join(err, store.Close())
}
