// Package pivtest is a PIV card made of software, in a reader made of software, that OpenSC takes for
// real: for what SoftHSM cannot show, which is wrong PINs that are counted, a card pulled out, a slow card
// and one that fails, a key that wants the PIN for each signature.
//
// The card (applet.go) speaks what of NIST SP 800-73-4 a signature needs. Its reader is a driver
// (testdata/driver.c) in a pcscd of its own that disturbs no other (pcscd.go). Who is to see the card gets
// [Card.Env] in the environment. The card keeps no secrets and checks only what a test would notice.
//
// It needs the Debian packages pcscd, gcc and libc6-dev, and opensc-pkcs11 for the module; what is missing
// is named in the error. It runs on Linux, as root or as an ordinary user.
package pivtest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// PIN of a card that is told no other.
const PIN = "271828"

// Tries that a card gives for its PIN unless told otherwise.
const Tries = 3

// ReaderName is what PC/SC calls the reader.
const ReaderName = friendlyName + " 00 00"

// SecondReaderName is that of [StartPair]'s second.
const SecondReaderName = friendlyName + " 01 00"

// Options of a card. The zero value is a card with made-up certificates.
type Options struct {
	// Authentication is in slot 9A, Signature in slot 9C, where every signature wants the PIN anew
	// (SP 800-73-4 part 1 section 3.3). Nil gives those of a test person.
	Authentication, Signature *Identity
	// PIN of 6 to 8 bytes, and how often a wrong one is borne, 15 times at most; 0 is Tries.
	PIN   string
	Tries int
	// Foreign makes it a card that answers, but not as a PIV card does.
	Foreign bool
	// NoReader leaves out the reader: pcscd runs and knows none, so that no card can be put in.
	NoReader bool
	// Socket is the path where pcscd listens; by default in a temporary directory. A short one: 107
	// bytes at most.
	Socket string
}

// Card is one card with its reader and the pcscd that drives it. Its methods may be called from several
// goroutines, but Insert and Remove from one at a time. The PIN's counter stays when the card is out.
type Card struct {
	reader *reader
	daemon *daemon
}

// Start makes a card for a test and puts it in. It is gone when the test ends.
func Start(t testing.TB) *Card { return StartWith(t, Options{}) }

// StartWith is Start with options.
func StartWith(t testing.TB, o Options) *Card {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatalf("pivtest: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Insert(); err != nil {
		t.Fatalf("pivtest: %v", err)
	}
	return c
}

// StartPair makes two cards in two readers of one pcscd, which numbers them ([ReaderName], [SecondReaderName]), for a
// test that restarts neither. Of what the options say of pcscd, the first's holds.
func StartPair(t testing.TB, first, second Options) (*Card, *Card) {
	t.Helper()
	cards, err := pair(first, second)
	if err != nil {
		t.Fatalf("pivtest: %v", err)
	}
	for _, c := range cards {
		t.Cleanup(func() { c.Close() })
	}
	for _, c := range cards {
		if err := c.Insert(); err != nil {
			t.Fatalf("pivtest: %v", err)
		}
	}
	return cards[0], cards[1]
}

func pair(first, second Options) ([]*Card, error) {
	cards := []*Card{{}, {}}
	var ends []*os.File
	defer func() {
		for _, end := range ends {
			end.Close()
		}
	}()
	for i, o := range []Options{first, second} {
		signing := make(chan struct{}, 1)
		a, err := newApplet(o, signing)
		if err != nil {
			return nil, err
		}
		r, orders, moves, err := newReader(a, signing)
		if err != nil {
			return nil, fmt.Errorf("making reader: %w", err)
		}
		cards[i].reader = r
		ends = append(ends, orders, moves)
	}
	d, err := startDaemon(first, ends...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting pcscd: %w", err), cards[0].reader.close(), cards[1].reader.close())
	}
	cards[0].daemon, cards[1].daemon = d, d
	return cards, nil
}

// New starts reader and pcscd. The card is not yet in. The caller closes it.
func New(o Options) (*Card, error) {
	signing := make(chan struct{}, 1)
	a, err := newApplet(o, signing)
	if err != nil {
		return nil, err
	}
	return start(o, a, signing)
}

// start starts reader and pcscd for a card.
func start(o Options, a *applet, signing chan struct{}) (*Card, error) {
	r, orders, moves, err := newReader(a, signing)
	if err != nil {
		return nil, fmt.Errorf("making reader: %w", err)
	}
	defer orders.Close()
	defer moves.Close()
	d, err := startDaemon(o, orders, moves)
	if err != nil {
		r.close()
		return nil, fmt.Errorf("starting pcscd: %w", err)
	}
	return &Card{r, d}, nil
}

