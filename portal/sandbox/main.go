package sandbox

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
)

// Main is the command line "sandbox create".
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sandbox create", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o Options
	flags.StringVar(&o.Dir, "dir", "", "`directory` to make")
	flags.IntVar(&o.BasePort, "base-port", 8700, "the portal's `port`; the four after it are taken too")
	flags.IntVar(&o.AgentPort, "agent-port", 22701, "`port` of the agent's WebSocket")
	flags.StringVar(&o.PhoneApp, "phone-app", "portal/phone/dist", "`directory` of the built phone app")
	flags.StringVar(&o.SDK, "sdk", "extension/dist/sdk", "`directory` of the built SDK, which the portal's page loads")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if o.Dir == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "usage: odnowa-portal sandbox create --dir DIR")
		return 2
	}
	s, err := create(ctx, o)
	if err != nil {
		fmt.Fprintln(stderr, err)
		if errors.Is(err, ErrNotEmpty) {
			fmt.Fprintln(stderr, "Choose a directory that is empty or does not exist.")
		}
		return 1
	}
	fmt.Fprintln(stdout, filepath.Join(s.Dir, "sandbox.json"))
	return 0
}

func create(ctx context.Context, o Options) (*Sandbox, error) {
	var err error
	for _, dir := range []*string{&o.PhoneApp, &o.SDK} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return nil, err
		}
	}
	return Create(ctx, o)
}
