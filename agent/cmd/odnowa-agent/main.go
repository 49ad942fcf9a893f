// Command odnowa-agent lets websites of certificate authorities have documents signed with a
// person's card, through the browser extension and under the person's eyes. One binary plays every
// process of the agent; roles.go says which arguments start which.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker at a release.
var version = "0.1.0-dev"

// stdio is the process's own streams; the module worker needs them as files.
type stdio struct{ in, out, err *os.File }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run plays the role that the arguments name and gives the exit code: 0 well, 1 failed, 2 wrong
// arguments.
func run(ctx context.Context, args []string, s stdio) int {
	role := find(args)
	if role == nil {
		return withoutRole(args, s)
	}
	return role(ctx, args, s)
}
