// Command virtual-piv-card is package pivtest's card as a process, for tests that are not written in Go.
//
// It says "listening PATH" when its PC/SC service is there: who is to see the card gets
// PCSCLITE_CSOCK_NAME=PATH in the environment. Then it obeys orders on standard input, a line each, which
// control.go lists, and ends with its input or at SIGTERM.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/odnowa/odnowa/agent/card/pivtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run gives the exit code: 0 well, 1 failed, 2 wrong arguments.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	options, err := parse(args, stderr)
	if err != nil {
		return 2
	}
	card, err := pivtest.New(options)
	if err != nil {
		fmt.Fprintln(stderr, "virtual-piv-card:", err)
		return 1
	}
	defer card.Close()
	obey(ctx, card, stdin, stdout)
	return 0
}

// identity is a pair of flags.
type identity struct{ certificate, key string }

func (i identity) load() (*pivtest.Identity, error) {
	if i == (identity{}) {
		return nil, nil // a test person's
	}
	return pivtest.LoadIdentity(i.certificate, i.key)
}

func parse(args []string, stderr io.Writer) (o pivtest.Options, err error) {
	flags := flag.NewFlagSet("virtual-piv-card", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var signature, authentication identity
	flags.StringVar(&signature.certificate, "signature-certificate", "", "PEM `file` of the certificate in slot 9C")
	flags.StringVar(&signature.key, "signature-key", "", "PEM `file` of its key")
	flags.StringVar(&authentication.certificate, "authentication-certificate", "", "PEM `file` of the certificate in slot 9A")
	flags.StringVar(&authentication.key, "authentication-key", "", "PEM `file` of its key")
	flags.StringVar(&o.PIN, "pin", pivtest.PIN, "the card's PIN, 6 to 8 digits")
	flags.IntVar(&o.Tries, "tries", pivtest.Tries, "tries for the PIN, 15 at most")
	flags.BoolVar(&o.Foreign, "foreign", false, "be a card that is no PIV card")
	flags.BoolVar(&o.NoReader, "no-reader", false, "run PC/SC without any reader")
	flags.StringVar(&o.Socket, "socket", "", "`path` to listen at, in a temporary folder by default")
	if err = flags.Parse(args); err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
		fmt.Fprintln(stderr, err)
	}
	if err != nil {
		return o, err
	}
	if o.Signature, err = signature.load(); err == nil {
		o.Authentication, err = authentication.load()
	}
	if err != nil {
		fmt.Fprintln(stderr, "virtual-piv-card:", err)
	}
	return o, err
}
