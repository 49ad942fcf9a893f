// Package worker runs each PKCS#11 module in a child process of its own, with a deadline for every
// call, because modules are foreign code that hangs, crashes and prints.
//
// [Worker] is the parent's side; [Main] is the child, which the program's main calls when it is
// started as "module-worker PATH". They exchange frames over the child's standard input and output
// (see frame.go). A child that dies or overruns its deadline is killed and its call answered with
// [ErrModuleFailed]; the next call starts another.
//
// The parent trusts nothing that a child says beyond its size: a module that took its process over
// can lie about certificates and signatures, so callers verify both. A PIN travels beside the JSON of
// its frame and is wiped on both sides as soon as it has been used. The package knows no filters and no
// policy; package card does.
package worker

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/odnowa/odnowa/agent/pkcs11"
)

// Role is the argument with which this program is a module's child; the module's path follows.
const Role = "module-worker"

// Errors of a call. Where the module itself answered with an error, that is a [*CallError].
var (
	// ErrModuleFailed: the module could not be loaded, or its process died or overran the deadline.
	ErrModuleFailed = errors.New("module failed")
	// ErrUnknownCertificate: no token in reach has the certificate.
	ErrUnknownCertificate = errors.New("no token has the certificate")
	// ErrNoPrivateKey: the token has the certificate but no private key that belongs to it.
	ErrNoPrivateKey = errors.New("no private key belongs to the certificate")
	// ErrPINRequired: the token wants a PIN, has no pad, and none was given. No try was used.
	ErrPINRequired = errors.New("the token wants a PIN")
	// ErrBusy: another call is under way. Only [Worker.Poll] gives it.
	ErrBusy = errors.New("module is busy")
)

var errClosed = errors.New("worker is closed")

// CallError is a PKCS#11 function's own error.
type CallError struct {
	Function string // such as C_Login
	Code     pkcs11.Error
	// Token is what the token said after a failed login: its flags tell the state of the PIN. Nil
	// when it is not known.
	Token *pkcs11.TokenInfo
}

func (e *CallError) Error() string { return e.Function + ": " + e.Code.Error() }

// Unwrap gives the [pkcs11.Error].
func (e *CallError) Unwrap() error { return e.Code }

// Options of a worker. The zero value is right for the agent.
type Options struct {
	// Command starts the child; the module's path is appended. Default: this very program with
	// the argument "module-worker".
	Command []string
	// Env is appended to the child's environment, "NAME=value" each. Of the parent's environment
	// it gets only what modules need, see passedOn.
	Env []string
	// Stderr gets what the child and its module print; nil discards it. It must never be a log
	// that is kept: modules print what they like, and a crash prints registers.
	Stderr *os.File
	// Deadlines; the defaults are 30 s to list, 60 s to sign, 180 s to sign when the person types
	// the PIN on the reader's pad.
	ListTimeout, SignTimeout, PadTimeout time.Duration
}

// pollHoldOff is how long [Worker.Poll] leaves a failed module alone: a module that crashes must not be
// started every second.
const pollHoldOff = 30 * time.Second

// Worker talks to one module. Its methods may be called from several goroutines; calls run one after
// the other.
type Worker struct {
	path    string
	options Options
	life    context.Context // ends with Close
	end     context.CancelFunc

	// turn holds a token while nobody calls. Its taker owns the fields that follow.
	turn     chan struct{}
	process  *process
	lastID   uint64
	failedAt time.Time
}

