// Command odnowa-portal is the certificate authority's side: the portal, the issuer and the SAM, each
// a process of its own, and the commands that go with them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run finds the command whose words the arguments begin with.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	for _, c := range commands {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == c.name {
			return c.run(ctx, args[len(words):], stdout, stderr)
		}
	}
	switch {
	case len(args) == 0:
		usage(stderr)
	case args[0] == "help" || args[0] == "--help" || args[0] == "-h":
		usage(stdout)
		return 0
	default:
		fmt.Fprintf(stderr, "odnowa-portal: no such command: %q\n\n", args[0]) // the rest may be a code
		usage(stderr)
	}
	return 2
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: odnowa-portal COMMAND [--help]")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-19s %s\n", c.name, c.help)
	}
}
