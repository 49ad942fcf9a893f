// Command odnowa-conformance tries a server against the contract of renewals and says what it does
// wrong; protocol/conformance/README.md is its manual.
//
// It exits with 0 where nothing failed, 1 where something did, and 2 where it could not be tried.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/odnowa/odnowa/protocol/conformance"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("odnowa-conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	config := flags.String("config", "", "configuration `file` (JSON)")
	list := flags.Bool("list", false, "list all checks with their sources, and exit")
	asJSON := flags.Bool("json", false, "write the report as JSON")
	all := flags.Bool("all", false, "name the checks that passed, too")
	only := flags.String("only", "", "play these `scenes` only, separated by commas: "+strings.Join(conformance.Scenes(), ", "))
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *list {
		return exit(conformance.WriteList(stdout), stderr)
	}
	if *config == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "usage: odnowa-conformance --config FILE [--only SCENES] [--json | --all]\n       odnowa-conformance --list")
		return 2
	}
	c, err := conformance.LoadConfig(*config)
	if err != nil {
		return exit(err, stderr)
	}
	report, err := conformance.Run(ctx, c, split(*only)...)
	if err != nil {
		return exit(err, stderr)
	}
	if *asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		err = e.Encode(report)
	} else {
		err = report.Write(stdout, outcomes(*all)...)
	}
	if err == nil && report.Count(conformance.Failed) > 0 {
		return 1
	}
	return exit(err, stderr)
}

func outcomes(all bool) []conformance.Outcome {
	if all {
		return []conformance.Outcome{conformance.Passed, conformance.Skipped, conformance.Failed}
	}
	return []conformance.Outcome{conformance.Skipped, conformance.Failed}
}

func exit(err error, stderr io.Writer) int {
	if err != nil {
		fmt.Fprintln(stderr, "odnowa-conformance:", err)
		return 2
	}
	return 0
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
