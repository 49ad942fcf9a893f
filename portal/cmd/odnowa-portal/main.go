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
	fmt.Fprintln(stderr, "usage: odnowa-portal COMMAND [--help]")
	for _, c := range commands {
		fmt.Fprintf(stderr, "  %-19s %s\n", c.name, c.help)
	}
	return 2
}