// Close ends pcscd and the reader.
func (c *Card) Close() error { return errors.Join(c.daemon.stop(), c.reader.close()) }

// Restart ends pcscd and starts another, with the same card in the reader, and returns when that has told its clients.
// It is for a card with Options.Socket, in a test that does nothing else with the card meanwhile.
func (c *Card) Restart() error {
	if c.daemon.dir != "" {
		return errors.New("a card whose pcscd is to be restarted wants Options.Socket")
	}
	if err := c.Close(); err != nil {
		return err
	}
	again, err := start(Options{Socket: c.daemon.socket}, c.reader.card(), c.reader.signing)
	if err != nil {
		return err
	}
	*c = *again
	return c.Insert()
}

// noticed is how long pcscd may take to see what is in the reader. It takes milliseconds.
const noticed = 20 * time.Second

// Insert puts the card in and returns when pcscd has told its clients.
func (c *Card) Insert() error {
	if err := c.reader.move(true); err != nil {
		return err
	}
	return c.await("the card put in")
}

// Remove takes the card out, during whatever it does, and returns when pcscd has told its clients.
func (c *Card) Remove() error {
	if err := c.reader.move(false); err != nil {
		return err
	}
	return c.await("the card taken out")
}

// Exchange puts another card in the place of this one, which must be out. Options.Socket has no meaning here.
func (c *Card) Exchange(o Options) error {
	a, err := newApplet(o, c.reader.signing)
	if err != nil {
		return err
	}
	return c.reader.exchange(a)
}

func (c *Card) await(what string) error {
	ctx, cancel := context.WithTimeout(context.Background(), noticed)
	defer cancel()
	exited := c.daemon.exited // Restart puts another daemon in its place
	go func() {
		select {
		case <-exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := c.reader.await(ctx); err != nil {
		return fmt.Errorf("pcscd does not see %s; it says:\n%s", what, c.daemon.log.String())
	}
	return nil
}

// Tries that are left for the PIN.
func (c *Card) Tries() int {
	a := c.reader.card()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.left
}

// SetPIN gives the card another PIN, or the same, with all tries, as the PUK would.
func (c *Card) SetPIN(pin string) error {
	a := c.reader.card()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.setPINLocked(pin)
}

// FailNext makes the card answer the next signatures with a status word, such as 0x6F00. OpenSC 0.23 tries a
// second time by itself, so that in slot 9A two are needed for a failure that a person sees. In slot 9C the
// PIN is used up by then: one is enough, and what OpenSC tells of is the PIN that it lacks.
func (c *Card) FailNext(status uint16, times int) {
	a := c.reader.card()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failure, a.failures = status, times
}

// Forget makes the card forget the PIN before each of the next signatures, as a card does that another program resets.
func (c *Card) Forget(times int) {
	a := c.reader.card()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget = times
}

// Delay makes each signature take this much longer.
func (c *Card) Delay(d time.Duration) {
	a := c.reader.card()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.delay = d
}

// Signing gets something whenever the card is asked for a signature, before it answers, unless the last one
// has not been taken out yet.
func (c *Card) Signing() <-chan struct{} { return c.reader.signing }

// Certificates are those in slots 9A and 9C.
func (c *Card) Certificates() (authentication, signature *x509.Certificate) {
	slots := c.reader.card().slots
	return slots[slotAuthentication].Certificate, slots[slotSignature].Certificate
}

// Socket is where pcscd listens.
func (c *Card) Socket() string { return c.daemon.socket }

// Env is what processes that are to see the card need in their environment, "NAME=value" each. PC/SC is
// then this card's reader for them, and no other.
func (c *Card) Env() []string { return []string{"PCSCLITE_CSOCK_NAME=" + c.Socket()} }

// OpenSC gives the path of OpenSC's PKCS#11 module.
func OpenSC() (string, error) {
	return installed("opensc-pkcs11", "/usr/lib/*/opensc-pkcs11.so", "/usr/lib*/opensc-pkcs11.so", "/usr/lib*/pkcs11/opensc-pkcs11.so")
}

// installed finds the file of a Debian package, which other systems have elsewhere.
func installed(pkg string, patterns ...string) (string, error) {
	for _, p := range patterns {
		if found, err := filepath.Glob(p); err == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("%s is missing: apt-get install %s", filepath.Base(patterns[0]), pkg)
}
