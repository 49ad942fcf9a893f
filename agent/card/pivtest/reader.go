package pivtest

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
)

// What pcscd orders of the card, by the driver: the first byte of a message. The answer is a byte that is 0
// where the card gives none, and the answer proper. Each message is a packet.
const (
	orderPowerUp   = 'U' // answered with the ATR
	orderReset     = 'R' // the same
	orderPowerDown = 'D'
	orderTransmit  = 'T' // with a command APDU
)

// reader is the virtual reader's inside. The driver has the other ends of its sockets.
//
// On moves it says 1 where the card was put in, 0 where it was taken out, and hears how many of these the
// driver has taken: that is said when pcscd waits for the next, so has told its clients.
type reader struct {
	orders, moves *net.UnixConn
	signing       chan struct{}
	group         sync.WaitGroup

	// mu guards the fields that follow.
	mu      sync.Mutex
	applet  *applet
	in      bool
	life    context.Context
	pull    context.CancelFunc // ends life, the card's time in the reader
	told    byte               // moves, modulo 256
	taken   byte
	changed chan struct{} // closed when taken changes
}

// newReader gives the reader and the descriptors for the driver, which the caller closes.
func newReader(a *applet, signing chan struct{}) (r *reader, orders, moves *os.File, err error) {
	r = &reader{applet: a, signing: signing, changed: make(chan struct{})}
	r.life, r.pull = context.WithCancel(context.Background())
	if r.orders, orders, err = socketPair(); err != nil {
		return nil, nil, nil, err
	}
	if r.moves, moves, err = socketPair(); err != nil {
		r.orders.Close()
		orders.Close()
		return nil, nil, nil, err
	}
	r.group.Go(r.serveOrders)
	r.group.Go(r.hearMoves)
	return r, orders, moves, nil
}

func (r *reader) close() error {
	err := errors.Join(r.orders.Close(), r.moves.Close())
	r.mu.Lock()
	r.pull()
	r.mu.Unlock()
	r.group.Wait()
	return err
}

// card is the one that is in, or would be.
func (r *reader) card() *applet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.applet
}

// exchange puts another card in the place of one that is out.
func (r *reader) exchange(a *applet) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.in {
		return errors.New("the card is in the reader")
	}
	r.applet = a
	return nil
}

// move puts the card in or takes it out.
func (r *reader) move(in bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.in == in {
		return errors.New("the card is there already")
	}
	if in {
		r.life, r.pull = context.WithCancel(context.Background())
	} else {
		r.pull()
	}
	r.in = in
	r.told++
	said := byte(0)
	if in {
		said = 1
	}
	r.moves.Write([]byte{said}) // that nobody listens any more, await finds out
	return nil
}

// await waits until pcscd has told its clients of the last move.
func (r *reader) await(ctx context.Context) error {
	for {
		r.mu.Lock()
		known, changed := r.taken == r.told, r.changed
		r.mu.Unlock()
		if known {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hearMoves takes note of what the driver says, until the socket is closed.
func (r *reader) hearMoves() {
	var count [1]byte
	for {
		if _, err := r.moves.Read(count[:]); err != nil {
			return
		}
		r.mu.Lock()
		r.taken = count[0]
		close(r.changed)
		r.changed = make(chan struct{})
		r.mu.Unlock()
	}
}

// serveOrders answers pcscd until the socket is closed.
func (r *reader) serveOrders() {
	buffer := make([]byte, 1<<16)
	for {
		n, err := r.orders.Read(buffer)
		if err != nil || n == 0 {
			return
		}
		if _, err := r.orders.Write(r.obey(buffer[0], buffer[1:n])); err != nil {
			return
		}
	}
}

// obey gives the answer to one order.
func (r *reader) obey(order byte, apdu []byte) []byte {
	none := []byte{0}
	r.mu.Lock()
	in, life, a := r.in, r.life, r.applet
	r.mu.Unlock()
	if !in {
		return none
	}
	var reply []byte
	switch order {
	case orderPowerUp, orderReset:
		a.reset()
		reply = a.atr()
	case orderPowerDown:
		a.reset()
	case orderTransmit:
		reply = a.transmit(life, apdu)
	default:
		return none
	}
	if life.Err() != nil {
		return none
	}
	return append([]byte{1}, reply...)
}