// Start makes a worker for the module at path, which must be absolute. The child is started at the
// first call.
func Start(path string, options Options) *Worker {
	setDefault(&options.ListTimeout, 30*time.Second)
	setDefault(&options.SignTimeout, 60*time.Second)
	setDefault(&options.PadTimeout, 180*time.Second)
	w := &Worker{path: path, options: options, turn: make(chan struct{}, 1)}
	w.life, w.end = context.WithCancel(context.Background())
	w.turn <- struct{}{}
	return w
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Refresh says when the child makes its module look anew, by C_Finalize and C_Initialize. Modules such
// as SoftHSM see new tokens, or that one is gone, only then.
type Refresh string

// The ways to refresh.
const (
	RefreshNever  Refresh = ""       // take what the module says
	RefreshEmpty  Refresh = "empty"  // once more when there is no token, or an error
	RefreshAlways Refresh = "always" // before asking
)

// List gives all slots, with the certificates on their tokens. No PIN is needed.
func (w *Worker) List(ctx context.Context, refresh Refresh) ([]Slot, error) {
	return w.slots(ctx, request{Operation: opList, Refresh: refresh})
}

// Status gives all slots without certificates, which is quick.
func (w *Worker) Status(ctx context.Context, refresh Refresh) ([]Slot, error) {
	return w.slots(ctx, request{Operation: opStatus, Refresh: refresh})
}

// Poll is Status for those who ask every second: it waits for nobody ([ErrBusy]) and leaves a module
// that failed lately alone ([ErrModuleFailed]).
func (w *Worker) Poll(ctx context.Context, refresh Refresh) ([]Slot, error) {
	select {
	case <-w.turn:
		failed := !w.failedAt.IsZero() && time.Since(w.failedAt) < pollHoldOff
		w.turn <- struct{}{}
		if failed {
			return nil, ErrModuleFailed
		}
	default:
		return nil, ErrBusy
	}
	return w.Status(ctx, refresh)
}

func (w *Worker) slots(ctx context.Context, q request) ([]Slot, error) {
	r, err := w.call(ctx, q, nil, w.options.ListTimeout, false)
	if err != nil {
		return nil, err
	}
	return r.Slots, nil
}

// Find looks for the token that has the certificate with this SHA-256.
func (w *Worker) Find(ctx context.Context, certificate [32]byte) (Found, error) {
	r, err := w.call(ctx, request{Operation: opFind, Certificate: certificate[:]}, nil, w.options.ListTimeout, false)
	if err != nil {
		return Found{}, err
	}
	if r.Found == nil {
		return Found{}, fmt.Errorf("%w: empty answer", ErrModuleFailed)
	}
	return *r.Found, nil
}

// SignRequest asks for one signature.
type SignRequest struct {
	// Certificate is the SHA-256 of the DER of the certificate whose key signs.
	Certificate [32]byte
	Scheme      pkcs11.Scheme
	Hash        crypto.Hash // SHA-256, SHA-384 or SHA-512
	// Message is what gets hashed and signed, 32 KiB at most. It goes to the child whole, as some tokens hash
	// by themselves.
	Message []byte
	// PIN is nil for a token with a pad or without login. The caller wipes it after Sign.
	PIN []byte
	// Pad tells that the person types the PIN on the reader, which takes longer.
	Pad bool
}

// Sign logs in, signs and logs out. The PIN is presented once (and once more to a key that asks for
// it at each signature, after the token has found it right). When ctx ends before the signature is
// there, the child is killed, so that nothing gets signed behind a cancellation. The signature of
// ECDSA is r||s.
func (w *Worker) Sign(ctx context.Context, q SignRequest) ([]byte, error) {
	timeout := w.options.SignTimeout
	if q.Pad {
		timeout = w.options.PadTimeout
	}
	r, err := w.call(ctx, request{
		Operation:   opSign,
		Certificate: q.Certificate[:],
		Scheme:      q.Scheme,
		Hash:        uint(q.Hash),
		Message:     q.Message,
	}, q.PIN, timeout, true)
	if err != nil {
		return nil, err
	}
	return r.Signature, nil
}

// Close ends the child; a call under way fails, and so do later ones.
func (w *Worker) Close() error {
	w.end()
	<-w.turn
	w.drop()
	w.turn <- struct{}{}
	return nil
}

// call runs one exchange with the child. When ctx ends first, an interruptible exchange is ended by
// killing the child; another is left to finish in its own time, as its card is just being read, and
// the caller gets ctx's error at once.
func (w *Worker) call(ctx context.Context, q request, secret []byte, timeout time.Duration, interruptible bool) (*response, error) {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	exchange := func(ctx context.Context) (*response, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		defer func() { w.turn <- struct{}{} }()
		return w.exchange(ctx, q, secret)
	}
	if interruptible { // the exchange uses the caller's secret: wait until it has let go of it
		r, err := exchange(ctx)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return r, err
	}
	type outcome struct {
		response *response
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := exchange(context.WithoutCancel(ctx))
		done <- outcome{r, err}
	}()
	select {
	case o := <-done:
		return o.response, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// exchange sends q to the child and waits for its answer. The caller has the turn.
func (w *Worker) exchange(ctx context.Context, q request, secret []byte) (*response, error) {
	if w.life.Err() != nil {
		return nil, w.failed(errClosed)
	}
	if w.process == nil || w.process.dead() {
		w.drop()
		p, err := startProcess(w.path, w.options)
		if err != nil {
			return nil, w.failed(err)
		}
		w.process = p
	}
	w.lastID++
	q.ID = w.lastID
	p := w.process
	inTime, open := context.AfterFunc(ctx, p.kill), context.AfterFunc(w.life, p.kill)
	r, err := p.roundTrip(q, secret)
	switch late, closed := !inTime(), !open(); {
	case late:
		return nil, w.failed(ctx.Err())
	case closed:
		return nil, w.failed(errClosed)
	case err != nil:
		return nil, w.failed(err)
	}
	w.failedAt = time.Time{}
	if r.Failure == nil {
		return r, nil
	}
	if err := r.Failure.err(); errors.Is(err, ErrModuleFailed) {
		return nil, w.failed(err) // not loaded: start afresh, the software may be mended by then
	} else {
		return nil, err
	}
}

// failed drops the child and makes err an ErrModuleFailed.
func (w *Worker) failed(err error) error {
	w.drop()
	w.failedAt = time.Now()
	if errors.Is(err, ErrModuleFailed) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrModuleFailed, err)
}

func (w *Worker) drop() {
	if w.process != nil {
		w.process.kill()
		w.process = nil
	}
}
