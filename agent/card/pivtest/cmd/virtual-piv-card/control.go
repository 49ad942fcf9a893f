package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/odnowa/odnowa/agent/card/pivtest"
)

// orders are the lines on standard input. Each is answered with one line, which is said when the order has
// been carried out: the words below, or "error: " and why not. Unasked, "signing" is said when the card
// begins with a signature.
var orders = map[string]func(card *pivtest.Card, args []string) (said string, err error){
	// Put the card in, take it out: PC/SC knows by then.
	"insert": func(c *pivtest.Card, _ []string) (string, error) { return "inserted", c.Insert() },
	"remove": func(c *pivtest.Card, _ []string) (string, error) { return "removed", c.Remove() },

	// exchange CERTIFICATE KEY: another card, when this one is out, with these PEM files in slot 9C. Its PIN is
	// the usual one, and slot 9A holds a test person's certificate. Without files: a card that is no PIV card.
	"exchange": func(c *pivtest.Card, args []string) (string, error) {
		signature, err := identity{arg(args, 0, ""), arg(args, 1, "")}.load()
		if err != nil {
			return "", err
		}
		return "exchanged", c.Exchange(pivtest.Options{Signature: signature, Foreign: signature == nil})
	},

	// How many tries are left for the PIN: "tries 3".
	"tries": func(c *pivtest.Card, _ []string) (string, error) { return fmt.Sprint("tries ", c.Tries()), nil },

	// pin 123456: give the card this PIN, with all tries.
	"pin": func(c *pivtest.Card, args []string) (string, error) { return "set", c.SetPIN(arg(args, 0, "")) },

	// fail 6f00 2: answer the next two signatures (one without a number) with this status word.
	"fail": func(c *pivtest.Card, args []string) (string, error) {
		status, err := strconv.ParseUint(arg(args, 0, ""), 16, 16)
		times, e := strconv.Atoi(arg(args, 1, "1"))
		if err = errors.Join(err, e); err == nil {
			c.FailNext(uint16(status), times)
		}
		return "set", err
	},

	// delay 20s: take this much longer for each signature.
	"delay": func(c *pivtest.Card, args []string) (string, error) {
		d, err := time.ParseDuration(arg(args, 0, ""))
		if err == nil {
			c.Delay(d)
		}
		return "set", err
	},
}

// arg is an argument, or else what it is by default.
func arg(args []string, i int, otherwise string) string {
	if i < len(args) {
		return args[i]
	}
	return otherwise
}

// obey carries out orders until there are no more, or ctx ends.
func obey(ctx context.Context, card *pivtest.Card, in io.Reader, out io.Writer) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fmt.Fprintln(out, "listening", card.Socket())
	lines := make(chan string)
	go func() {
		defer cancel()
		scanner := bufio.NewScanner(in)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-card.Signing():
			fmt.Fprintln(out, "signing")
		case line := <-lines:
			fmt.Fprintln(out, carryOut(card, line))
		case <-ctx.Done():
			return
		}
	}
}

// carryOut gives the answer to an order.
func carryOut(card *pivtest.Card, line string) string {
	words := strings.Fields(line)
	order, known := orders[arg(words, 0, "")]
	if !known {
		return "error: no such order"
	}
	said, err := order(card, words[1:])
	if err != nil {
		return "error: " + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return said
}
